"""What would go, or stay behind, with a data set or a project, as typed records."""

from __future__ import annotations

from msgspec import Struct


class Named(Struct, frozen=True):
    """Something, by its id and name."""

    id: str
    name: str


class Numbered(Struct, frozen=True):
    """Something, by its id and number."""

    id: str
    number: int


class RunOfKind(Struct, frozen=True):
    """A run, by its id and kind."""

    id: str
    kind: str


class ModelOfProject(Struct, frozen=True):
    """A model, with how many versions it has."""

    id: str
    name: str
    versions: int


class DatasetHanging(Struct, frozen=True):
    """What hangs on a data set: pictures, versions and unfinished imports go with it; projects and models stay."""

    pictures: int
    versions: list[Numbered]
    model_versions: list[str]
    projects: list[Named]
    runs: list[RunOfKind]
    imports: list[str]


class ProjectHanging(Struct, frozen=True):
    """What hangs on a project: its runs go with it; models and deployments stay."""

    runs: int
    unfinished: list[Numbered]
    models: list[ModelOfProject]
    deployments: list[Named]
