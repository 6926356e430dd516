"""What fine-tuning leaves in the cache goes when nobody needs it any more.

A training leaves a folder below `tuning/` (where it stood after each epoch, the head, what it says of pictures that it
had not seen), a network on the shelf and the features that it gives. At the end of a search those of candidates that
lost go, and what an earlier one needed goes when nobody used it for long or it is too much, the longest unused first.
Kept are the winner, with the network that it was judged by, and what was begun: with these the search goes on. Whatever
else is asked for again is computed again. A network that a model file refers to, in place of carrying it, always stays.
Of a network that went wrong when the test part was learned from too, it stays written down that it did.

What lost for one training may be the best of another that runs now: while one does, what lost is only marked, and the
last to end removes it (see `at_work`), or, where all were killed, the next. Where the system cannot tell (Windows), it
goes by time and size like all else.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from fenlei.backbones import Backbone
from fenlei.backbones.shelf import Shelf
from fenlei.contract.errors import FenleiError
from fenlei.training.board import Entry
from fenlei.training.cache import forget_features
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.finetune.at_work import AtWork
from fenlei.training.finetune.choice import as_judged, folds_of
from fenlei.training.finetune.kept import FOLDER, LOST, REFERRED, SPOILED, folder_of
from fenlei.training.finetune.naming import Naming
from fenlei.training.finetune.part import Part
from fenlei.training.head import Judged
from fenlei.training.journal import Journal
from fenlei.training.task import Task
from fenlei.training.workshop import Workshop

UNUSED = 30 * 24 * 3600.0
"""Seconds after which nobody goes on with it."""

RECENT = 24 * 3600.0
"""Seconds in which another process may still be at work on it."""

MOST_BYTES = 2 << 30
"""Of all that is kept."""


@dataclass
class Remains:
    """What is left of one training.

    Attributes:
        folder: its own; it may be missing.
        networks: on the shelf.
        bytes: of both.
        used: when somebody last did, as `time.time` counts; None: that cannot be told, as of what just changes.
        referred: whether a model file does without the network and needs it here.
        lost: whether a search marked it so.
        spoiled: whether it went wrong, so that nobody needs the network.
    """

    folder: Path
    networks: list[Backbone] = field(default_factory=list)
    bytes: int = 0
    used: float | None = None
    referred: bool = False
    lost: bool = False
    spoiled: bool = False


class Tidying:
    """For one training.

    Args:
        task: the training part.
        shipped: what networks are fitted on that leave the search.
        workshop: where networks are.
        journal: of the search.
        at_work: the training, among others.
    """

    def __init__(
        self, task: Task, shipped: Sequence[Part], workshop: Workshop, journal: Journal, at_work: AtWork
    ) -> None:
        self._naming, self._shipped = Naming(task, workshop, workshop.cache), shipped
        self._cache, self._journal, self._at_work = workshop.cache, journal, at_work

    def refer(self, entry: Entry) -> None:
        """A model file refers to the networks of this candidate: they stay for good."""
        for key in self._keys(entry.candidate, entry.judged):
            with suppress(OSError):
                (folder_of(self._cache, key) / REFERRED).touch()

    def leave(self, winner: Entry, tried: Collection[Candidate], *, referred: bool) -> None:
        """At the end: remove what this training and others before it left behind. It opens no network any more.

        Args:
            winner: what became a model.
            tried: what the search compared; of what it did not, it cannot know that it lost.
            referred: whether the model file refers to its network.
        """
        kept = self._keys(winner.candidate, winner.judged)
        if referred:
            self.refer(winner)
        if self._journal.begun is not None:
            kept |= self._keys_of(self._journal.begun)
        candidates = [self._keys_of(each) for each in self._journal.candidates if as_judged(each) in tried]
        lost = set().union(*candidates) - kept
        mark(self._cache, lost, kept)
        sweep(self._cache, lost, alone=self._at_work.ends_alone())

    def _keys_of(self, candidate: Candidate) -> set[str]:
        known = self._journal.find(as_judged(candidate))
        return self._keys(candidate, None if known is None else known[1])

    def _keys(self, candidate: Candidate, judged: Judged | None) -> set[str]:
        """Of what is trained of a candidate: the networks that are judged, and those that ship once that is done."""
        if candidate.kind != TUNED:
            return set()
        try:
            found = {self._naming.judged(candidate, fold) for fold in range(folds_of(candidate))}
            if judged is not None:
                entry = Entry(candidate, judged)
                found |= {self._naming.shipped(entry, part.pictures, part.truth) for part in self._shipped}
        except FenleiError:  # its network cannot be had any more
            return set()
        return found


def mark(cache: Path, lost: Collection[str], kept: Collection[str]) -> None:
    """Tell whoever sweeps later what lost, and that what another search called lost is kept.

    Args:
        cache: the workspace's cache folder.
        lost: keys of trainings, hex; of those that left no folder there is nothing to say.
        kept: keys of others.
    """
    for key in lost:
        with suppress(OSError):
            (folder_of(cache, key) / LOST).touch()
    for key in kept:
        with suppress(OSError):
            (folder_of(cache, key) / LOST).unlink(missing_ok=True)


def sweep(cache: Path, lost: Collection[str] = (), now: float | None = None, *, alone: bool = False) -> list[Path]:
    """Remove the remains of what lost, of what nobody used for long, and of other trainings where it is too much.

    Args:
        cache: the workspace's cache folder.
        lost: keys of trainings, hex, beside those that are marked.
        now: as `time.time` counts; None: now.
        alone: whether no other training is at work; else what lost stays.

    Returns:
        Folders of trainings that are gone.
    """
    now = time.time() if now is None else now
    gone = []
    remains = [*_all_remains(cache).values()]
    for each in (each for each in remains if alone and each.spoiled):
        _take_off(cache, each.networks)
    left = [each for each in remains if not each.referred]
    names = {folder_of(cache, key).name for key in lost}
    total = sum(each.bytes for each in left)
    for unused, each in sorted(((_unused(each, now), each) for each in left), key=lambda pair: -pair[0]):
        needless = alone and (each.lost or each.folder.name in names)
        if needless or unused > UNUSED or (total > MOST_BYTES and unused > RECENT):
            _remove(cache, each)
            total -= each.bytes
            gone.append(each.folder)
    return gone


def _unused(remains: Remains, now: float) -> float:
    return 0.0 if remains.used is None else now - remains.used


def _all_remains(cache: Path) -> dict[str, Remains]:
    found: dict[str, Remains] = {}
    for folder in (path for path in (cache / FOLDER).glob("*") if path.is_dir()):
        each = found.setdefault(folder.name, Remains(folder))
        with suppress(OSError):
            each.referred, each.lost = (folder / REFERRED).exists(), (folder / LOST).exists()
            each.spoiled = (folder / SPOILED).exists()
            _count(each, *folder.iterdir())
    shelf = Shelf(cache)
    for key, network in shelf.tuned():
        each = found.setdefault(folder_of(cache, key).name, Remains(folder_of(cache, key)))
        each.networks.append(network)
        _count(each, network.network)
    for each in found.values():
        if each.used is None:  # of an empty folder, or a record whose network is gone, somebody wrote that much
            _use(each, each.folder, *(network.network.with_suffix(".json") for network in each.networks))
    return found


def _count(remains: Remains, *files: Path) -> None:
    for path in files:
        with suppress(OSError):  # whoever is at work there may have renamed it meanwhile
            remains.bytes += path.stat().st_size
            _use(remains, path)


def _use(remains: Remains, *paths: Path) -> None:
    for path in paths:
        with suppress(OSError):
            written = path.stat().st_mtime
            remains.used = written if remains.used is None else max(remains.used, written)


def _remove(cache: Path, remains: Remains) -> None:
    shutil.rmtree(remains.folder, ignore_errors=True)  # first: what is written there speaks of the network
    _take_off(cache, remains.networks)


def _take_off(cache: Path, networks: Sequence[Backbone]) -> None:
    shelf = Shelf(cache)
    for network in networks:
        shelf.remove(network)
        if shelf.by_digest(network.digest) is None:
            forget_features(cache / "embeddings", network.digest)
