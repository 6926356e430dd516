"""Routes of data sets: made, renamed, deleted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from fenlei.api.access import Editor, Here, Viewer
from fenlei.api.errors import documented
from fenlei.api.etag import Expected, tag
from fenlei.api.paging import After, Limit, Page, page
from fenlei.api.repeats import CreatingRoute
from fenlei.api.wire.base import DatasetId
from fenlei.api.wire.datasets import (
    DatasetChange,
    DatasetHanging,
    DatasetOut,
    NewDataset,
    dataset_out,
    hanging_out,
)
from fenlei.datasets.create import change_dataset, create_dataset, delete_dataset, what_hangs_on
from fenlei.projects.audit import audited, note
from fenlei.store import Store
from fenlei.store.tables import Dataset

router = APIRouter(tags=["data sets"], route_class=CreatingRoute)


@router.get("/datasets", responses=documented(401, 403))
def datasets(who: Viewer, here: Here, after: After = None, limit: Limit = 100) -> Page[DatasetOut]:
    """All data sets, the oldest first."""
    with here.store.reading() as work:
        found = work.datasets.page(after, limit)
        sizes = work.datasets.sizes([row.id for row in found[0]])
    return page(found, lambda row: dataset_out(row, sizes[row.id]))


@router.post("/datasets", status_code=201, responses=documented(401, 403, 409))
def new_dataset(body: NewDataset, who: Editor, here: Here, response: Response) -> DatasetOut:
    """Make an empty data set."""
    row = create_dataset(here.store, body.name, body.note, by=who.user_id)
    note(here.store, who, "dataset.add", row.id, name=row.name)
    tag(response, row.revision)
    return dataset_out(row, 0)


@router.get("/datasets/{dataset_id}", responses=documented(401, 403, 404))
def one_dataset(dataset_id: DatasetId, who: Viewer, here: Here, response: Response) -> DatasetOut:
    """A data set."""
    with here.store.reading() as work:
        row = work.datasets.get(dataset_id)
        pictures = work.datasets.sizes([dataset_id])[dataset_id]
    tag(response, row.revision)
    return dataset_out(row, pictures)


@router.patch("/datasets/{dataset_id}", responses=documented(401, 403, 404, 409, 412))
def edit_dataset(
    dataset_id: DatasetId, body: DatasetChange, who: Editor, here: Here, response: Response, expected: Expected
) -> DatasetOut:
    """Rename a data set, or write another note."""
    store = audited(here.store, who, "dataset.change", dataset_id, **body.model_dump(exclude_none=True))
    row = change_dataset(store, dataset_id, name=body.name, note=body.note, revision=expected)
    return _tagged(here.store, row, response)


@router.get("/datasets/{dataset_id}/hanging", responses=documented(401, 403, 404))
def hanging_on_dataset(dataset_id: DatasetId, who: Viewer, here: Here) -> DatasetHanging:
    """What would go, or lose its data set, if this one were deleted."""
    return hanging_out(what_hangs_on(here.store, dataset_id))


@router.delete("/datasets/{dataset_id}", responses=documented(401, 403, 404, 409, 412))
def remove_dataset(
    dataset_id: DatasetId,
    who: Editor,
    here: Here,
    expected: Expected,
    and_all: Annotated[bool, Query(description="Although versions or projects hang on it.")] = False,
) -> DatasetHanging:
    """Delete a data set with all that is in it; answers what hung on it.

    Projects that work on it and models that learned from it stay. There is no way back.
    """
    store = audited(here.store, who, "dataset.delete", dataset_id, and_all=and_all)
    return hanging_out(delete_dataset(store, dataset_id, and_all=and_all, revision=expected))


def _tagged(store: Store, row: Dataset, response: Response) -> DatasetOut:
    with store.reading() as work:
        pictures = work.datasets.sizes([row.id])[row.id]
    tag(response, row.revision)
    return dataset_out(row, pictures)
