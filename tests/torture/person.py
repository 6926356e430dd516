"""Somebody who works with the platform at random, whatever happens to it, and writes down what it acknowledged."""

from __future__ import annotations

import hashlib
import io
import random
import threading
import zipfile
from collections.abc import Callable
from typing import Any

from tests.support.drawing import png
from tests.torture.hand import Hand, Refused
from tests.torture.ledger import Book, Ledger

CLASSES = ("apple", "梨", "plum")
SIDE = 24
MOST_SETS = 3
MOST_WAITING = 1
"""Imports into one data set, and trainings of one person, that wait."""


class Person(threading.Thread):
    """Works until the end; belongs to nobody else's data sets."""

    def __init__(self, name: str, seed: int, hand: Hand, ledger: Ledger, over: threading.Event) -> None:
        super().__init__(name=name)
        self._random = random.Random(f"{name} {seed}")
        self._hand, self._ledger, self._over = hand, ledger, over
        self._books: list[Book] = []
        self._training: dict[str, Book] = {}
        self._models: dict[str, list[str]] = {}
        self._drawn = 0

    def run(self) -> None:
        """Until the end."""
        try:
            self._new_set()
            while not self._over.is_set():
                self._harvest()
                self._choose()()
        except Exception as exc:  # noqa: BLE001 (whatever it is, it is a finding)
            self._ledger.complain(f"{self.name}: {type(exc).__name__}: {exc}")

    def settle(self) -> None:
        """Take in what has come of everything since; to be called when the thread has ended."""
        self._harvest()

    def _choose(self) -> Callable[[], object]:
        book = self._random.choice(self._books)
        ways: list[tuple[int, Callable[[], object]]] = [(1, self._new_set), (2, lambda: self._bring(book))]
        if len(book.labels) > 1 and book.label:
            ways += [
                (8, lambda: self._label(book, 1)),
                (5, lambda: self._label(book, self._random.randint(2, 40))),
                (3, lambda: self._remove(book)),
                (3, lambda: self._put_back(book)),
                (3, lambda: self._undo(book)),
                (2, lambda: self._version(book)),
                (3, lambda: self._train(book)),
            ]
        if self._models:
            ways.append((4, self._publish))
        if any(len(each) > 1 for each in self._ledger.published.values()):
            ways.append((2, self._roll_back))
        return self._random.choices([way for _, way in ways], [weight for weight, _ in ways])[0]

    def _new_set(self) -> None:
        if len(self._books) == MOST_SETS:
            return
        name = f"{self.name} {len(self._books) + 1}"
        book = Book(self._do("data set", "POST", "/datasets", {"name": name})["id"])
        wish = {"name": name, "dataset_id": book.id, "settings": {"goal": "fast"}}
        book.project = self._do("project", "POST", "/projects", wish)["id"]
        self._books.append(book)
        self._ledger.books[book.id] = book
        self._ledger.imports[book.id] = []
        self._bring(book)

    def _bring(self, book: Book) -> None:
        if len(book.imports) >= MOST_WAITING:
            return
        files: dict[str, bytes] = {}
        for label in CLASSES:
            for _ in range(self._random.randint(4, 40)):
                self._drawn += 1
                seed = int.from_bytes(hashlib.sha256(f"{self.name} {self._drawn}".encode()).digest()[:4], "big")
                files[f"{label}/{self.name}-{self._drawn}.png"] = png(SIDE, SIDE, seed=seed)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        source = {"source": {"kind": "upload"}}
        begun = self._do("import", "POST", f"/datasets/{book.id}/imports", source)["id"]
        self._ledger.imports[book.id].append(begun)
        self._send(begun, packed.getvalue())
        if self._random.random() < 0.5:
            self._hand.ask("POST", f"/imports/{begun}/preview")
        self._do("commit", "POST", f"/imports/{begun}/commit")
        self._ledger.committed.add(begun)
        book.imports[begun] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}

    def _send(self, begun: str, data: bytes) -> None:
        announced = {"name": "pictures.zip", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        upload = self._do("upload", "POST", f"/imports/{begun}/uploads", announced)
        safe = 0
        while upload["received"] < len(data):
            if upload["received"] < safe:
                self._ledger.complain(f"of upload {upload['id']} {safe} bytes were safe, {upload['received']} are left")
            safe = upload["received"]
            piece = data[safe : safe + self._random.choice((20_000, 100_000, len(data)))]
            try:
                upload = self._do("piece", "PUT", f"/uploads/{upload['id']}", content=piece, offset=safe)
            except Refused as exc:
                if exc.response is None or exc.response.status_code != 409:
                    raise
                upload = self._hand.ask("GET", f"/uploads/{upload['id']}")  # the first attempt had arrived after all

    def _harvest(self) -> None:
        """See to runs that are over."""
        for book in self._books:
            for begun, files in list(book.imports.items()):
                seen = self._hand.ask("GET", f"/imports/{begun}")
                if seen["state"] == "failed" or self._run_failed(seen):
                    with self._ledger.lock:
                        self._ledger.given_up += 1
                    self._hand.ask("POST", f"/runs/{seen['run_id']}/retry")
                elif seen["state"] == "done":
                    self._take_in(book, begun, files, seen)
        for run_id, book in list(self._training.items()):
            run = self._hand.ask("GET", f"/runs/{run_id}")
            if run["state"] in {"done", "failed", "cancelled"}:
                del self._training[run_id]
            if run["state"] == "done":
                self._models.setdefault(book.project, []).append(run["result"]["model_version_id"])
            elif run["state"] == "failed":
                with self._ledger.lock:
                    self._ledger.given_up += 1

    def _run_failed(self, seen: dict[str, Any]) -> bool:
        return bool(self._hand.ask("GET", f"/runs/{seen['run_id']}")["state"] == "failed")

    def _take_in(self, book: Book, begun: str, files: dict[str, str], seen: dict[str, Any]) -> None:
        if seen["counts"].get("added") != len(files):
            self._ledger.complain(f"import {begun} of {len(files)} pictures says {seen['counts']}")
        del book.imports[begun]
        book.sha256 |= files
        book.labels = {row["name"]: row["id"] for row in self._hand.ask("GET", f"/datasets/{book.id}/labels")}
        for row in self.pictures(book):
            if row["name"] in files:
                book.ids[row["name"]] = row["id"]
                book.label[row["name"]] = book.labels.get(row["name"].partition("/")[0])

    def pictures(self, book: Book, **query: Any) -> list[dict[str, Any]]:
        """All pictures of a data set that are there."""
        found: list[dict[str, Any]] = []
        after: dict[str, Any] = {}
        while True:
            page = self._hand.ask("GET", f"/datasets/{book.id}/pictures", limit=500, **after, **query)
            found += page["items"]
            if page["next"] is None:
                return found
            after = {"after": page["next"]}

    def _label(self, book: Book, most: int) -> list[str]:
        wanted = self._random.choice(list(book.labels.values()))
        there = [name for name, label in book.label.items() if label != wanted and name not in book.removed]
        names = self._random.sample(there, min(most, len(there)))
        if names:
            body = {"pictures": {"ids": [book.ids[name] for name in names]}, "label_id": wanted}
            self._change("label", book, body)
            book.label |= dict.fromkeys(names, wanted)
        return names

    def _remove(self, book: Book) -> None:
        there = sorted(set(book.label) - book.removed)
        names = self._random.sample(there, min(3, max(0, len(there) - 20)))
        if names:
            self._change("remove", book, {"pictures": {"ids": [book.ids[name] for name in names]}, "removed": True})
            book.removed |= set(names)

    def _put_back(self, book: Book) -> None:
        names = self._random.sample(sorted(book.removed), min(2, len(book.removed)))
        if names:
            self._change("restore", book, {"pictures": {"ids": [book.ids[name] for name in names]}, "removed": False})
            book.removed -= set(names)

    def _undo(self, book: Book) -> None:
        if book.imports:
            return
        before = dict(book.label)
        if self._label(book, 5):
            answer = self._do("undo", "POST", f"/datasets/{book.id}/changes/undo")
            if answer.get("change") is None:
                self._ledger.complain(f"{book.id}: undoing changed nothing: {answer}")
            book.changes += 1
            book.label = before

    def _change(self, kind: str, book: Book, body: dict[str, Any]) -> None:
        """A change that is sent again is the same change: it is true already then, or it was not made."""
        self._do(kind, "PATCH", f"/datasets/{book.id}/pictures", body)
        book.changes += 1

    def _version(self, book: Book) -> None:
        made = self._do("version", "POST", f"/datasets/{book.id}/versions", {})
        self._ledger.versions[made["id"]] = made["digest"]

    def _train(self, book: Book) -> None:
        if len(self._training) >= MOST_WAITING:
            return
        try:
            run = self._do("training", "POST", f"/projects/{book.project}/runs", {})
        except Refused as exc:
            if "cannot be trained on" in str(exc):
                return  # by our own labelling
            raise
        self._training[run["id"]] = book
        self._ledger.trainings.append(run["id"])

    def _publish(self) -> None:
        project = self._random.choice(list(self._models))
        version = self._random.choice(self._models[project])
        name = f"of-{project[3:]}".lower()[:60]
        wish = {"name": name, "model_version_id": version, "open": True}
        answer = self._hand.answer("POST", "/deployments", wish)
        self._ledger.count("publish")
        if answer.status_code == 409:  # carried out by a call whose answer was lost
            found = [each for each in self._hand.ask("GET", "/deployments", limit=500)["items"] if each["name"] == name]
            if not found:
                self._ledger.complain(f"{name} was published, and is not there")
                return
            deployment = found[0]
        else:
            deployment = answer.json()["deployment"]
        self._ledger.published.setdefault(deployment["id"], []).append(version)

    def _roll_back(self) -> None:
        """Only deployments of one's own: the order in which others publish is not known here."""
        own = {each["id"] for each in self._hand.ask("GET", "/deployments", limit=500)["items"] if self._is_own(each)}
        several = [each for each in own if len(set(self._ledger.published.get(each, ()))) > 1]
        if several:
            deployment = self._random.choice(sorted(several))
            version = self._random.choice(self._ledger.published[deployment])
            wish = {"model_version_id": version}
            self._do("roll back", "POST", f"/deployments/{deployment}/rollback", wish)
            self._ledger.published[deployment].append(version)

    def _is_own(self, deployment: dict[str, Any]) -> bool:
        return deployment["project_id"] in {book.project for book in self._books}

    def _do(self, kind: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = self._hand.ask(method, path, body, **more)
        self._ledger.count(kind)
        return answer
