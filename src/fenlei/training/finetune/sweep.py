"""What fine-tuning leaves in the cache goes when nobody needs it any more.

A training leaves a folder below `tuning/` (where it stood after each epoch, the head, what it says of pictures that it
had not seen), a network on the shelf and the features that it gives. At the end of a search those of candidates that
lost go, and what an earlier one needed goes when nobody used it for long or it is too much, the longest unused first.
Kept are the winner, with the network that it was judged by, and what was begun: with these the search goes on. Whatever
else is asked for again is computed again. A network that a model file refers to, in place of carrying it, always stays.
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
from fenlei.training.finetune.choice import as_judged, folds_of
from fenlei.training.finetune.kept import FOLDER, REFERRED, folder_of
from fenlei.training.finetune.naming import Naming
from fenlei.training.finetune.tuner import Part
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
        used: when somebody last did, as `time.time` counts.
        referred: whether a model file does without the network and needs it here.
    """

    folder: Path
    networks: list[Backbone] = field(default_factory=list)
    bytes: int = 0
    used: float = 0.0
    referred: bool = False


class Tidying:
    """For one training.

    Args:
        task: the training part.
        shipped: what networks are fitted on that leave the search.
        workshop: where networks are.
        journal: of the search.
    """

    def __init__(self, task: Task, shipped: Sequence[Part], workshop: Workshop, journal: Journal) -> None:
        self._naming, self._shipped = Naming(task, workshop, workshop.cache), shipped
        self._cache, self._journal = workshop.cache, journal

    def leave(self, winner: Entry, tried: Collection[Candidate], *, referred: bool) -> None:
        """At the end: remove what this training and others before it left behind.

        Args:
            winner: what became a model.
            tried: what the search compared; of what it did not, it cannot know that it lost.
            referred: whether the model file refers to its network.
        """
        kept = self._keys(winner.candidate, winner.judged)
        if referred:
            for key in kept:
                with suppress(OSError):
                    (folder_of(self._cache, key) / REFERRED).touch()
        if self._journal.begun is not None:
            kept |= self._keys_of(self._journal.begun)
        lost = [self._keys_of(each) for each in self._journal.candidates if as_judged(each) in tried]
        sweep(self._cache, set().union(*lost) - kept)

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


def sweep(cache: Path, lost: Collection[str] = (), now: float | None = None) -> list[Path]:
    """Remove the remains of these trainings, of those that nobody used for long, and of others where it is too much.

    Args:
        cache: the workspace's cache folder.
        lost: keys of trainings, hex.
        now: as `time.time` counts; None: now.

    Returns:
        Folders of trainings that are gone.
    """
    now = time.time() if now is None else now
    gone = []
    left = [each for each in _all_remains(cache).values() if not each.referred]
    names = {folder_of(cache, key).name for key in lost}
    total = sum(each.bytes for each in left)
    for each in sorted(left, key=lambda each: each.used):
        unused = now - each.used
        if each.folder.name in names or unused > UNUSED or (total > MOST_BYTES and unused > RECENT):
            _remove(cache, each)
            total -= each.bytes
            gone.append(each.folder)
    return gone


def _all_remains(cache: Path) -> dict[str, Remains]:
    found: dict[str, Remains] = {}
    for folder in (cache / FOLDER).glob("*"):
        each = found.setdefault(folder.name, Remains(folder))
        with suppress(OSError):
            each.referred = (folder / REFERRED).exists()
            _count(each, *folder.iterdir())
    shelf = Shelf(cache)
    for key, network in shelf.tuned():
        each = found.setdefault(folder_of(cache, key).name, Remains(folder_of(cache, key)))
        each.networks.append(network)
        with suppress(OSError):
            _count(each, network.network)
    return found


def _count(remains: Remains, *files: Path) -> None:
    for path in files:
        seen = path.stat()
        remains.bytes += seen.st_size
        remains.used = max(remains.used, seen.st_mtime)


def _remove(cache: Path, remains: Remains) -> None:
    shutil.rmtree(remains.folder, ignore_errors=True)  # first: what is written there speaks of the network
    shelf = Shelf(cache)
    for network in remains.networks:
        shelf.remove(network)
        if shelf.by_digest(network.digest) is None:
            forget_features(cache / "embeddings", network.digest)
