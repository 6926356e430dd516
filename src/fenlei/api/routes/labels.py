"""Routes of classes: declared, renamed, merged, put in order, deleted."""

from __future__ import annotations

from fastapi import APIRouter, Response

from fenlei.api.access import Here, Labeller, Viewer
from fenlei.api.errors import documented
from fenlei.api.etag import Expected, tag
from fenlei.api.repeats import CreatingRoute
from fenlei.api.wire.base import DatasetId, LabelId
from fenlei.api.wire.labels import LabelChange, LabelMerge, LabelOrder, LabelOut, NewLabel
from fenlei.api.wire.pictures import OutcomeOut, outcome_out
from fenlei.datasets.labels import add_label, delete_label, labels_of, merge_labels, rename_label, reorder_labels
from fenlei.projects.audit import audited
from fenlei.store import Store

router = APIRouter(tags=["classes"], route_class=CreatingRoute)

CHANGES = documented(401, 403, 404, 409, 412)


@router.get("/datasets/{dataset_id}/labels", responses=documented(401, 403, 404))
def labels(dataset_id: DatasetId, who: Viewer, here: Here, response: Response) -> list[LabelOut]:
    """The classes of a data set, in their order. The `ETag` is the data set's."""
    _tag(here.store, dataset_id, response)
    return [LabelOut.model_validate(row) for row in labels_of(here.store, dataset_id)]


@router.post("/datasets/{dataset_id}/labels", status_code=201, responses=CHANGES)
def new_label(
    dataset_id: DatasetId, body: NewLabel, who: Labeller, here: Here, response: Response, expected: Expected
) -> LabelOut:
    """Declare a class, behind the others. `If-Match` is about the data set here and in all that concerns classes."""
    store = audited(here.store, who, "label.add", dataset_id, name=body.name)
    row = add_label(store, dataset_id, body.name, who.user_id, revision=expected)
    _tag(here.store, dataset_id, response)
    return LabelOut.model_validate(row)


@router.patch("/datasets/{dataset_id}/labels/{label_id}", responses=CHANGES)
def edit_label(
    dataset_id: DatasetId,
    label_id: LabelId,
    body: LabelChange,
    who: Labeller,
    here: Here,
    response: Response,
    expected: Expected,
) -> LabelOut:
    """Give a class another name."""
    store = audited(here.store, who, "label.rename", dataset_id, label_id=label_id, name=body.name)
    row = rename_label(store, dataset_id, label_id, body.name, who.user_id, revision=expected)
    _tag(here.store, dataset_id, response)
    return LabelOut.model_validate(row)


@router.delete("/datasets/{dataset_id}/labels/{label_id}", responses=CHANGES)
def remove_label(
    dataset_id: DatasetId, label_id: LabelId, who: Labeller, here: Here, response: Response, expected: Expected
) -> OutcomeOut:
    """Delete a class. Its pictures stay, without a class."""
    store = audited(here.store, who, "label.delete", dataset_id, label_id=label_id)
    outcome = delete_label(store, dataset_id, label_id, who.user_id, revision=expected)
    tag(response, outcome.revision)
    return outcome_out(outcome)


@router.post("/datasets/{dataset_id}/labels/merge", responses=CHANGES)
def join_labels(
    dataset_id: DatasetId, body: LabelMerge, who: Labeller, here: Here, response: Response, expected: Expected
) -> OutcomeOut:
    """Make several classes one: their pictures get the class that stays, the others go."""
    store = audited(here.store, who, "label.merge", dataset_id, labels=body.labels, into=body.into)
    outcome = merge_labels(store, dataset_id, body.labels, body.into, who.user_id, revision=expected)
    tag(response, outcome.revision)
    return outcome_out(outcome)


@router.put("/datasets/{dataset_id}/labels/order", responses=CHANGES)
def order_labels(
    dataset_id: DatasetId, body: LabelOrder, who: Labeller, here: Here, response: Response, expected: Expected
) -> OutcomeOut:
    """Put the classes in another order. Models that are trained from then on have it."""
    store = audited(here.store, who, "label.reorder", dataset_id, labels=body.labels)
    outcome = reorder_labels(store, dataset_id, body.labels, who.user_id, revision=expected)
    tag(response, outcome.revision)
    return outcome_out(outcome)


def _tag(store: Store, dataset_id: str, response: Response) -> None:
    with store.reading() as work:
        tag(response, work.datasets.get(dataset_id).revision)
