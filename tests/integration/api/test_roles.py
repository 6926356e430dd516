"""Every route has its least role, and asks for it."""

from __future__ import annotations

import re

import pytest
from starlette.routing import Route

from fenlei.api import Platform, all_routes, make_app
from fenlei.api.access import least_role
from fenlei.api.routes import ROUTERS
from fenlei.projects.roles import Role
from tests.integration.api.conftest import ClientFor

PUBLIC = {("POST", "/api/v1/sign-in")}
"""What may be called by anybody."""

OWNERS_SEE = {"users", "one_user", "audit"}
CHANGED_BY: dict[Role | None, set[str]] = {
    None: {"sign_in_here"},
    Role.VIEWER: {"sign_out_here", "set_my_password", "end_my_sign_in", "new_token", "end_token", "check_graph"},
    Role.LABELLER: {
        *("edit_pictures", "edit_picture", "move", "split", "undo_change", "redo_change"),
        *("new_label", "edit_label", "remove_label", "join_labels", "order_labels"),
        *("ask_checks", "fix_findings", "end_run", "try_deployment", "explain_answer"),
    },
    Role.OWNER: {"new_user", "edit_user", "set_users_password", "new_link"},
}
"""Who changes what, at least."""

SAMPLES = {
    "user_id": "us",
    "token_id": "tk",
    "sign_in_id": "si",
    "dataset_id": "ds",
    "label_id": "lb",
    "import_id": "im",
    "upload_id": "up",
    "version_id": "dv",
    "other_id": "dv",
    "project_id": "pr",
    "run_id": "rn",
    "model_id": "md",
    "model_version_id": "mv",
    "deployment_id": "dp",
    "key_id": "ak",
}
"""Prefixes of ids that belong to nothing."""


def routes() -> list[tuple[str, str, Role | None]]:
    return [(method, path, least_role(route)) for path, route in all_routes() for method in sorted(route.methods or ())]


def sample(name: str) -> str:
    if name == "check":
        return "blank"
    return f"{SAMPLES[name]}_{'0' * 26}" if name in SAMPLES else "9" * 9


def test_every_route_but_the_public_ones_asks_for_a_role() -> None:
    assert {(method, path) for method, path, role in routes() if role is None} == PUBLIC


def test_nothing_is_served_beside_them(platform: Platform) -> None:
    beside = [route for route in make_app(platform).routes if isinstance(route, Route)]
    assert [route.path for route in beside] == ["/api/v1/openapi.json"]
    assert len(make_app(platform).routes) == len(beside) + len(ROUTERS)


def test_what_each_role_may() -> None:
    """Whoever may see may see all but people; what is changed is an editor's where it is not said here."""
    reading = {"GET", "HEAD"}
    seen = {route.name: least_role(route) for _, route in all_routes() if set(route.methods or ()) <= reading}
    assert {name for name, role in seen.items() if role is Role.OWNER} == OWNERS_SEE
    assert {role for name, role in seen.items() if name not in OWNERS_SEE} == {Role.VIEWER}
    changed = {route.name: least_role(route) for _, route in all_routes() if route.name not in seen}
    told = {name: role for role, names in CHANGED_BY.items() for name in names}
    assert changed == dict.fromkeys(changed, Role.EDITOR) | told


@pytest.mark.parametrize("role", [None, *Role])
def test_each_role_is_let_in_where_it_may_and_nowhere_else(client_for: ClientFor, role: Role | None) -> None:
    client = client_for(role)
    for method, path, least in routes():
        if (method, path) in PUBLIC:
            continue
        filled = re.sub(r"\{(\w+)\}", lambda found: sample(found[1]), path)
        status = client.request(method, filled, json={} if method in {"POST", "PUT", "PATCH"} else None).status_code
        assert least is not None
        expected = 401 if role is None else None if role.includes(least) else 403
        if expected is None:
            assert status not in {401, 403}, f"{method} {path} as {role}: {status}"
        else:
            assert status in {expected, 422}, f"{method} {path} as {role}: {status}"
            if status == 422:
                pytest.fail(f"{method} {path} tells {role} what is wrong with the request before who they are")
