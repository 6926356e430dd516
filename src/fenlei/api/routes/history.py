"""Routes of what was changed in a data set, undone and done again; and of its parts."""

from __future__ import annotations

from fastapi import APIRouter, Response

from fenlei.api.access import Here, Labeller, Viewer
from fenlei.api.errors import documented
from fenlei.api.etag import Expected, tag
from fenlei.api.paging import AfterNumber, Limit, Page, page
from fenlei.api.repeats import CreatingRoute
from fenlei.api.wire.base import DatasetId
from fenlei.api.wire.pictures import ChangeOut, OutcomeOut, SplitWish, outcome_out
from fenlei.datasets.history import history, redo, undo
from fenlei.datasets.splits import split_dataset
from fenlei.projects.audit import audited

router = APIRouter(tags=["changes"], route_class=CreatingRoute)

CHANGES = documented(401, 403, 404, 409, 412)


@router.get("/datasets/{dataset_id}/changes", responses=documented(401, 403, 404))
def changes(
    dataset_id: DatasetId, who: Viewer, here: Here, after: AfterNumber = None, limit: Limit = 100
) -> Page[ChangeOut]:
    """Who changed what in a data set and when, the latest first."""
    return page(history(here.store, dataset_id, after, limit), ChangeOut.model_validate)


@router.post("/datasets/{dataset_id}/changes/undo", responses=CHANGES)
def undo_change(dataset_id: DatasetId, who: Labeller, here: Here, response: Response, expected: Expected) -> OutcomeOut:
    """Take back the last change that is not undone; twice takes back two."""
    store = audited(here.store, who, "change.undo", dataset_id)
    outcome = undo(store, dataset_id, who.user_id, revision=expected)
    tag(response, outcome.revision)
    return outcome_out(outcome)


@router.post("/datasets/{dataset_id}/changes/redo", responses=CHANGES)
def redo_change(dataset_id: DatasetId, who: Labeller, here: Here, response: Response, expected: Expected) -> OutcomeOut:
    """Make the change again that was undone last."""
    store = audited(here.store, who, "change.redo", dataset_id)
    outcome = redo(store, dataset_id, who.user_id, revision=expected)
    tag(response, outcome.revision)
    return outcome_out(outcome)


@router.post("/datasets/{dataset_id}/splits", responses=CHANGES)
def split(
    dataset_id: DatasetId, body: SplitWish, who: Labeller, here: Here, response: Response, expected: Expected
) -> OutcomeOut:
    """Put all pictures into parts: training, validation, test. Parts are stored; this can be undone.

    Groups and duplicates stay together, every class has its share. Pictures that come later are in no part until
    somebody asks again; `fill` then leaves the others where they are.
    """
    store = audited(here.store, who, "dataset.split", dataset_id, **body.model_dump())
    outcome = split_dataset(
        store,
        dataset_id,
        body.method,
        fractions=None if body.fractions is None else {part.value: share for part, share in body.fractions.items()},
        seed=body.seed,
        fill=body.fill,
        by=who.user_id,
        revision=expected,
    )
    tag(response, outcome.revision)
    return outcome_out(outcome)
