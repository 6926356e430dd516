"""Imports: pictures sent into a data set, looked into, carried out. What broke off is gone on with, not begun anew."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from fenlei.client.management.link import Link
from fenlei.client.management.records import Entry, Import, Run, Upload
from fenlei.client.management.runs import Runs
from fenlei.client.management.uploading import Announced, announced, one_file, send_file

Progress = Callable[[str, float], None]
"""Told what is going on, and how much of it is done, 0 to 1."""

_UPLOAD = {"kind": "upload"}
_OPEN, _GOING_ON = {"open", "previewed"}, {"queued", "importing"}
_LATEST = 100
"""Imports of a data set among which one that broke off is looked for."""


def silent(stage: str, part: float) -> None:
    """Tells nobody."""


class Imports:
    """Pictures on their way into data sets."""

    def __init__(self, link: Link, runs: Runs) -> None:
        self._link = link
        self._runs = runs

    def list(self, dataset_id: str) -> Iterator[Import]:
        """Imports into a data set, the latest first."""
        return self._link.pages(f"/datasets/{dataset_id}/imports", Import)

    def get(self, import_id: str) -> Import:
        """An import: where it stands, what was found, what became of it."""
        return self._link.get(f"/imports/{import_id}", Import)

    def send(
        self,
        dataset_id: str,
        source: str | Path,
        *,
        format: str | None = None,  # noqa: A002
        label: str | None = None,
        progress: Progress = silent,
    ) -> Import:
        """Send a picture, an archive, a manifest or a folder, and let the platform look into it. The data set does not
        change before `commit`. Sent again after an interruption, it goes on where it stopped.

        Args:
            dataset_id: where the pictures shall go.
            source: on this machine.
            format: slug of a format; None finds out by looking.
            label: class of all pictures that bring none of their own.
            progress: told how far it is.

        Returns:
            The import; `found` says what is in it, and what will be skipped and why.

        Raises:
            PlatformError: it did not arrive, or nothing can be made of it.
            OSError: it cannot be read.
        """
        options = {"format": format, "label": label}
        with one_file(Path(source)) as (path, name):
            file = announced(path, name)
            begun = self._broken_off(dataset_id, _UPLOAD, options, file) or self._begin(dataset_id, _UPLOAD, options)
            if begun.state in _OPEN:
                send_file(self._link, begun.id, file, lambda done, total: progress("sending", done / max(total, 1)))
        return self._looked_into(begun)

    def find_on_server(
        self,
        dataset_id: str,
        path: str,
        *,
        format: str | None = None,  # noqa: A002
        label: str | None = None,
    ) -> Import:
        """As `send`, of what lies on the server below a folder from which its operator allows imports."""
        source, options = {"kind": "path", "path": path}, {"format": format, "label": label}
        return self._looked_into(
            self._broken_off(dataset_id, source, options) or self._begin(dataset_id, source, options)
        )

    def begin(
        self,
        dataset_id: str,
        *,
        format: str | None = None,  # noqa: A002
        label: str | None = None,
    ) -> Import:
        """Begin an import whose files are sent one by one by `send_small`, then looked into, then committed."""
        return self._begin(dataset_id, _UPLOAD, {"format": format, "label": label})

    def send_small(self, import_id: str, name: str, data: bytes) -> Upload:
        """Send a file of at most 64 MiB whole; one that was sent under this name before goes.

        Args:
            import_id: of an import that is open.
            name: what it is called there, a path with `/`, such as `cat/1.jpg`.
            data: its bytes.
        """
        query = {"name": name, "sha256": hashlib.sha256(data).hexdigest()}
        response = self._link.send("PUT", f"/imports/{import_id}/files", query=query, content=data)
        return msgspec.json.decode(response.content, type=Upload, strict=False)

    def uploads(self, import_id: str) -> Iterator[Upload]:
        """The files that were announced, in that order, and how much of each is there."""
        return self._link.pages(f"/imports/{import_id}/uploads", Upload)

    def take_away(self, upload_id: str) -> None:
        """Take a file away from an import that is still open."""
        self._link.delete(f"/uploads/{upload_id}")

    def look_into(self, import_id: str) -> Import:
        """Look into what was sent; `found` says what is in it, and what will be skipped and why."""
        return self._link.post(f"/imports/{import_id}/preview", Import)

    def commit(self, import_id: str, *, progress: Progress = silent) -> Import:
        """Carry an import out, and wait until it is. One that failed or was cancelled goes on where it stopped; one
        that is being carried out already is waited for.

        Raises:
            PlatformError, RunEnded: it was not carried out; asked for again it goes on where it stopped.
        """
        begun = self.get(import_id)
        if begun.state == "done":
            return begun
        if begun.state in _GOING_ON and begun.run_id is not None:
            run = self._runs.get(begun.run_id)
            run = self._runs.retry(run.id) if run.state in {"failed", "cancelled"} else run
        else:
            run = self._link.post(f"/imports/{import_id}/commit", Run)
        self._runs.wait(run.id, on_progress=progress)
        return self.get(import_id)

    def cancel(self, import_id: str) -> Import:
        """Stop an import. What it brought into the data set so far stays."""
        return self._link.post(f"/imports/{import_id}/cancel", Import)

    def entries(self, import_id: str) -> Iterator[Entry]:
        """What became of each file."""
        return self._link.pages(f"/imports/{import_id}/entries", Entry)

    def report(self, import_id: str, target: str | Path) -> Path:
        """Save what became of each file as CSV."""
        return self._link.download(f"/imports/{import_id}/report.csv", Path(target))

    def _begin(self, dataset_id: str, source: dict[str, Any], options: dict[str, Any]) -> Import:
        return self._link.post(f"/datasets/{dataset_id}/imports", Import, {"source": source, "options": options})

    def _looked_into(self, begun: Import) -> Import:
        return self.look_into(begun.id) if begun.state in _OPEN else begun

    def _broken_off(
        self, dataset_id: str, source: dict[str, Any], options: dict[str, Any], file: Announced | None = None
    ) -> Import | None:
        """The latest import of the same that did not come to its end."""
        for row in islice(self.list(dataset_id), _LATEST):
            same = row.state != "done" and row.source == source and row.options == options
            if same and (file is None or self._holds(row, file)):
                return row
        return None

    def _holds(self, row: Import, file: Announced) -> bool:
        """Whether this file and no other was sent to an import, or can still be sent to its end."""
        sent = list(islice(self.uploads(row.id), 2))
        if [(each.name, each.size, each.sha256) for each in sent] != [(file.name, file.size, file.sha256)]:
            return False
        return row.state in _OPEN or sent[0].received == file.size
