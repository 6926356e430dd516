"""What the making of the last model will take, by what it is made of and by how fast this machine was so far."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fenlei.training.appearance import seconds_per_appearance
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.closer_look import MOST_WITH_NEAREST, MOST_WRONG
from fenlei.training.curve_head import curve_seconds, measuring_takes
from fenlei.training.ending import MARGIN, Ending, Piece
from fenlei.training.heat import maps_allowed, seconds_per_map
from fenlei.training.journal import Journal
from fenlei.training.learning_curve import CurveTakes
from fenlei.training.look import Picture
from fenlei.training.nearest import NEAREST
from fenlei.training.parity import PARITY_PICTURES
from fenlei.training.progress import Enough
from fenlei.training.suspects import MOST_SHOWN
from fenlei.training.task import Task
from fenlei.training.unknown import rounds_compared
from fenlei.training.view import View
from fenlei.training.workshop import Workshop

MAKING = 0.5
"""Seconds in which a model is made whose features and engines are there, until one was made."""

CURVE = 0.5
"""Seconds of a learning curve, where the time was over before it was tried."""

BEFORE_MAPS = 0.6
"""Share of that which comes before the maps."""

DRAWING = 0.15
"""Seconds in which pictures of nothing are drawn, to compare rules for the unknown by."""

ROUND = 0.06
"""Seconds of a round of that comparison: however many pictures there are, as many take part."""

MEASURED = 16
"""About so many pictures tell what reading and shrinking one takes."""

SURE = 2.0
"""Deviations above what is expected that time is kept aside for."""


class ExpectedEnd:
    """For one training.

    Args:
        ending: to be told.
        workshop: where networks are.
        journal: of the search.
        task: the training part.
        pictures: (n) all that can be used.
        tested: those of the test part.
        shipped: how many networks a tuned candidate becomes; each looks at all pictures.
        shows: whether pictures may travel in the report.
        budget: seconds; None where nothing is told.
    """

    def __init__(
        self,
        ending: Ending,
        workshop: Workshop,
        journal: Journal,
        task: Task,
        *,
        pictures: Sequence[Picture],
        tested: Sequence[Picture],
        shipped: int,
        shows: bool,
        budget: float | None,
    ) -> None:
        self.ending = ending
        self._workshop, self._journal, self._task = workshop, journal, task
        self._pictures, self._tested, self._shipped, self._shows = pictures, tested, shipped, shows
        self._budget = budget
        self._known: dict[str, tuple[CurveTakes, float, float]] = {}
        self._reading: float | None = None
        ending.expect(Piece.JUDGING, MAKING, most=MAKING + curve_seconds(budget))

    def reckon(self, best: Entry, *, making: float | None, views: int, missing: bool, told: bool) -> None:
        """Say what is expected if this candidate stays the best.

        Args:
            best: the candidate.
            making: seconds in which a model is made whose features and engines are there, and which nobody looks at;
                None: none was made yet.
            views: that were tried, or may still be.
            missing: whether features that are not there yet will have to be computed when the search is over.
            told: whether a model was made of it, and with that its features.
        """
        candidate, tell = best.candidate, self.ending.expect
        if candidate.key not in self._known:
            self._known = {candidate.key: (self._curve(best), *self._wrong(best))}
        curve, wrong, surely = self._known[candidate.key]
        looking = self._looking(candidate) if missing and not (told and candidate.kind == TUNED) else 0.0
        tell(Piece.STARTS, curve.starts)
        tell(Piece.CURVE, curve.fits)
        tell(Piece.FEATURES, looking)
        self._expect_maps(candidate, wrong, surely, views)
        reading = self._seconds_of_reading()
        tell(Piece.SHOWING, reading * len(self._tested))

        tried = PARITY_PICTURES * self._seconds_per_pass(candidate)
        judging = DRAWING + tried + BEFORE_MAPS * (MAKING if making is None else making)
        finishing = tried + (1 - BEFORE_MAPS) * MAKING if making is None else (1 - BEFORE_MAPS) * making
        if candidate.kind == TUNED:
            finishing += looking * (self._shipped - 1)
        else:
            judging += ROUND * rounds_compared(self._task.classes)
        if self._shows:
            finishing += reading * (min(MOST_WRONG, wrong) + NEAREST * min(MOST_WITH_NEAREST, wrong) + MOST_SHOWN)
        tell(Piece.JUDGING, judging)
        tell(Piece.FINISHING, finishing)

    def looking_at_tested(self, view: View) -> float:
        """Seconds in which features of the test part are computed, as far as they are not there."""
        return self._workshop.looking(view, self._tested)

    def _curve(self, best: Entry) -> CurveTakes:
        try:
            return measuring_takes(best, self._task, self._workshop, self._journal, self._budget)
        except Enough:  # whoever reckons has not asked whether there is time for it; the next step will say so
            return CurveTakes(0.0, CURVE)

    def _expect_maps(self, candidate: Candidate, wrong: float, surely: float, views: int) -> None:
        if not self._shows:
            self.ending.expect(Piece.MAPS, 0.0)
            return
        # Views that may still be tried leave time for more maps; those that are not leave their time to the search, and
        # it ends as late.
        each, allowed = seconds_per_map(self._workshop, candidate.view), maps_allowed(len(self._pictures), views)
        self.ending.expect(Piece.MAPS, each, min(allowed, wrong), most=MARGIN * each * min(allowed, surely))

    def _wrong(self, best: Entry) -> tuple[float, float]:
        """How many of the test part will be called wrong, by how many were that folds held out: about, and at most."""
        seen, tested = best.judged.judged, len(self._tested)
        mistaken = best.judged.scores.argmax(axis=1)[seen] != self._task.truth[seen]
        known = len(mistaken)
        share = (int(mistaken.sum()) + 0.5) / (known + 1)
        spread = math.sqrt(share * (1 - share) * tested * (1 + tested / max(known, 1)))
        return share * tested, min(tested, share * tested + SURE * spread)

    def _looking(self, candidate: Candidate) -> float:
        """Seconds that features take which are not there."""
        if candidate.kind == TUNED:  # a network by which nothing was looked at
            return len(self._pictures) * self._workshop.seconds_to_look(candidate.view)
        return self._workshop.looking(candidate.view, self._pictures)

    def _seconds_per_pass(self, candidate: Candidate) -> float:
        return sum(self._workshop.seconds_per_picture(part) for part in candidate.view.parts)

    def _seconds_of_reading(self) -> float:
        """What a picture takes to be read and made small, by a few of them."""
        if self._reading is None:
            self._reading = seconds_per_appearance(self._tested[:: max(1, len(self._tested) // MEASURED)])
        return self._reading
