"""Which rows refer to which blobs. Whoever adds a column that names a blob adds it here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from fenlei.store.blobs import Blobs
from fenlei.store.graphs import outputs_told
from fenlei.store.tables import DatasetVersion, ModelVersion, Picture, Run, Step

NAMED: tuple[InstrumentedAttribute[str], ...] = (Picture.sha256, ModelVersion.sha256, DatasetVersion.digest)
"""Columns whose value is a blob's SHA-256. Removed pictures count: their removal can be undone."""

UNFINISHED = ("queued", "running")
"""States of runs whose finished steps will be read again; the blobs that those speak of are still needed."""

_LISTS = ("images", "split", "report")
"""Kinds of references to blobs that name further ones; see `pipelines.reference`."""

_DIGEST = re.compile(rb'"([0-9a-f]{64})"')
_ROWS = 10_000


def named_in_rows(session: Session) -> Iterator[str]:
    """The SHA-256 of every blob that a row names, as this transaction sees it; the same one may come several times."""
    for column in NAMED:
        yield from session.execute(select(column).distinct(), execution_options={"yield_per": _ROWS}).scalars()


def spoken_of_in_runs(session: Session) -> Iterator[str]:
    """Every SHA-256 in the results of runs and of nodes, and in the results of steps that a run may come back to. Some
    are of blobs; others are of networks, recipes and the like, which are no blobs."""
    results = select(cast(Run.result, Text)).where(Run.result.is_not(None))
    steps = select(cast(Step.result, Text)).join(Run, Run.id == Step.run_id).where(Run.state.in_(UNFINISHED))
    for statement in (results, steps):
        for told in session.execute(statement, execution_options={"yield_per": 100}).scalars():
            yield from _digests((told or "").encode())
    for told in outputs_told(session):
        yield from _digests(told.encode())


def lists_of_nodes(session: Session) -> set[str]:
    """The SHA-256 of every blob that a node left behind and that names further blobs: pictures of a split, maps of an
    explanation. Some may be gone."""
    found: set[str] = set()
    for told in outputs_told(session):
        _collect(json.loads(told), found)
    return found


def _collect(said: Any, found: set[str]) -> None:
    if not isinstance(said, dict):
        return
    # An export is an archive, and whole by itself.
    if said.get("kind") in _LISTS and said.get("about") != "export":
        found.add(str(said.get("digest")))
    for each in said.values():
        _collect(each, found)


def manifests(session: Session) -> dict[str, str]:
    """The manifests of data set versions, which name pictures in their turn: version id by SHA-256."""
    return {digest: version for version, digest in session.execute(select(DatasetVersion.id, DatasetVersion.digest))}


def named_in_manifest(blobs: Blobs, digest: str) -> Iterator[str]:
    """The SHA-256 of every picture that a manifest names, or of every blob that another list names.

    Raises:
        NotFound, DamagedBlob: it is missing or damaged, so that nobody knows what it names.
        StoreError: it cannot be read.
    """
    yield from _digests(blobs.get(digest))


def _digests(text: bytes) -> Iterator[str]:
    for found in _DIGEST.finditer(text):
        yield found[1].decode()
