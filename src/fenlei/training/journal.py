"""What a search has found out, on disk, so that a killed one goes on and a finished one can be given more time.

One folder per question (pictures, labels, parts, seed, aim): a file for each candidate that was judged, with its scores
on the pictures held out, and one for the time that was spent; written under passing names and renamed. What is there is
whole; what is damaged is tried again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from fenlei.contract.errors import FenleiError
from fenlei.training.candidate import Candidate
from fenlei.training.errors import TrainingError
from fenlei.training.head import Judged
from fenlei.training.replacing import replacing
from fenlei.training.time_spent import TimeSpent
from fenlei.training.view import View

VERSION = 1
TIME = "time.json"
OFTEN = 1.0
"""Seconds between two writings of the time; so much of it a kill may lose."""

BEGUN = "begun.json"
_META = np.dtype("u1")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate and what became of it.

    Attributes:
        number: place in the order in which they were tried.
        candidate: what was tried.
        setting: that was chosen.
        temperature: that was fitted.
        loss: in nats.
        seed: of whatever was random.
        seconds: that it took, features included.
        dropped: why it was given up, or None.
        class_weights: of the lesson.
        networks: digests, by name, of those under it that may be another one under the same name by now.
    """

    number: int
    candidate: Candidate
    setting: dict[str, float] = {}
    temperature: float = 1.0
    loss: float | None = None
    seed: int = 0
    seconds: float = 0.0
    dropped: str | None = None
    class_weights: list[float] | None = None
    networks: dict[str, str] = {}


def _all_known(view: View) -> dict[str, str]:
    """Of networks that are always the same under their names."""
    return {}


class Journal:
    """The records of one search. For one process at a time; a second one only does work twice.

    Args:
        folder: where searches are kept; None keeps nothing.
        question: everything that decides what a candidate scores, in words; besides its networks.
        networks: digests, by name, of a view's networks that may be another one under the same name by now; raises a
            FenleiError where one cannot be had. What a network scored is not taken for what another one would.

    Attributes:
        time: what became of the time so far.
        begun: a candidate of long work that was begun and has not been judged.
    """

    def __init__(
        self, folder: Path | None, question: str, networks: Callable[[View], dict[str, str]] = _all_known
    ) -> None:
        self._folder = None
        self._networks = networks
        self.begun: Candidate | None = None
        self._records: dict[str, tuple[Record, Judged | None]] = {}
        self._next_time = 0.0
        self.time = TimeSpent()
        if folder is None:
            return
        self._folder = folder / hashlib.sha256(f"{VERSION} {question}".encode()).hexdigest()[:32]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise TrainingError(f"The cache {self._folder} cannot be written: {exc.strerror or exc}.") from exc
        found = [read for path in self._folder.glob("*.judged") if (read := _read(path)) is not None]
        self.begun = _begun(self._folder)
        for record, judged in sorted(found, key=lambda each: each[0].number):
            self._records[record.candidate.key] = record, judged
        self.time = self._read_time(self._folder / TIME)

    def __len__(self) -> int:
        return len(self._records)

    @property
    def candidates(self) -> list[Candidate]:
        """What was tried, in order, on networks that are still the same."""
        return [record.candidate for record, _ in self._records.values() if self._holds(record)]

    def find(self, candidate: Candidate) -> tuple[Record, Judged | None] | None:
        """What became of a candidate; None where it was not tried. `Judged` is None where it was dropped."""
        found = self._records.get(candidate.key)
        return found if found is not None and self._holds(found[0]) else None

    def begin(self, candidate: Candidate) -> None:
        """Write down that long work on a candidate begins, so that after a kill it is this one that goes on.

        Raises:
            TrainingError: the cache cannot be written.
        """
        self.begun = candidate
        if self._folder is not None:
            _write(self._folder / BEGUN, msgspec.json.encode(candidate))

    def add(self, candidate: Candidate, judged: Judged | None, seconds: float, dropped: str | None = None) -> Record:
        """Write down what became of a candidate.

        Raises:
            TrainingError: the cache cannot be written.
        """
        number = 1 + max((record.number for record, _ in self._records.values()), default=-1)
        record = Record(
            number=number, candidate=candidate, seconds=seconds, dropped=dropped, networks=self._under(candidate) or {}
        )
        if judged is not None:
            weights = judged.class_weights
            record = msgspec.structs.replace(
                record,
                setting=dict(judged.setting),
                temperature=judged.temperature,
                loss=judged.loss,
                seed=judged.seed,
                class_weights=None if weights is None else [float(weight) for weight in weights],
            )
        self._records[candidate.key] = record, judged
        if self._folder is not None:
            _write(self._folder / f"{candidate.key}.judged", _packed(record, judged))
        if self.begun == candidate:
            self.begun = None
            if self._folder is not None:
                (self._folder / BEGUN).unlink(missing_ok=True)
        return record

    def _holds(self, record: Record) -> bool:
        return self._under(record.candidate) == record.networks

    def _under(self, candidate: Candidate) -> dict[str, str] | None:
        with suppress(FenleiError):
            return self._networks(candidate.view)
        return None

    def keep_time(self, found: TimeSpent, *, at_once: bool = False) -> None:
        """Write down what became of the time, unless that was done just now.

        Raises:
            TrainingError: the cache cannot be written.
        """
        if self._folder is None or (not at_once and time.monotonic() < self._next_time):
            return
        self._next_time = time.monotonic() + OFTEN
        self.time = found
        _write(self._folder / TIME, msgspec.json.encode(found))

    def _read_time(self, path: Path) -> TimeSpent:
        """What is written down; where that is lost, no less than the candidates have taken."""
        least = sum(record.seconds for record, _ in self._records.values())
        found = TimeSpent()
        with suppress(OSError, msgspec.MsgspecError):
            found = msgspec.json.decode(path.read_bytes(), type=TimeSpent)
        return found if found.spent >= least else msgspec.structs.replace(found, spent=least)


def _packed(record: Record, judged: Judged | None) -> bytes:
    arrays: dict[str, NDArray[np.generic]] = {"record": np.frombuffer(msgspec.json.encode(record), _META)}
    if judged is not None:
        arrays |= {"held_out": judged.held_out, "logits": np.ascontiguousarray(judged.logits)}
    data = save(arrays)
    return hashlib.sha256(data).digest() + data


def _begun(folder: Path) -> Candidate | None:
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode((folder / BEGUN).read_bytes(), type=Candidate)
    return None


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as out:
        out.write(content)


def _read(path: Path) -> tuple[Record, Judged | None] | None:
    with suppress(OSError, SafetensorError, msgspec.MsgspecError, KeyError, ValueError):
        content = path.read_bytes()
        digest, data = content[:32], content[32:]
        if hashlib.sha256(data).digest() != digest:
            return None
        arrays = load(data)
        record = msgspec.json.decode(arrays["record"].tobytes(), type=Record)
        if record.dropped is not None:
            return record, None
        weights = record.class_weights
        judged = Judged(
            kind=record.candidate.kind,
            setting=record.setting,
            temperature=record.temperature,
            class_weights=None if weights is None else np.array(weights),
            held_out=arrays["held_out"],
            logits=arrays["logits"],
            loss=record.loss,
            seed=record.seed,
        )
        return record, judged
    return None
