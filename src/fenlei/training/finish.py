"""A candidate as a whole model: judged, fitted on what ships, with parity pictures, a report, and what it may claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets import Groups, Skipped
from fenlei.modelfile import Head, ModelFile, ParityPicture
from fenlei.training.account import Story, build_model, build_report
from fenlei.training.again import Again
from fenlei.training.ahead import Ahead, take_all
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED
from fenlei.training.closer_look import CloserLook, glance, look_closer
from fenlei.training.curve import LearningCurve
from fenlei.training.decide import Demand
from fenlei.training.division import Division
from fenlei.training.earlier import Earlier
from fenlei.training.ending import Ending, Piece
from fenlei.training.evaluation import Evaluation, evaluate
from fenlei.training.finetune.part import Part
from fenlei.training.finetune.tuner import Tuner
from fenlei.training.formula import Formula, write_formula
from fenlei.training.gallery import Gallery
from fenlei.training.honesty import be_honest, measure_honesty
from fenlei.training.journal import Journal
from fenlei.training.look import Picture
from fenlei.training.parity import drawn, expected, features_of_files, parity_files
from fenlei.training.progress import Clock, Stage, Watch
from fenlei.training.report import CandidateResult, Report
from fenlei.training.since import Since
from fenlei.training.suspects import MOST_SHOWN, Suspicions, find_suspects
from fenlei.training.task import Task
from fenlei.training.view import View
from fenlei.training.workshop import Workshop


@dataclass(frozen=True)
class Trained:
    """What training gives.

    Attributes:
        model: ready to be written.
        report: the report that travels in it.
        computed: times a picture ran through a network; everything else came from the cache.
        seconds: wall seconds by stage, for the terminal. They are not in the model file.
    """

    model: ModelFile
    report: Report
    computed: int
    seconds: dict[Stage, float]

    @property
    def evaluation(self) -> Evaluation:
        """The figures on the part that nothing else saw."""
        return self.report.evaluation


@dataclass(frozen=True)
class Pool:
    """What there is to learn from and to judge by.

    Attributes:
        labels: class names in class order.
        pictures: (n) usable pictures.
        skipped: files that are not used.
        groups: duplicates among `pictures`.
        division: who learns and who judges.
        task: the part that learns.
    """

    labels: list[str]
    pictures: Sequence[Picture]
    skipped: Sequence[Skipped]
    groups: Groups
    division: Division
    task: Task

    @property
    def learning(self) -> NDArray[np.int64]:
        """Rows of the part that learns."""
        return np.flatnonzero(~self.division.test)

    @property
    def judging(self) -> NDArray[np.int64]:
        """Rows of the part that judges."""
        return np.flatnonzero(self.division.test)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What was asked for; see `train`.

    Attributes:
        goal: `fast`, `balanced` or `accurate`.
        seed: of split and folds.
        test_fraction: share to hold out.
        drawn_parity: whether no picture of the pool may travel in the model file.
        embed_backbone: whether the backbone goes into the model file.
        false_rejects: share of known pictures that may be called unknown.
        demand: of answers.
        way: how candidates are learned.
        look: the view by which pictures were looked at first.
    """

    goal: str
    seed: int
    test_fraction: float
    drawn_parity: bool
    embed_backbone: bool
    false_rejects: float
    demand: Demand
    way: str
    look: View


