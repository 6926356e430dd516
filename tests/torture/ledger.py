"""What the platform has acknowledged, kept by those who asked for it: none of it may be missing, none there twice."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Book:
    """What one person knows about one of their data sets, by the names of pictures.

    Attributes:
        id: of the data set.
        project: of the project that learns from it.
        sha256: of every picture whose import is done.
        ids: of these pictures.
        label: the id of the class that each shall have.
        labels: ids of classes by name.
        removed: names of those that shall be removed.
        changes: how many changes were acknowledged; every one of them has changed something.
        imports: on their way, by id: their files with their digests.
    """

    id: str
    project: str = ""
    sha256: dict[str, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    label: dict[str, str | None] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    changes: int = 0
    imports: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class Ledger:
    """Everything together. Lists grow by one thread each, or under `lock`.

    Attributes:
        books: by data set.
        acknowledged: writes by kind.
        repeated: calls that had to be sent again because no answer came.
        replayed: of these, the ones under a key that had been carried out the first time.
        versions: digests of data set versions by id.
        trainings: ids of training runs that were asked for.
        imports: ids of imports that were begun, by data set.
        committed: ids of those that are to be carried out.
        published: what was done to deployments, by id, in order: model version ids.
        given_up: runs that failed because they died too often.
        wrong: what was not as promised.
    """

    books: dict[str, Book] = field(default_factory=dict)
    acknowledged: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    replayed: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    trainings: list[str] = field(default_factory=list)
    imports: dict[str, list[str]] = field(default_factory=dict)
    committed: set[str] = field(default_factory=set)
    published: dict[str, list[str]] = field(default_factory=dict)
    given_up: int = 0
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, kind: str) -> None:
        """A write was acknowledged."""
        with self.lock:
            self.acknowledged[kind] += 1

    def again(self, *, replayed: bool) -> None:
        """A call was sent again and then answered."""
        with self.lock:
            self.repeated += 1
            self.replayed += replayed

    def complain(self, what: str) -> None:
        """Something is not as promised."""
        with self.lock:
            self.wrong.append(what)
