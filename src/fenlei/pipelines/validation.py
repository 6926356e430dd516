"""Pictures to choose by: those of the validation part, which a model has neither learned from nor is judged by."""

from __future__ import annotations

from fenlei.datasets.found import Part
from fenlei.datasets.version_content import VersionEntry
from fenlei.modelfile import ModelFile
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.pictures import content, drawn
from fenlei.pipelines.reference import Split

REMEDY = "Let `data.split` put some there (`validation`, such as 0.1), and train on what comes of it."


def training_entries(ctx: NodeContext, split: Split) -> list[VersionEntry]:
    """The pictures that are learned from, in an order that chance decides."""
    found = content(ctx, split)
    return [each for each in drawn(found, 0) if each.split == Part.TRAIN and each.label is not None]


def unseen_by(ctx: NodeContext, split: Split, file: ModelFile) -> list[VersionEntry]:
    """The pictures of the validation part that a model has not learned from, as far as its file tells; none where that
    part is the one that judges."""
    from fenlei.training.picture_list import DIGITS, learned_digests

    if Part.TEST not in split.parts:
        return []
    learned = learned_digests(file)
    held = [each for each in content(ctx, split).entries if each.split == Part.VALIDATION]
    return [each for each in held if each.sha256[:DIGITS] not in learned]


def to_choose_by(ctx: NodeContext, split: Split, file: ModelFile, purpose: str, fewest: int) -> list[VersionEntry]:
    """The same, where there must be some.

    Args:
        ctx: of the node.
        split: whose pictures.
        file: the model.
        purpose: what they are for, ending a sentence that begins "There is no validation part to …".
        fewest: below which nothing can be chosen.

    Raises:
        PipelineError: there are none, or too few.
    """
    if Part.VALIDATION not in split.parts or Part.TEST not in split.parts:
        raise PipelineError(f"There is no validation part to {purpose} by. {REMEDY}")
    found = unseen_by(ctx, split, file)
    if len(found) < fewest:
        there = split.parts[Part.VALIDATION]
        raise PipelineError(
            f"The validation part has {there} pictures, and the model has learned from {there - len(found)} of them; "
            f"at least {fewest} others are needed to {purpose} by. {REMEDY}"
        )
    return found
