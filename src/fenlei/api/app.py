"""Put the management API together."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from fenlei import __version__
from fenlei.api import errors
from fenlei.api.access import least_role
from fenlei.api.platform import Platform
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
        version=__version__,
        summary="Data sets, runs, models and deployments.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.platform = platform
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    for route in app.routes:
        if isinstance(route, APIRoute):
            role = least_role(route)
            route.openapi_extra = {**(route.openapi_extra or {}), "x-least-role": role}
    return app
