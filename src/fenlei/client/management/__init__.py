"""Manage a platform from Python: `Platform`, typed records, and one family of errors."""

from fenlei.client.management.datasets import Datasets
from fenlei.client.management.deployments import Deployments
from fenlei.client.management.errors import (
    ChangedMeanwhile,
    Conflict,
    NotAllowed,
    NotFound,
    NotPossible,
    NotSignedIn,
    PlatformError,
    ServerFailed,
    TryLater,
    Unreachable,
)
from fenlei.client.management.graphs import Graphs
from fenlei.client.management.imports import Imports
from fenlei.client.management.labels import Labels
from fenlei.client.management.models import Models
from fenlei.client.management.people import People, Tokens
from fenlei.client.management.pictures import Pictures
from fenlei.client.management.platform import Platform
from fenlei.client.management.projects import Projects
from fenlei.client.management.runs import RunEnded, Runs
from fenlei.client.management.versions import Versions

__all__ = [
    "ChangedMeanwhile",
    "Conflict",
    "Datasets",
    "Deployments",
    "Graphs",
    "Imports",
    "Labels",
    "Models",
    "NotAllowed",
    "NotFound",
    "NotPossible",
    "NotSignedIn",
    "People",
    "Pictures",
    "Platform",
    "PlatformError",
    "Projects",
    "RunEnded",
    "Runs",
    "ServerFailed",
    "Tokens",
    "TryLater",
    "Unreachable",
    "Versions",
]
