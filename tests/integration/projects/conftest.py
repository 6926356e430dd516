"""A workspace for projects: a network of a few kilobytes, data sets of drawn pictures, a worker in this thread."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fenlei.datasets.create import create_dataset
from fenlei.datasets.imports import begin_import
from fenlei.projects.dataset_runs import start_import
from fenlei.projects.projects import create_project
from fenlei.projects.recipes import recipes
from fenlei.projects.training_run import start_training
from fenlei.runs import Recipes
from fenlei.store import Store
from fenlei.store.tables import Dataset, Project, Run
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network
from tests.support.runs import work_off

CLASSES = {"鸟": 9, "cat": 10, "dog": 10}

MakeDataset = Callable[..., Dataset]


@pytest.fixture(scope="session")
def drawn_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders, to be copied."""
    return class_folders(tmp_path_factory.mktemp("drawn") / "animals", CLASSES)


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that every training of these tests stands on."""
    path = tmp_path_factory.mktemp("network") / "tiny.onnx"
    path.write_bytes(tiny_network(size=32, width=48))
    return path


@pytest.fixture
def cache(workspace: Path) -> Path:
    return workspace / "cache"


@pytest.fixture
def known(workspace: Path, cache: Path, tiny_backbone: Path) -> Recipes:
    """What a worker carries out, on the tiny network."""
    uploads = workspace / "uploads"
    uploads.mkdir(exist_ok=True)
    return recipes(uploads=uploads, cache=cache, backbone=str(tiny_backbone))


@pytest.fixture
def photos(tmp_path: Path, drawn_classes: Path) -> Path:
    """Class folders that a test may change."""
    return shutil.copytree(drawn_classes, tmp_path / "photos")


def bring_in(store: Store, known: Recipes, folder: Path, name: str = "animals") -> Dataset:
    """A data set of the pictures of a folder."""
    dataset = create_dataset(store, name)
    bring_more(store, known, dataset.id, folder)
    return dataset


def bring_more(store: Store, known: Recipes, dataset_id: str, folder: Path, **options: str) -> None:
    """Pictures of a folder into a data set that is there."""
    row = begin_import(store, dataset_id, {"kind": "path", "path": str(folder)}, options)
    start_import(store, row.id)
    for run in work_off(store, known):  # the import, and what it asks for behind it
        assert run.state == "done", run.error


@pytest.fixture
def animals(store: Store, known: Recipes, drawn_classes: Path) -> Dataset:
    """A data set of three classes."""
    return bring_in(store, known, drawn_classes)


@pytest.fixture
def project(store: Store, animals: Dataset) -> Project:
    """An automated project on it."""
    return create_project(store, "which animal", "automated", animals.id, {"goal": "fast", "seed": 3})


def train(store: Store, known: Recipes, project_id: str, version_id: str | None = None, **settings: object) -> Run:
    """Train, and be done."""
    start_training(store, project_id, version_id, dict(settings))
    (run,) = work_off(store, known)
    assert run.state == "done", run.error
    return run
