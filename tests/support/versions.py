"""Model versions for tests: small real model files, kept as a run or an upload would have left them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fenlei.modelfile.file import pack
from tests.support.models import LABELS, tiny_model

if TYPE_CHECKING:
    from fenlei.store import Store
    from fenlei.store.tables import ModelVersion


def add_version(
    store: Store,
    model: str = "cats",
    labels: Sequence[str] = LABELS,
    *,
    project_id: str | None = None,
    data: bytes | None = None,
    **options: object,
) -> ModelVersion:
    """Add a version to a model, which is made when there is none of that name.

    Args:
        store: where to.
        model: its name.
        labels: class names.
        project_id: of a new model.
        data: the file's bytes, in place of a tiny model's.
        options: of the tiny model; see `tiny_model`.
    """
    from fenlei.store import new_id, now
    from fenlei.store.tables import Model, ModelVersion

    if data is None:
        data = pack(tiny_model(labels, **options))  # type: ignore[arg-type]
    assert store.blobs.put(data) == hashlib.sha256(data).hexdigest()
    with store.writing() as work:
        row = work.models.named(model)
        if row is None:
            row = work.models.add(Model(id=new_id("md"), name=model, project_id=project_id, created_at=now()))
        return work.models.add_version(
            ModelVersion(
                id=new_id("mv"),
                model_id=row.id,
                sha256=hashlib.sha256(data).hexdigest(),
                bytes=len(data),
                origin="upload",
                labels=list(labels),
                lineage={},
                tags=[],
                created_at=now(),
            )
        )
