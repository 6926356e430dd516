"""Routes of versions of data sets: made, compared, taken away."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from fenlei.api.access import Editor, Here, Viewer
from fenlei.api.downloads import documents, download
from fenlei.api.errors import documented
from fenlei.api.paging import AfterPlace, Limit, Page, page
from fenlei.api.repeats import CreatingRoute
from fenlei.api.wire.base import DatasetId, VersionId
from fenlei.api.wire.versions import DiffPage, NewVersion, VersionOut, diff_page
from fenlei.datasets.diff import Kind, diff
from fenlei.datasets.download import download_csv, download_zip
from fenlei.datasets.versions import make_version, read_current, read_version
from fenlei.projects.audit import audited
from fenlei.store import Store

router = APIRouter(tags=["versions"], route_class=CreatingRoute)

ZIP = documents("application/zip", said="A zip of class folders.") | documented(401, 403, 404)
CSV = documents("text/csv", said="UTF-8: name, label, split, group, sha256, width, height, bytes.") | documented(
    401, 403, 404
)

Parts = Annotated[bool, Query(description="Put `train/`, `validation/` and `test/` around the class folders.")]


@router.get("/datasets/{dataset_id}/versions", responses=documented(401, 403, 404))
def versions(
    dataset_id: DatasetId, who: Viewer, here: Here, after: AfterPlace = None, limit: Limit = 100
) -> Page[VersionOut]:
    """The versions of a data set, the latest first."""
    with here.store.reading() as work:
        work.datasets.get(dataset_id)
        found = work.versions.page(dataset_id, after, limit)
    return page(found, VersionOut.model_validate)


@router.post("/datasets/{dataset_id}/versions", status_code=201, responses=documented(401, 403, 404, 409))
def new_version(dataset_id: DatasetId, body: NewVersion, who: Editor, here: Here) -> VersionOut:
    """Keep a data set as it is now. Where it is as it was in an earlier version, that one is the version."""
    store = audited(here.store, who, "version.make", dataset_id)
    return VersionOut.model_validate(make_version(store, dataset_id, body.note, who.user_id))


@router.get("/versions/{version_id}", responses=documented(401, 403, 404))
def one_version(version_id: VersionId, who: Viewer, here: Here) -> VersionOut:
    """A version."""
    with here.store.reading() as work:
        return VersionOut.model_validate(work.versions.get(version_id))


@router.get("/versions/{version_id}/diff/{other_id}", responses=documented(401, 403, 404))
def version_diff(
    version_id: VersionId,
    other_id: VersionId,
    who: Viewer,
    here: Here,
    after: AfterPlace = None,
    limit: Limit = 100,
    kind: Annotated[Kind | None, Query(description="Only differences of this kind.")] = None,
) -> DiffPage:
    """What is different in the other version: pictures added, removed, relabelled, moved, regrouped."""
    found = diff(read_version(here.store, version_id), read_version(here.store, other_id))
    return diff_page(found, after, limit, kind)


@router.get("/versions/{version_id}/download.zip", response_class=Response, responses=ZIP)
def version_zip(version_id: VersionId, who: Viewer, here: Here, parts: Parts = False) -> Response:
    """The pictures of a version as a zip of class folders. The same version is the same bytes."""
    content = read_version(here.store, version_id)
    name = f"{_name(here.store, version_id)}.zip"
    return download(download_zip(here.store, content, parts=parts), "application/zip", name)


@router.get("/versions/{version_id}/manifest.csv", response_class=Response, responses=CSV)
def version_csv(version_id: VersionId, who: Viewer, here: Here) -> Response:
    """The list of the pictures of a version."""
    content = read_version(here.store, version_id)
    return download(download_csv(content), "text/csv", f"{_name(here.store, version_id)}.csv")


@router.get("/datasets/{dataset_id}/download.zip", response_class=Response, responses=ZIP)
def dataset_zip(dataset_id: DatasetId, who: Viewer, here: Here, parts: Parts = False) -> Response:
    """The pictures of a data set as it is now, as a zip of class folders."""
    content, name = read_current(here.store, dataset_id), _dataset_name(here.store, dataset_id)
    return download(download_zip(here.store, content, parts=parts), "application/zip", f"{name}.zip")


@router.get("/datasets/{dataset_id}/manifest.csv", response_class=Response, responses=CSV)
def dataset_csv(dataset_id: DatasetId, who: Viewer, here: Here) -> Response:
    """The list of the pictures of a data set as it is now."""
    content, name = read_current(here.store, dataset_id), _dataset_name(here.store, dataset_id)
    return download(download_csv(content), "text/csv", f"{name}.csv")


def _name(store: Store, version_id: str) -> str:
    with store.reading() as work:
        version = work.versions.get(version_id)
        return f"{work.datasets.get(version.dataset_id).name} {version.number}"


def _dataset_name(store: Store, dataset_id: str) -> str:
    with store.reading() as work:
        return work.datasets.get(dataset_id).name
