"""Which networks may be tuned, from which heads, and in which order that should be tried."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from fenlei.backbones import BackboneError, load_backbone
from fenlei.training.board import Entry
from fenlei.training.candidate import Candidate
from fenlei.training.finetune.choice import (
    LAST_STAGES,
    MOST_STARTS,
    candidates_for,
    heads_to_begin_with,
    may_mirror,
)
from fenlei.training.finetune.device import kind_of_device
from fenlei.training.finetune.stages import staged
from fenlei.training.task import Task
from fenlei.training.view import View
from fenlei.training.workshop import Workshop


class Able(NamedTuple):
    """Whether the network of a view can be trained.

    Attributes:
        why_not: the sentence that says why it cannot; None where it can.
        cuttable: whether it can be cut below its last stages.
    """

    why_not: str | None
    cuttable: bool


class Proposer:
    """For one search.

    Args:
        task: the training part.
        workshop: where networks are.
        inherited: what an earlier model was tuned by; it is proposed before anything else, as soon as its head was
            judged, and what is wrong with it its own line says.
    """

    def __init__(self, task: Task, workshop: Workshop, inherited: Candidate | None = None) -> None:
        self._task, self._workshop, self._inherited = task, workshop, inherited
        self._able: dict[View, Able] = {}

    def propose(self, judged: Sequence[Entry]) -> tuple[list[Candidate], str]:
        """What to try, as far as there is time.

        Args:
            judged: what was judged so far.

        Returns:
            Candidates, the one that should bring most first; where there are none, a sentence that says why.
        """
        why = "No linear head on a single backbone was judged."
        found: list[list[Candidate]] = []
        for start in self._starts(judged):
            view = start.candidate.view
            able = self._looked_at(view)
            if able.why_not is not None:
                why = able.why_not
                continue
            mirrored = may_mirror(judged, view, self._task)
            count = int(self._task.folds.taking_part.sum())
            found.append(
                candidates_for(
                    start, count, kind_of_device(), self._task.seed, mirrored=mirrored, cuttable=able.cuttable
                )
            )
        # First every view's best recipe, then every view's second.
        ordered = [each for several in zip_longest(*found) for each in several if each is not None]
        again = self._inherited
        if again is not None and any(entry.candidate == again.members[0] for entry in judged):
            ordered = [again, *(each for each in ordered if each != again)]
        return ordered, "" if ordered else why

    def _starts(self, judged: Sequence[Entry]) -> list[Entry]:
        """The head on the network that answers soonest, then the best ones: training the first takes least, and of the
        same minutes it makes most; what is larger may follow."""
        best = heads_to_begin_with(judged, self._task)
        if not best:
            return []
        quickest = min(best, key=lambda entry: self._workshop.network_milliseconds(entry.candidate.view))
        return [quickest, *(entry for entry in best[:MOST_STARTS] if entry is not quickest)]

    def _looked_at(self, view: View) -> Able:
        if view not in self._able:
            try:
                size = self._workshop.backbone(view).size
                loaded = load_backbone(view.backbones[0], size=size, cache=self._workshop.cache)
                self._able[view] = Able(None, staged(loaded.module).cut(LAST_STAGES.stages) is not None)
            except BackboneError as exc:
                self._able[view] = Able(str(exc), cuttable=False)
        return self._able[view]
