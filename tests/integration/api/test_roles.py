"""Every route has its least role, and asks for it."""

from __future__ import annotations

import re

import pytest

from fenlei.api import all_routes
from fenlei.api.access import least_role
from fenlei.projects.roles import Role
from tests.integration.api.conftest import ClientFor

PUBLIC = {("POST", "/api/v1/sign-in")}
"""What may be called by anybody."""

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


def test_reading_needs_less_than_changing() -> None:
    """What changes pictures and labels needs a labeller at least; only oneself is changed by a viewer."""
    own = {f"/api/v1/{each}" for each in ("sign-out", "me/password", "me/sign-ins/{sign_in_id}")}
    own |= {"/api/v1/tokens", "/api/v1/tokens/{token_id}"}
    for method, path, role in routes():
        if method not in {"GET", "HEAD"} and role is not None and path not in own:
            assert role.includes(Role.LABELLER), f"{method} {path}"


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
