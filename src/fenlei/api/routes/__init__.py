"""The routes, one file per noun."""

from fastapi import APIRouter

from fenlei.api.routes import (
    checks,
    datasets,
    deployments,
    events,
    graph_runs,
    graphs,
    history,
    imports,
    labels,
    model_files,
    models,
    node_types,
    people,
    pictures,
    projects,
    runs,
    templates,
    versions,
)

ROUTERS: list[APIRouter] = [
    datasets.router,
    imports.router,
    pictures.router,
    labels.router,
    checks.router,
    history.router,
    versions.router,
    projects.router,
    node_types.router,
    templates.router,
    graphs.router,
    runs.router,
    events.router,
    graph_runs.router,
    models.router,
    models.asking,
    model_files.sending,
    model_files.router,
    deployments.router,
    deployments.trying,
    people.entering,
    people.router,
]
"""In the order in which the reference shows them."""
