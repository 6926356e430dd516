"""Which class an answer names: the one with the largest score, unless a deployment asked for more."""

from __future__ import annotations

from collections.abc import Sequence

from fenlei.contract import WireOptions
from fenlei.modelfile import Decision


def choose_class(
    labels: Sequence[str],
    scores: Sequence[float],
    options: WireOptions,
    *,
    unknown: bool = False,
    decision: Decision | None = None,
) -> int:
    """The number of the class that an answer names.

    Without options the class with the largest score. Where `options.unknown_as` names a class of the model, it is the
    answer to pictures of nothing known, and, with `options.decide`, to those of which no score is enough for its
    threshold; where no class is named, the latter are answered with the largest score.

    Args:
        labels: class names.
        scores: one per class, not rounded.
        options: of the deployment.
        unknown: whether the picture is one of nothing known.
        decision: thresholds of the model.
    """
    named = labels.index(options.unknown_as) if options.unknown_as in labels else None
    if unknown and named is not None:
        return named
    best = max(range(len(scores)), key=scores.__getitem__)
    if not options.decide or decision is None:
        return best
    enough = decision.choose(scores)
    if enough is not None:
        return enough
    return best if named is None else named


def lacking(labels: Sequence[str], options: WireOptions, *, has_rule: bool, has_thresholds: bool) -> str | None:
    """The sentence that says why a model cannot answer with these options; None where it can.

    Args:
        labels: class names.
        options: that were asked for.
        has_rule: whether the model has a rule for unknown pictures.
        has_thresholds: whether it has thresholds.
    """
    if options.decide and not has_thresholds:
        return "It has no thresholds to decide by; train it with `--precision` or `--cost`, or leave deciding off."
    if options.unknown_as is None:
        return None
    if options.unknown_as not in labels:
        some = ", ".join(labels[:10]) + (", …" if len(labels) > 10 else "")
        return (
            f"It has no class {options.unknown_as!r} to answer unknown pictures with; its classes are {some}. Name one "
            "of them, or train with such a class."
        )
    if not has_rule and not options.decide:
        return (
            f"It has no rule for unknown pictures, so nothing would be answered with {options.unknown_as!r}; train it "
            "again."
        )
    return None
