"""Put the management API together."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from fenlei.api import errors
from fenlei.api.access import least_role
from fenlei.api.document import REPEATABLE, TAGGED, finished
from fenlei.api.methods import Methods
from fenlei.api.platform import Platform
from fenlei.api.repeats import CreatingRoute
from fenlei.api.routes import ROUTERS
from fenlei.api.shield import Shield

PREFIX = "/api/v1"


def make_api(platform: Platform) -> ASGIApp:
    """The management API as an ASGI application, protected."""
    return Shield(make_app(platform), hosts=platform.hosts)


def make_app(platform: Platform) -> FastAPI:
    """The bare application, which the reference and tests read."""
    app = FastAPI(
        title="Fenlei",
        version=version("fenlei"),
        summary="Data sets, runs, models and deployments.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        responses=errors.documented(400, 403, 413, 422, 500, 503),
    )
    app.state.platform = platform
    app.state.methods = Methods(all_routes())
    errors.install(app)
    for _, route in all_routes():
        route.openapi_extra = {**(route.openapi_extra or {}), "x-least-role": least_role(route), **_common(route)}
        route.summary = route.description.split("\n")[0].split(". ")[0].removesuffix(".")
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    describe = app.openapi
    app.openapi = lambda: finished(describe())  # type: ignore[method-assign]
    return app


def _common(route: APIRoute) -> dict[str, Any]:
    """What a route takes and answers by the way it is made: an idempotency key, a revision."""
    repeatable = isinstance(route, CreatingRoute) and route.methods == {"POST"}
    return ({"parameters": [REPEATABLE]} if repeatable else {}) | ({TAGGED: True} if _is_tagged(route) else {})


def _is_tagged(route: APIRoute) -> bool:
    """Whether a revision is answered: the route asks for the headers of its answer, and documents no others itself."""
    own = any(int(status) < 300 and "headers" in answer for status, answer in route.responses.items())
    return "response" in inspect.signature(route.endpoint).parameters and not own


def all_routes() -> Iterator[tuple[str, APIRoute]]:
    """Every route of the management API with its path."""
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute):
                yield PREFIX + route.path, route
