"""Routes of pictures: listed, shown, labelled and moved by the thousand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from fenlei.api.access import Here, Labeller, Viewer
from fenlei.api.downloads import UNCHANGED, documents, download
from fenlei.api.errors import BadRequest, documented
from fenlei.api.etag import Expected, tag
from fenlei.api.paging import AfterNumber, Limit
from fenlei.api.repeats import CreatingRoute
from fenlei.api.wire.base import DatasetId, OfLabel, PictureId
from fenlei.api.wire.pictures import (
    Cell,
    Check,
    Chosen,
    CountsOut,
    MovedOut,
    OutcomeOut,
    PictureChange,
    PictureOut,
    PicturePage,
    PicturesChange,
    PicturesMove,
    SearchText,
    Side,
    Split,
    moved_out,
    outcome_out,
    selection_of,
)
from fenlei.datasets.browse import PictureFilter, browse, counts
from fenlei.datasets.labels import set_label
from fenlei.datasets.moving import move_pictures
from fenlei.datasets.splits import set_split
from fenlei.datasets.tending import remove_pictures, rename_picture, restore_pictures
from fenlei.datasets.thumbnails import MEDIA_TYPE, thumbnail
from fenlei.projects.audit import audited
from fenlei.store import Store
from fenlei.store.selection import Selection
from fenlei.store.tables import Picture

router = APIRouter(tags=["pictures"], route_class=CreatingRoute)

CHANGES = documented(401, 403, 404, 409, 412)

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "WebP": "image/webp",
    "HEIC": "image/heic",
    "AVIF": "image/avif",
}

IfNoneMatch = Annotated[str | None, Header(description="The `ETag` of what the caller has; answered 304 if it holds.")]


@router.get("/datasets/{dataset_id}/pictures", responses=documented(401, 403, 404))
def pictures(
    dataset_id: DatasetId,
    who: Viewer,
    here: Here,
    after: AfterNumber = None,
    limit: Limit = 100,
    label: OfLabel = None,
    labelled: Annotated[bool | None, Query(description="Only those with, or without, a class.")] = None,
    split: Annotated[Split | None, Query(description="Only those of this part; `none` for no part.")] = None,
    check: Annotated[Check | None, Query(description="Only those that this check has an open finding about.")] = None,
    text: Annotated[SearchText | None, Query(description="Only those with this in their name.")] = None,
    removed: Annotated[bool, Query(description="The removed ones instead.")] = False,
    newest_first: Annotated[bool, Query(description="The other way round; the cursor belongs to it.")] = False,
) -> PicturePage:
    """The pictures of a data set, in the order in which they came. Conditions add up."""
    wanted = PictureFilter(label, labelled, split, check, text, removed)
    with here.store.reading() as work:
        found = browse(work, dataset_id, wanted, after, limit, newest_first=newest_first)
    return PicturePage(
        items=[PictureOut.model_validate(row) for row in found.pictures],
        next=None if found.next is None else str(found.next),
        total=found.total,
    )


@router.get("/datasets/{dataset_id}/counts", responses=documented(401, 403, 404))
def picture_counts(dataset_id: DatasetId, who: Viewer, here: Here) -> CountsOut:
    """How many pictures a data set has, by class and by part."""
    with here.store.reading() as work:
        found = counts(work, dataset_id)
    cells = [
        Cell(label_id=label_id, split=split, pictures=number)
        for label_id, parts in found.cells.items()
        for split, number in parts.items()
    ]
    return CountsOut(
        total=found.total,
        removed=found.removed,
        unlabelled=found.unlabelled,
        labels=found.labels,
        splits=found.splits,
        cells=cells,
    )


@router.patch("/datasets/{dataset_id}/pictures", responses=CHANGES)
def edit_pictures(
    dataset_id: DatasetId, body: PicturesChange, who: Labeller, here: Here, response: Response, expected: Expected
) -> OutcomeOut:
    """Change one thing of many pictures: their class, their part, or whether they are removed. It can be undone.

    The pictures are named by their ids, or chosen by a filter, however many it lets through.
    """
    given = body.model_fields_set & {"label_id", "split", "removed"}
    if len(given) != 1 or (given == {"removed"} and body.removed is None):
        allowed = "exactly one of label_id, split, removed"
        raise BadRequest(f"What shall change of the pictures? Send {allowed}.", "label_id", allowed)
    chosen = _selection(body.pictures)
    detail = {"label_id": body.label_id} if "label_id" in given else {"split": body.split} if "split" in given else {}
    verb = "label" if "label_id" in given else "split" if "split" in given else "remove" if body.removed else "restore"
    store = audited(here.store, who, f"pictures.{verb}", dataset_id, **detail, **_said(chosen))
    by = who.user_id
    if "label_id" in given:
        outcome = set_label(store, dataset_id, chosen, body.label_id, by, revision=expected)
    elif "split" in given:
        outcome = set_split(store, dataset_id, chosen, body.split, by, revision=expected)
    elif body.removed:
        outcome = remove_pictures(store, dataset_id, chosen, by, revision=expected)
    else:
        outcome = restore_pictures(store, dataset_id, chosen, by, revision=expected)
    tag(response, outcome.revision)
    return outcome_out(outcome)


@router.post("/datasets/{dataset_id}/pictures/move", responses=CHANGES)
def move(
    dataset_id: DatasetId, body: PicturesMove, who: Labeller, here: Here, response: Response, expected: Expected
) -> MovedOut:
    """Move pictures to another data set; they keep their class by its name. It can be undone from either."""
    chosen = _selection(body.pictures)
    store = audited(here.store, who, "pictures.move", dataset_id, to=body.to, **_said(chosen))
    moved = move_pictures(store, dataset_id, chosen, body.to, who.user_id, revision=expected)
    tag(response, moved.revision)
    return moved_out(moved)


@router.get("/pictures/{picture_id}", responses=documented(401, 403, 404))
def one_picture(picture_id: PictureId, who: Viewer, here: Here) -> PictureOut:
    """A picture, removed or not."""
    return PictureOut.model_validate(_picture(here.store, picture_id))


@router.patch("/pictures/{picture_id}", responses=CHANGES)
def edit_picture(
    picture_id: PictureId, body: PictureChange, who: Labeller, here: Here, response: Response, expected: Expected
) -> OutcomeOut:
    """Give a picture another name. `If-Match` is about its data set."""
    dataset_id = _picture(here.store, picture_id).dataset_id
    store = audited(here.store, who, "picture.rename", dataset_id, picture=picture_id, name=body.name)
    outcome = rename_picture(store, dataset_id, picture_id, body.name, who.user_id, revision=expected)
    tag(response, outcome.revision)
    return outcome_out(outcome)


@router.get(
    "/pictures/{picture_id}/file",
    response_class=Response,
    responses=documents("image/*", said="The file as it came.", tagged=True) | UNCHANGED | documented(401, 403, 404),
)
def picture_file(
    picture_id: PictureId,
    who: Viewer,
    here: Here,
    if_none_match: IfNoneMatch = None,
    as_file: Annotated[bool, Query(description="For the disk rather than for the screen.")] = False,
) -> Response:
    """The file of a picture, as it came."""
    row = _picture(here.store, picture_id)
    headers = {"etag": f'"{row.sha256}"', "cache-control": "private, max-age=86400"}
    if _known(if_none_match, headers["etag"]):
        return Response(status_code=304, headers=headers)
    media_type = MEDIA_TYPES.get(row.format, "application/octet-stream")
    return download(here.store.blobs.stream(row.sha256), media_type, row.name, headers=headers, shown=not as_file)


@router.get(
    "/pictures/{picture_id}/thumbnail",
    response_class=Response,
    responses=documents(MEDIA_TYPE, said="A small WebP, upright.", tagged=True, named=False)
    | UNCHANGED
    | documented(401, 403, 404),
)
def picture_thumbnail(
    picture_id: PictureId,
    who: Viewer,
    here: Here,
    side: Side = 256,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """A picture, small: for lists. A browser may keep it for ever."""
    row = _picture(here.store, picture_id)
    headers = {"etag": f'"{row.sha256}-{side}"', "cache-control": "private, max-age=31536000, immutable"}
    if _known(if_none_match, headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(thumbnail(here.store, here.cache, row.sha256, side), media_type=MEDIA_TYPE, headers=headers)


def _picture(store: Store, picture_id: int) -> Picture:
    with store.reading() as work:
        return work.pictures.get(picture_id)


def _selection(chosen: Chosen) -> Selection:
    found = selection_of(chosen)
    if found is None:
        allowed = "either ids or filter"
        raise BadRequest(f"Which pictures? Send {allowed}.", "pictures", allowed)
    return found


def _said(chosen: Selection) -> dict[str, object]:
    """For the audit log: how many ids, or which filter; the history of the data set knows every picture."""
    if isinstance(chosen, PictureFilter):
        return {"filter": {name: value for name, value in vars(chosen).items() if value not in (None, False)}}
    return {"ids": len(chosen)}


def _known(if_none_match: str | None, etag: str) -> bool:
    return if_none_match is not None and etag in [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