class Finisher:
    """Makes whole models, as often as there is a better candidate.

    Args:
        pool: of pictures.
        terms: what was asked for.
        parts: what is learned from: the part that learns, and, where everything may be learned from in the end, all.
        tuner: knows tuned networks.
        workshop: where features come from.
        journal: of the search.
        clock: of the stages.
        watch: progress and stop.
        ahead: does what a first model needs while heads are judged.
        ending: told how far the last model is.
        since: an earlier model to compare with; or a model that is made again, which says what it was compared with.
    """

    def __init__(
        self,
        pool: Pool,
        terms: Terms,
        parts: Sequence[Part],
        tuner: Tuner,
        workshop: Workshop,
        journal: Journal,
        clock: Clock,
        watch: Watch,
        ahead: Ahead,
        ending: Ending,
        *,
        since: Earlier | Again | None,
    ) -> None:
        self._pool, self._terms, self._parts = pool, terms, parts
        self._tuner, self._workshop, self._journal = tuner, workshop, journal
        self._clock, self._watch, self._ahead, self._since = clock, watch, ahead, since
        self._ending = ending
        self._files: Sequence[bytes] | None = None

    def whole(
        self,
        entry: Entry,
        results: list[CandidateResult],
        curve: LearningCurve | None = None,
        *,
        last: bool = True,
        mapped: bool = True,
    ) -> Trained:
        """A candidate as a whole model.

        Args:
            entry: the candidate, and what it was judged to be.
            results: everything that was tried so far.
            curve: what more pictures would bring, where that was measured.
            last: whether the search is over. Before that a model is wanted soon, and its report goes without what one
                looks at at leisure: pictures, heat maps, slices, and a comparison of rules for the unknown.
            mapped: whether heat maps are drawn then; not for who ended the search and waits for the model.
        """
        pool, terms, workshop = self._pool, self._terms, self._workshop
        pictures, labels, division, task = pool.pictures, pool.labels, pool.division, pool.task
        learning, judging = pool.learning, pool.judging
        ending = self._ending if last else Ending()  # what comes before the last model is no part of it

        # Judged by the part that no choice has seen.
        self._watch.step(Stage.JUDGE, 0, 1)
        ending.begin(Piece.FEATURES)
        view, head = self._tuner.learned(entry, self._parts[0])
        measured = self._ahead.measured(view)
        features = workshop.features(view, pictures).features
        known = features[learning]
        ending.begin(Piece.JUDGING)
        drawings = features_of_files(drawn(terms.seed), workshop.spec(view), workshop.engine(view)) if last else None
        honesty = be_honest(
            entry,
            known,
            task,
            labels,
            self._journal,
            drawings,
            unseen=self._tuner.unseen(entry),
            distances=None if measured is None else partial(take_all, measured.distances),
            false_rejects=terms.false_rejects,
            demand=terms.demand,
        )
        head = honesty.calibrated.of(head)
        # A network that ships as it was judged knows some of these pictures only; the rule is learned from those.
        rows = self._tuner.rows_learned(entry)
        learned = slice(None) if rows is None else rows
        unknown = None
        if honesty.rule is not None:
            before = None if measured is None or rows is not None else take_all(measured.learned)
            unknown = honesty.rule.learn(known[learned], task.truth[learned], before)
        if last:  # before that everything left is small, and two threads would wait for each other
            self._ahead.free()
        honest = measure_honesty(
            honesty, head, unknown, features[judging], division.truth[judging], labels, carried=rows is None
        )
        scores = head.scores(features[judging])
        evaluation = evaluate(scores, division.truth[judging], labels)

        # Everything that one may want to look at.
        suspicions = self._suspicions(entry, scores, features)
        gallery = Gallery(pictures, open=last and not terms.drawn_parity)
        if last:
            closer = self._closer(scores, head, features, view, gallery, results if mapped else [])
        else:
            closer = glance(pictures, division, labels, scores)
        for row in suspicions.ranked[:MOST_SHOWN]:
            gallery.show(row)
        self._watch.step(Stage.JUDGE, 1, 1)

        # The model that ships, then parity pictures, report, model file.
        self._watch.step(Stage.FINISH, 0, 1)
        ending.begin(Piece.FINISHING)
        ships = self._tuner.ships(entry)
        refitted = ships.part is not self._parts[0]
        if refitted:
            shipped, head = self._tuner.learned(entry, ships.part)
            if shipped != view:  # tuned on all pictures, it is another network, with features of its own
                view, features = shipped, workshop.features(shipped, pictures).features
            head = honesty.calibrated.of(head)
            if honesty.rule is not None:
                unknown = honesty.rule.learn(features, division.truth)
        story = Story(
            labels=labels,
            pictures=pictures,
            skipped=pool.skipped,
            groups=pool.groups,
            division=division,
            evaluation=evaluation,
            closer=closer,
            suspicions=suspicions,
            gallery=gallery,
            curve=curve,
            winner=entry,
            results=results,
            aim=task.aim,
            head=head,
            unknown=unknown,
            decision=honesty.decision,
            honest=honest,
            backbone=workshop.backbone(view),
            spec=workshop.spec(view),
            seed=terms.seed,
            goal=terms.goal,
            test_fraction=terms.test_fraction,
            formula=self._formula(entry, last=last, mapped=mapped),
            since=self._compared(scores),
            fitted_on=len(ships.part.pictures) if rows is None else len(rows),
            refitted=refitted,
            spoiled=ships.spoiled,
        )
        report = build_report(story)
        network = self._ahead.sealed(story.backbone) if terms.embed_backbone else None
        model = build_model(story, report, self._parity(view, head), network)
        ending.end()
        self._ahead.free()
        self._watch.step(Stage.FINISH, 1, 1)
        return Trained(model, report, workshop.computed, self._clock.seconds)

    def _suspicions(self, entry: Entry, scores: NDArray[np.float64], features: NDArray[np.float32]) -> Suspicions:
        """Each picture by a head that had not seen it; one of the folds' where it learned, the model's where not.

        A tuned network is judged by one fold; the head that it began from was judged by all of them.
        """
        pool, judged = self._pool, entry.judged
        if entry.candidate.kind == TUNED:
            known = self._journal.find(entry.candidate.members[0])
            judged = judged if known is None or known[1] is None else known[1]
        unseen = np.zeros((len(pool.pictures), len(pool.labels)))
        unseen[pool.learning], unseen[pool.judging] = judged.scores, scores
        scored = np.ones(len(pool.pictures), bool)
        scored[pool.learning], scored[pool.judging] = judged.judged, judged.held_out.any()
        return find_suspects(
            scores=unseen,
            known=scored,
            truth=pool.division.truth,
            groups=pool.groups,
            files=[picture.digest for picture in pool.pictures],
            features=features,
            ask=self._watch.ask,
        )

    def _closer(
        self,
        scores: NDArray[np.float64],
        head: Head,
        features: NDArray[np.float32],
        view: View,
        gallery: Gallery,
        results: Sequence[CandidateResult],
    ) -> CloserLook:
        pool = self._pool
        # Without anything that was tried no time is there for maps.
        views = len({(each.backbone, each.size, each.policy) for each in results if each.left_out is None})
        return look_closer(
            pool.pictures, pool.division, pool.labels, scores, head, features, view, self._workshop, gallery,
            views=views, ending=self._ending,
        )  # fmt: skip

    def _compared(self, scores: NDArray[np.float64]) -> Since | None:
        if isinstance(self._since, Earlier):
            return self._since.compare(self._pool.pictures, self._pool.division, self._pool.labels, scores)
        return None if self._since is None else self._since.since

    def _parity(self, view: View, head: Head) -> list[ParityPicture]:
        shown = self._ahead.shown()
        if shown is not None:
            self._files = shown.files
        if self._files is None:  # the same for every model
            pool, terms = self._pool, self._terms
            self._files = parity_files(pool.pictures, pool.labels, only_drawn=terms.drawn_parity, seed=terms.seed)
        if shown is not None and shown.view == view:
            return expected(self._files, shown.features, head)
        features = features_of_files(self._files, self._workshop.spec(view), self._workshop.engine(view))
        return expected(self._files, features, head)

    def _formula(self, entry: Entry, *, last: bool, mapped: bool) -> Formula:
        terms = self._terms
        return write_formula(
            entry.candidate,
            terms.look,
            self._workshop,
            way=terms.way,
            aim=self._pool.task.aim.value,
            aim_by=self._pool.task.aim_by,
            goal=terms.goal,
            seed=terms.seed,
            test_fraction=terms.test_fraction,
            drawn_parity=terms.drawn_parity,
            false_rejects=terms.false_rejects,
            compared=last,
            mapped=mapped,
            demand=terms.demand,
        )
