"""The last stage of a search: what it proposes, what that would take, how it is judged, and what is shipped of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenlei.backbones import Backbone
from fenlei.datasets.split import KEPT
from fenlei.modelfile import Dense, Head
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.errors import TrainingError
from fenlei.training.finetune.accepted import shelved
from fenlei.training.finetune.beginning import Beginning
from fenlei.training.finetune.choice import as_judged, by_folds, folds_of, is_anew
from fenlei.training.finetune.errors import Unsound, Worthless
from fenlei.training.finetune.kept import (
    read_done,
    read_spoiled,
    read_unseen,
    write_done,
    write_spoiled,
    write_unseen,
)
from fenlei.training.finetune.naming import EPOCHS, Naming, ended_by
from fenlei.training.finetune.pace import Pace, measured
from fenlei.training.finetune.part import Part, Ships
from fenlei.training.finetune.settings import TuneSettings, read_settings
from fenlei.training.finetune.sound import Inspection
from fenlei.training.finetune.training import divided, tune, with_temperature
from fenlei.training.finetune.watching import ends_after
from fenlei.training.fit_winner import fit_winner
from fenlei.training.folds import Folds
from fenlei.training.head import Judged, weigh
from fenlei.training.journal import Journal
from fenlei.training.look import Picture
from fenlei.training.progress import Stage, Watch
from fenlei.training.task import Task
from fenlei.training.unknown import MOST_THRESHOLD, Unseen, even_share, measure_unseen
from fenlei.training.view import View
from fenlei.training.workshop import Workshop

CHECKPOINT, UNSEEN = "epoch.ckpt", "unseen"
"""Files of a training: where it stands, and what the network that was judged says of pictures that it has not seen."""

LOOKING = 2.0
"""Times the network's own seconds that a picture takes with its decoding: the tuned network has to see them all."""

DONE = "done"
"""Name of what is kept of a network that may be shipped."""


class Needs(NamedTuple):
    """Seconds, about.

    Attributes:
        judging: to tune it, to judge it, and to look at all pictures by it.
        anew: to learn it anew from everything that is shipped.
    """

    judging: float
    anew: float


