"""Routes of checks: asked, read, fixed."""

from __future__ import annotations

from fastapi import APIRouter, Response

from fenlei.api.access import Here, Labeller, Viewer
from fenlei.api.errors import documented
from fenlei.api.etag import Expected, tag
from fenlei.api.paging import AfterNumber, Limit, Page, page
from fenlei.api.repeats import CreatingRoute
from fenlei.api.wire.base import DatasetId
from fenlei.api.wire.checks import CheckName, CheckOut, ChecksWish, FindingOut, FixedOut
from fenlei.api.wire.runs import RunOut, run_out
from fenlei.datasets.checking import CHECKS
from fenlei.datasets.checks import check_states, findings
from fenlei.datasets.fixes import fix
from fenlei.projects.audit import audited
from fenlei.projects.dataset_runs import start_checks
from fenlei.runs import position

router = APIRouter(tags=["checks"], route_class=CreatingRoute)

CHANGES = documented(401, 403, 404, 409, 412)


@router.get("/datasets/{dataset_id}/checks", responses=documented(401, 403, 404))
def checks(dataset_id: DatasetId, who: Viewer, here: Here) -> list[CheckOut]:
    """Where every check stands: what it found, when, and whether the data set was changed since."""
    with here.store.reading() as work:
        return [CheckOut.model_validate(each) for each in check_states(work, dataset_id)]


@router.post("/datasets/{dataset_id}/checks", status_code=202, responses=CHANGES)
def ask_checks(dataset_id: DatasetId, body: ChecksWish, who: Labeller, here: Here, expected: Expected) -> RunOut:
    """Look for what may be wrong with the pictures, as a run.

    What is found takes the place of what was found before.
    """
    names = list(CHECKS) if body.checks is None else body.checks
    store = audited(here.store, who, "checks.ask", dataset_id, checks=names)
    run = start_checks(store, dataset_id, names, who.user_id, revision=expected)
    with here.store.reading() as work:
        return run_out(run, position(work, run.id))


@router.get("/datasets/{dataset_id}/checks/{check}/findings", responses=documented(401, 403, 404))
def check_findings(
    dataset_id: DatasetId, check: CheckName, who: Viewer, here: Here, after: AfterNumber = None, limit: Limit = 100
) -> Page[FindingOut]:
    """What a check found and is still so, pictures that belong together one after the other."""
    with here.store.reading() as work:
        return page(findings(work, dataset_id, check, after, limit), FindingOut.model_validate)


@router.post("/datasets/{dataset_id}/checks/{check}/fix", responses=CHANGES)
def fix_findings(
    dataset_id: DatasetId, check: CheckName, who: Labeller, here: Here, response: Response, expected: Expected
) -> FixedOut:
    """Put right what a check found, as far as it is still so. It can be undone."""
    store = audited(here.store, who, "checks.fix", dataset_id, check=check)
    fixed = fix(store, dataset_id, check, who.user_id, revision=expected)
    tag(response, fixed.revision)
    return FixedOut.model_validate(fixed)
