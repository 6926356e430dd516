"""Make a model again: the same pictures, the same networks, and the candidate that won, without the search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fenlei.backbones import Backbone, BackboneError, open_backbone
from fenlei.modelfile import ModelFile
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED, VOTE, Candidate
from fenlei.training.curve import LearningCurve
from fenlei.training.earlier import Earlier, read_earlier
from fenlei.training.errors import TrainingError
from fenlei.training.finetune.tuner import Tuner
from fenlei.training.formula import Formula, Ingredient
from fenlei.training.ingredients import found_here
from fenlei.training.journal import Journal
from fenlei.training.judging import judge_candidate
from fenlei.training.picture_list import FILE, Listed, difference, read_list
from fenlei.training.plan import Plan
from fenlei.training.progress import Watch
from fenlei.training.report import CandidateResult, from_json
from fenlei.training.since import Since
from fenlei.training.task import Task
from fenlei.training.view import View
from fenlei.training.vote import judge_vote
from fenlei.training.workshop import Workshop


@dataclass(frozen=True)
class Again:
    """A model that is to be made once more.

    Attributes:
        model: as it is.
        formula: what it says of how it was made.
    """

    model: ModelFile
    formula: Formula

    @property
    def plan(self) -> Plan:
        """The view that pictures are looked at by first."""
        return Plan((self.formula.look,), ())

    @property
    def earlier(self) -> Earlier:
        """Its own pictures, each in the part where it was."""
        return read_earlier(self.model)

    @property
    def since(self) -> Since | None:
        """What the old report says of a still older model; the new one says it again."""
        return from_json(self.model.report["report.json"]).since

    @property
    def results(self) -> list[CandidateResult]:
        """What the search found that is not made again; the new report tells of it as the old one does."""
        return from_json(self.model.report["report.json"]).candidates

    @property
    def curve(self) -> LearningCurve | None:
        """What more pictures would bring, likewise."""
        return from_json(self.model.report["report.json"]).learning_curve

    @property
    def spoiled(self) -> str | None:
        """What went wrong when a network was to learn from the test part too; None where nothing did."""
        said = from_json(self.model.report["report.json"]).recipe.spoiled
        return None if said is msgspec.UNSET else said

    def equip(self, workshop: Workshop) -> None:
        """Have the networks ready that the model was made with.

        Raises:
            TrainingError: one cannot be had, or is another one here.
        """
        for needed in self.formula.ingredients:
            found = self._find(needed, workshop.cache)
            named = msgspec.structs.replace(found, id=needed.id)
            workshop.provide(View((needed.name,), needed.size, self.formula.look.policy), named)

    def check_pictures(self, pictures: Sequence[Listed], digest: str) -> None:
        """Hold pictures, as they were divided here, against those that the model came of.

        Raises:
            TrainingError: they are others; the sentence names some that differ.
        """
        if digest == self.model.manifest.dataset_digest:
            return
        try:
            before = read_list(self.model.report[FILE])
        except (KeyError, ValueError):
            before = []
        what = difference(before, pictures) if before else f"their digest is {digest[:12]}"
        raise TrainingError(
            f"These are not the pictures that the model was made of: {what or 'they are divided otherwise'}. "
            "It can be made again from the same pictures only; `fenlei train` learns from others."
        )

    def judge(self, task: Task, workshop: Workshop, watch: Watch, journal: Journal, tuner: Tuner) -> Entry:
        """Judge the candidate that won, by the same folds as then."""

        def judged(candidate: Candidate) -> Entry:
            found = judge_candidate(candidate, task, workshop, watch, None, None)
            journal.add(candidate, found, 0.0)
            return Entry(candidate, found)

        candidate = self.formula.candidate
        members = [judged(member).judged for member in candidate.members]
        if candidate.kind == TUNED:
            found = tuner.judge(candidate)
            tuner.tidy(candidate)
            return Entry(candidate, found)
        if candidate.kind != VOTE:
            return judged(candidate)
        return Entry(candidate, judge_vote(members, candidate.shares, task.truth))

    def _find(self, needed: Ingredient, cache: Path) -> Backbone:
        found = found_here(needed, self.model, cache)
        if found is not None:
            return found
        try:
            found = open_backbone(needed.name, size=needed.size, cache=cache)
        except BackboneError as exc:
            raise TrainingError(
                f"The model was made with the backbone {needed.id} at {needed.side} pixels ({needed.digest[:12]}), "
                f"which cannot be had here: {exc}"
            ) from exc
        if found.digest != needed.digest:
            raise TrainingError(
                f"The model was made with the backbone {needed.id} at {needed.side} pixels of the digest "
                f"{needed.digest[:12]}; here it is {found.digest[:12]}, exported by other versions of its libraries. "
                "Make it again in the workspace that it came of, or with those versions."
            )
        return found