class Tuner:
    """Fine-tuning for one search.

    Args:
        task: the training part.
        shipped: what networks are fitted on that leave the search: the training part, and all pictures where those are
            learned from in the end.
        workshop: where features come from, and where tuned networks are taken in.
        journal: what was judged.
        watch: progress and stop.
        cache: the workspace's cache folder; `tuning/` is below it.
        engine: what runs networks.
        spoiled: of a model that is made again: what went wrong then when everything was learned from, which is not
            tried once more.
    """

    def __init__(
        self,
        task: Task,
        shipped: Sequence[Part],
        workshop: Workshop,
        journal: Journal,
        watch: Watch,
        *,
        cache: Path,
        engine: str = "openvino",
        spoiled: str | None = None,
    ) -> None:
        self._task, self._shipped = task, shipped
        self._workshop, self._journal, self._watch = workshop, journal, watch
        self._cache, self._engine, self._spoiled = cache, engine, spoiled
        self._naming = Naming(task, workshop, cache)
        self._begin = Beginning(task.classes, workshop, journal, watch, cache)
        self._paces: dict[tuple[View, TuneSettings], Pace] = {}
        self._inspection = Inspection(task, workshop)

    def needs(self, candidate: Candidate) -> Needs:
        """What a candidate would take, by a few steps on this machine.

        Args:
            candidate: to be tuned; where its setting says after how many epochs it was at its best, it is learned anew
                for as many.

        Raises:
            FenleiError: it cannot be tried.
        """
        inside, learned = int(self._naming.fold(0)[1].sum()), len(self._naming.rows_judged())
        settings = read_settings(candidate.setting or {})
        alike = candidate.view, msgspec.structs.replace(settings, mirrored=0, mixing=0.0, epochs=1, anew=0)
        if alike not in self._paces:
            layer = self._workshop.backbone(candidate.view).width, self._task.classes
            blank = Head.linear(np.zeros(layer, np.float32), np.zeros(layer[1], np.float32))
            student = self._begin.student(candidate, blank, settings)
            spec = self._workshop.spec(candidate.view)
            self._watch.step(Stage.TUNE, 0, 1)
            self._paces[alike] = measured(student, self._task.pictures, self._task.classes, settings, spec)
        pace = self._paces[alike]
        shown = learned + (inside - learned) // 3  # who only watches costs a third: there is no way back
        looking = LOOKING * self._workshop.seconds_per_picture(candidate.view)
        everything = looking * len(self._shipped[-1].pictures)
        judging = pace.seconds(shown, settings.epochs, settings, prepared=False)
        judging += looking * min(inside, MOST_THRESHOLD) + everything
        epochs = int((candidate.setting or {}).get(EPOCHS, settings.epochs))
        anew = sum(
            pace.seconds(len(part.pictures), epochs, settings, prepared=True) + everything for part in self._shipped
        )
        return Needs(judging, anew)

    def judge(self, candidate: Candidate, before: Judged | None = None) -> Judged:
        """Tune on all folds but one, and score what that one holds out; once for each fold that the candidate says.

        Further folds are trained for no longer than the first was, so that it is known what they take.

        Args:
            candidate: what to try.
            before: what it scored by all of these folds but the last; None begins with the first.

        Raises:
            FenleiError: it cannot be tried, is not what torch says, or brings nothing.
            Cancelled, Enough: someone asked to stop; what was done is kept, an epoch at most is lost.
        """
        task, folds = self._task, folds_of(candidate)
        lesson = self._workshop.lesson(candidate.view, task.pictures, task.truth, task.classes)
        number = np.full_like(task.folds.number, KEPT)
        logits = np.zeros((*number.shape, task.classes))
        first, ended = 0, []
        settings = read_settings(candidate.setting or {})
        if before is not None:
            first = folds - 1
            ended = [before.setting[ended_by(fold)] for fold in range(first)]
            logits[before.held_out] = before.logits[before.held_out]
            number[before.held_out] = task.folds.number[before.held_out]
        for fold in range(first, folds):
            repeat, _, outside = self._naming.fold(fold)
            number[repeat, outside] = task.folds.number[repeat, outside]
            most = ends_after(int(ended[0]), settings) if fold else settings.epochs
            logits[repeat, outside], epochs = self._judged_by(fold, candidate, lesson.per_class, most)
            ended.append(float(epochs))
        setting = {**(candidate.setting or {}), EPOCHS: float(max(1, round(np.mean(ended))))}
        setting |= {ended_by(fold): epochs for fold, epochs in enumerate(ended)}
        return weigh(candidate.kind, setting, lesson, Folds(number, task.folds.taking_part), logits, task.seed)

    def _judged_by(
        self, fold: int, candidate: Candidate, per_class: NDArray[np.float64] | None, most: int
    ) -> tuple[NDArray[np.float64], int]:
        """Logits (h, c) of what a fold holds out, and after how many epochs, of so many at most, the network was at its
        best.

        What the first fold judges can ship; what others judge says how good it is.
        """
        task, settings = self._task, read_settings(candidate.setting or {})
        _, inside, outside = self._naming.fold(fold)
        learned, watched = divided(np.flatnonzero(inside), task.truth, task.groups, task.seed)
        held_out = np.flatnonzero(outside)
        ships = fold == 0
        known = learned[even_share(task.truth[learned], MOST_THRESHOLD)] if ships else learned[:0]
        pictures, truth = [task.pictures[row] for row in learned], task.truth[learned]
        key = self._naming.judged(candidate, fold)
        parent, place = self._workshop.backbone(candidate.view), self._naming.folder(key)
        tuned = tune(
            self._begin.student(candidate, self._begin.head(candidate, pictures, truth), settings),
            task.pictures,
            task.truth,
            task.classes,
            per_class,
            settings,
            self._workshop.spec(candidate.view),
            learned=learned,
            watched=watched,
            judging=np.concatenate([held_out, known]),
            epochs=most,
            checkpoint=place / CHECKPOINT,
            engine=self._engine,
            name=parent.id,
            counted=task.weights,
            maps=self._begin.maps(candidate, settings),
            step=self._step,
        )
        if ships:
            write_done(place / DONE, shelved(tuned.network, parent, key, self._cache), tuned.head)
            of_held_out, of_known = np.split(tuned.features, [len(held_out)])
            write_unseen(place / UNSEEN, measure_unseen(of_known, task.truth[known], of_held_out))
        return tuned.logits[: len(held_out)], tuned.course.epochs

    def tidy(self, candidate: Candidate) -> None:
        """Remove what judging a candidate left behind that nobody needs; it is judged, and written down."""
        for fold in range(folds_of(candidate)):
            (self._naming.folder_judged(candidate, fold) / CHECKPOINT).unlink(missing_ok=True)

    def unseen(self, entry: Entry) -> Unseen | None:
        """What known pictures measure on the network that was judged, which has not seen them, for the rule that tells
        unknown ones; None where the candidate is no tuned network.

        Where the cache has lost it, it is found out again, in the time that judging takes.

        Raises:
            FenleiError, Cancelled, Enough: as `judge`.
        """
        if entry.candidate.kind != TUNED:
            return None
        path = self._naming.folder_judged(entry.candidate) / UNSEEN
        found = read_unseen(path)
        if found is None:
            self._judge_by_first(entry.candidate)
            found = read_unseen(path)
        if found is None:
            raise TrainingError(f"The cache {path.parent} does not keep what is written there.")
        return found

    def ready(self, entry: Entry) -> None:
        """Fit whatever is shipped, so that it can win: who stops before that keeps the best that there was.

        Raises:
            FenleiError, Cancelled, Enough: as `fitted`, of the network that learned from the training part alone.
        """
        self.fitted(entry, self._shipped[0].pictures, self._shipped[0].truth)
        self.ships(entry)

    def ships(self, entry: Entry) -> Ships:
        """What ships of a candidate: everything that may be learned from is, unless that goes wrong. Whether it does
        decides nothing else, since labels of the test part have a say in it; then the network ships that learned from
        the training part alone.

        Raises:
            FenleiError: everything could not be learned from, for a reason that does not lie in what came of it.
            Cancelled, Enough: someone asked to stop.
        """
        first, last = self._shipped[0], self._shipped[-1]
        if entry.candidate.kind != TUNED:
            return Ships(last)
        if last is first or not is_anew(entry.candidate):
            return Ships(first)
        place = self._place(entry, last)
        why = self._spoiled or read_spoiled(place)
        if why is None:
            try:
                self.fitted(entry, last.pictures, last.truth)
            except Worthless as exc:
                why = str(exc)
                write_spoiled(place, why)
                (place / CHECKPOINT).unlink(missing_ok=True)
        return Ships(last) if why is None else Ships(first, why)

    def learned(self, entry: Entry, part: Part) -> tuple[View, Head]:
        """A candidate of any kind as it is learned from this part: the view of its network, and the head on it."""
        if entry.candidate.kind == TUNED:
            return self.fitted(entry, part.pictures, part.truth)
        classes, ask = self._task.classes, self._watch.ask
        head = fit_winner(entry, part.pictures, part.truth, classes, self._workshop, self._journal, ask)
        return entry.candidate.view, head

    def is_done(self, entry: Entry) -> bool:
        """Whether whatever is shipped of a candidate is fitted, and as it should be, or is known to go wrong where the
        test part is learned from."""
        first, *others = self._shipped
        parts = [first, *(part for part in others if read_spoiled(self._place(entry, part)) is None)]
        keys = [self._naming.shipped(entry, part.pictures, part.truth) for part in parts]
        return all(self._kept(entry, key) is not None for key in keys)

    def rows_learned(self, entry: Entry) -> NDArray[np.int64] | None:
        """The rows of the training part that a network learned from which is shipped as it was judged; None where
        everything was learned from that may be."""
        if entry.candidate.kind != TUNED or is_anew(entry.candidate):
            return None
        return self._naming.rows_judged()

    def fitted(self, entry: Entry, pictures: Sequence[Picture], truth: NDArray[np.int64]) -> tuple[View, Head]:
        """The tuned network of a candidate that was judged, learned from whatever pictures are given.

        Returns:
            The view by which the workshop knows the network, and the head on it.

        Raises:
            Unsound: learned anew, it knows less than what was judged.
            FenleiError: it is not what torch says.
            Cancelled, Enough: someone asked to stop.
        """
        key = self._naming.shipped(entry, pictures, truth)
        done = self._kept(entry, key)
        if done is None and is_anew(entry.candidate):
            done = self._fit(entry, pictures, truth, key)
        elif done is None:
            self._judge_by_first(entry.candidate)
            done = self._kept(entry, key)
        if done is None:
            raise TrainingError(f"The cache {self._naming.folder(key)} does not keep what is written there.")
        return self._provided(entry, key, done)

    def _place(self, entry: Entry, part: Part) -> Path:
        """Where the files lie of the network that learned from this part."""
        return self._naming.folder(self._naming.shipped(entry, part.pictures, part.truth))

    def _kept(self, entry: Entry, key: str) -> tuple[Backbone, Dense] | None:
        """What the cache keeps of a network that may be shipped; None where that is nothing, or is damaged."""
        done = read_done(self._naming.folder(key) / DONE, self._cache)
        return None if done is None or self._flaw(entry, key, done) is not None else done

    def _provided(self, entry: Entry, key: str, done: tuple[Backbone, Dense]) -> tuple[View, Head]:
        backbone, layer = done
        seen = entry.candidate.view
        view = View((f"{seen.backbones[0]}:tuned-{key[:12]}",), backbone.size, seen.policy)
        self._workshop.provide(view, backbone)
        return view, with_temperature(layer, entry.judged.temperature)

    def _flaw(self, entry: Entry, key: str, done: tuple[Backbone, Dense]) -> str | None:
        """What is wrong with a network, where it was learned anew."""
        if not is_anew(entry.candidate):
            return None
        return self._inspection.flaw(*self._provided(entry, key, done), entry.judged)

    def _judge_by_first(self, candidate: Candidate) -> None:
        """Have what only judging by the first fold leaves, where the cache has lost it."""
        once = by_folds(as_judged(candidate), 1)
        self.judge(once)
        self.tidy(once)

    def _fit(
        self, entry: Entry, pictures: Sequence[Picture], truth: NDArray[np.int64], key: str
    ) -> tuple[Backbone, Dense]:
        candidate, judged = entry.candidate, entry.judged
        settings, parent = read_settings(candidate.setting or {}), self._workshop.backbone(candidate.view)
        checkpoint = self._naming.folder(key) / CHECKPOINT
        tuned = tune(
            self._begin.student(candidate, self._begin.head(candidate, pictures, truth), settings),
            pictures,
            truth,
            self._task.classes,
            judged.class_weights,
            settings,
            self._workshop.spec(candidate.view),
            learned=np.arange(len(pictures)),
            watched=np.zeros(0, np.int64),
            judging=np.zeros(0, np.int64),
            epochs=int(judged.setting[EPOCHS]),
            checkpoint=checkpoint,
            engine=self._engine,
            name=parent.id,
            maps=self._begin.maps(candidate, settings),
            step=self._step,
        )
        done = shelved(tuned.network, parent, key, self._cache), tuned.head
        flaw = self._flaw(entry, key, done)
        if flaw is None:
            write_done(self._naming.folder(key) / DONE, *done)
        checkpoint.unlink(missing_ok=True)  # what went wrong does not go on from there either
        if flaw is not None:
            raise Unsound(flaw)
        return done

    def _step(self, done: int, total: int) -> None:
        self._watch.step(Stage.TUNE, done, total)
