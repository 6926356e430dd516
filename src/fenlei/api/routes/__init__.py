"""The routes, one file per noun."""

from fastapi import APIRouter

from fenlei.api.routes import datasets, events, history, imports, labels, people, pictures, runs, versions

ROUTERS: list[APIRouter] = [
    datasets.router,
    imports.router,
    pictures.router,
    labels.router,
    history.router,
    versions.router,
    runs.router,
    events.router,
    people.router,
]
"""In the order in which the reference shows them."""
