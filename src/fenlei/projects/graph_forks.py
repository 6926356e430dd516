"""Canvas projects made of what ran: a fork of a run of a graph, and a training opened as the graph that it is."""

from __future__ import annotations

from typing import Any

from fenlei.pipelines.graph import Edge, End, Graph, Node, graph_of
from fenlei.projects.graph_runs import graph_run
from fenlei.projects.graphs import add_canvas
from fenlei.projects.naming import checked_name
from fenlei.projects.projects import free_name
from fenlei.projects.training_run import training
from fenlei.projects.training_settings import TrainingSettings, training_settings
from fenlei.store import Conflict, Store, Work
from fenlei.store.tables import Project, Run

_STEP = 280.0
"""Pixels from one node to the next."""


_LEARN = ("budget", "aim", "backbone", "seed", "false_rejects", "precision", "cost", "drawn_parity", "fine_tune")
"""Settings of a training that AutoTrain has by the same names, beside the goal."""


def fork_run(store: Store, run_id: str, name: str | None = None, by: str | None = None) -> Project:
    """Make a canvas project whose graph is the one that a run ran, whatever became of that since.

    Args:
        store: where it is.
        run_id: of a run of a graph.
        name: of the new project; None takes the old one's with a number behind it.
        by: id of the user who makes it.

    Raises:
        NotFound: there is no such run.
        Conflict: it is no run of a graph; or the name is taken.
        BadValue: the project cannot be called that.
    """
    with store.writing() as work:
        run, revision = graph_run(work, run_id)
        return _new_canvas(work, run, graph_of(revision.graph), name, by, f"Forked from run {run.number}.")


def open_training(store: Store, run_id: str, name: str | None = None, by: str | None = None) -> Project:
    """Make a canvas project of a training of an automated project: the graph that learns the very same, from the very
    same version of the data set.

    Args:
        store: where it is.
        run_id: of a training.
        name: of the new project; None takes the old one's with a number behind it.
        by: id of the user who makes it.

    Raises:
        NotFound: there is no such run, or the version of the data set is gone.
        Conflict: it is no training; it went on from another model or made one again, for which there are no nodes; or
            the name is taken.
        BadValue: the project cannot be called that.
    """
    with store.writing() as work:
        run = training(work, run_id)
        wishes = training_settings(run.settings)
        if wishes.since is not None or wishes.rebuild is not None:
            how = "went on from another model" if wishes.since is not None else "made an earlier model again"
            raise Conflict(f"The training {run_id} {how}, which a graph cannot do; open another one.")
        version = work.versions.get(str(run.subject["dataset_version_id"]))
        dataset = work.datasets.get(version.dataset_id)
        graph = graph_of_training(wishes, dataset.id, version.number, dataset.name)
        return _new_canvas(work, run, graph, name, by, f"As run {run.number} was trained.")


def graph_of_training(wishes: TrainingSettings, dataset: str, version: int, title: str = "") -> Graph:
    """The graph that an automated project is.

    Args:
        wishes: of the training.
        dataset: name or id of the data set.
        version: number of its version.
        title: what the data set is called.
    """
    nodes: list[tuple[str, str, str, dict[str, Any]]] = [
        ("data", "data.dataset", title, {"dataset": dataset, "version": version}),
        ("split", "data.split", "", {"divide": "in training", "test": wishes.test_fraction}),
    ]
    if wishes.size is not None or wishes.policy is not None:
        nodes.append(("shape", "prepare.resize", "", {"policy": wishes.policy, "size": wishes.size}))
    unsaid = TrainingSettings()
    learn = {each: getattr(wishes, each) for each in _LEARN if getattr(wishes, each) != getattr(unsaid, each)}
    nodes.append(("learn", "train.auto", "", {"goal": wishes.goal, **learn}))
    ports = ["images", *["split"] * (len(nodes) - 2)]
    return Graph(
        nodes=tuple(
            Node(id=name, type=kind, title=called, params=params, position=(number * _STEP, 0.0))
            for number, (name, kind, called, params) in enumerate(nodes)
        ),
        edges=tuple(
            Edge(source=End(source[0], port), target=End(target[0], port))
            for source, target, port in zip(nodes, nodes[1:], ports, strict=False)
        ),
    )


def _new_canvas(work: Work, run: Run, graph: Graph, name: str | None, by: str | None, note: str) -> Project:
    old = work.projects.lock(str(run.project_id))
    called = free_name(work, old.name) if name is None else checked_name("project", name)
    return add_canvas(work, called, graph, by, dataset_id=old.dataset_id, note=note)
