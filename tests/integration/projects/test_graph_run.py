"""Graphs of canvas projects on a platform: saved, checked, carried out by a worker, nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fenlei.datasets.create import create_dataset
from fenlei.datasets.labels import set_label
from fenlei.pipelines.errors import NotRunnable, PipelineError
from fenlei.pipelines.graph import Edge, End, Graph, Node, graph_of
from fenlei.pipelines.problem import Fault
from fenlei.pipelines.templates.shelf import TEMPLATES
from fenlei.projects.graph_compare import compare_nodes
from fenlei.projects.graph_forks import fork_run, open_training
from fenlei.projects.graph_runs import start_graph
from fenlei.projects.graph_templates import create_from_template
from fenlei.projects.graphs import open_graph, problems_of, save_graph
from fenlei.projects.node_version import keep_model_of_node
from fenlei.projects.projects import clone_project, create_project
from fenlei.projects.training_run import start_training
from fenlei.runs import Recipes, cancel
from fenlei.store import Conflict, NotFound, Stale, Store
from fenlei.store.selection import PictureFilter
from fenlei.store.tables import Dataset, Project, Run
from tests.integration.projects.conftest import bring_in
from tests.support.drawing import class_folders
from tests.support.runs import found, told, work_off
from tests.support.until import until

NODES = {"data": "data.dataset", "split": "data.split", "learn": "train.linear", "judge": "judge.evaluate"}
EDGES = [
    ("data.images", "split.images"),
    ("split.split", "learn.split"),
    ("split.split", "judge.split"),
    ("learn.model", "judge.model"),
]


def graph(
    dataset: str = "animals", *more: Node, edges: Sequence[tuple[str, str]] = (), **params: dict[str, Any]
) -> Graph:
    """Learn from a data set, and judge."""
    params = {"data": {"dataset": dataset}, **params}
    nodes = [Node(id=name, type=kind, params=params.get(name, {})) for name, kind in NODES.items()]
    return Graph(nodes=(*nodes, *more), edges=tuple(edge(*each) for each in [*EDGES, *edges]))


def edge(source: str, target: str) -> Edge:
    return Edge(source=End(*source.split(".")), target=End(*target.split(".")))


on_sqlite = pytest.mark.parametrize("store", ["sqlite-disk"], indirect=True)
"""What the database has no part in."""


@pytest.fixture
def canvas(store: Store, animals: Dataset) -> Project:
    return create_project(store, "drawn", "canvas")


def carried_out(store: Store, known: Recipes, project: Project, **wishes: Any) -> Run:
    run = start_graph(store, project.id, **wishes)
    work_off(store, known)
    return found(store, run)


def relabel_one(store: Store, label: str, to: str) -> None:
    """Give one picture of a class another label."""
    with store.reading() as work:
        dataset = work.datasets.named("animals")
        assert dataset is not None
        labels = {each.name: each.id for each in work.labels.of(dataset.id)}
        pictures, _ = work.browse.page(dataset.id, PictureFilter(label=labels[label]), None, 1)
    set_label(store, dataset.id, [pictures[0].id], labels[to])


def states(store: Store, run: Run) -> dict[str, str]:
    with store.reading() as work:
        return {row.node: row.state for row in work.nodes.of(run.id)}


def heard(store: Store, run: Run, state: str) -> list[str]:
    """Nodes of which the run's events say that they came into this state."""
    return [each["node"] for each in told(store, run, "node") if each["state"] == state]


def test_a_graph_is_carried_out_and_each_node_has_its_row(store: Store, known: Recipes, canvas: Project) -> None:
    revision = save_graph(store, canvas.id, graph())
    run = carried_out(store, known, canvas)
    assert run.state == "done", run.error
    assert run.subject == {"project_id": canvas.id, "revision_id": revision.id, "revision": 1}
    assert run.result is not None
    assert (run.result["nodes"], run.result["worked"]) == (4, 4)
    with store.reading() as work:
        rows = {row.node: row for row in work.nodes.of(run.id)}
    assert list(rows) == list(NODES)
    assert {row.state for row in rows.values()} == {"done"}
    assert rows["learn"].outputs["model"]["digest"] == run.result["models"][0]["sha256"]
    assert rows["learn"].seconds > 0
    assert rows["learn"].began_at is not None
    assert heard(store, run, "running") == list(NODES)
    assert heard(store, run, "done") == list(NODES)


def test_only_what_depends_on_a_change_runs_again_and_projects_share(
    store: Store, known: Recipes, canvas: Project
) -> None:
    save_graph(store, canvas.id, graph())
    carried_out(store, known, canvas)
    save_graph(store, canvas.id, graph(learn={"head": "svm"}), after=1)
    again = carried_out(store, known, canvas)
    assert heard(store, again, "running") == ["learn", "judge"]
    assert heard(store, again, "cached") == ["data", "split"]

    other = create_project(store, "another", "canvas")
    save_graph(store, other.id, graph())
    elsewhere = carried_out(store, known, other)
    assert states(store, elsewhere) == dict.fromkeys(NODES, "cached")

    relabel_one(store, "cat", "dog")
    changed = carried_out(store, known, canvas)
    assert heard(store, changed, "running") == list(NODES)


@on_sqlite
def test_a_parameter_of_the_last_node_makes_only_that_run_again(store: Store, known: Recipes, canvas: Project) -> None:
    def drawn(maps: int) -> Graph:
        last = Node(id="why", type="judge.explain", params={"pictures": maps})
        edges = [("learn.model", "why.model"), ("split.split", "why.split")]
        return graph("animals", last, edges=edges)

    save_graph(store, canvas.id, drawn(2))
    carried_out(store, known, canvas)
    save_graph(store, canvas.id, drawn(1))
    again = carried_out(store, known, canvas)
    assert again.state == "done", again.error
    assert heard(store, again, "running") == ["why"]
    assert sorted(heard(store, again, "cached")) == sorted(NODES)


@on_sqlite
def test_one_node_runs_alone_with_what_is_there_and_up_to_a_node(store: Store, known: Recipes, canvas: Project) -> None:
    save_graph(store, canvas.id, graph())
    up_to = carried_out(store, known, canvas, node="split", extent="to here")
    assert states(store, up_to) == {"data": "done", "split": "done"}
    assert max(each["fraction"] for each in told(store, up_to, "progress")) >= 0.5
    alone = carried_out(store, known, canvas, node="judge", extent="this")
    assert alone.state == "failed"
    assert states(store, alone)["learn"] == "failed"
    with pytest.raises(PipelineError, match="its nodes are: data, split, learn, judge"):
        start_graph(store, canvas.id, node="nowhere", extent="this")


def test_a_model_is_published_by_a_node_and_kept_by_hand(store: Store, known: Recipes, canvas: Project) -> None:
    publish = Node(id="out", type="finish.publish", params={"name": "cats", "open_to_all": True})
    save_graph(store, canvas.id, graph("animals", publish, edges=[("learn.model", "out.model")]))
    run = carried_out(store, known, canvas)
    assert run.state == "done", run.error
    with store.reading() as work:
        deployment = work.deployments.named("cats")
        assert deployment is not None
        version = work.models.version(deployment.model_version_id)
    assert (deployment.open, deployment.project_id, version.run_id) == (True, canvas.id, run.id)
    assert version.lineage["pipeline"]["node"] == "out"
    kept = keep_model_of_node(store, run.id, "learn")
    assert kept.id == version.id
    with pytest.raises(Conflict, match="has left no model behind"):
        keep_model_of_node(store, run.id, "split")


def test_a_run_that_is_cancelled_stops_the_node_that_works_and_keeps_what_ended(
    store: Store, known: Recipes, canvas: Project
) -> None:
    drawn = graph()
    search = Node(id="search", type="train.auto", params={"budget": 3600.0, "fine_tune": False})
    save_graph(
        store,
        canvas.id,
        Graph(nodes=(*drawn.nodes[:2], search), edges=(*drawn.edges[:1], edge("split.split", "search.split"))),
    )
    run = start_graph(store, canvas.id)
    working = threading.Thread(target=work_off, args=(store, known))
    working.start()
    try:
        until(lambda: states(store, run).get("search") == "running", 60, "the search goes on")
    finally:
        cancel(store, run.id)
        working.join(60)
    assert found(store, run).state == "cancelled"
    assert states(store, run) == {"data": "done", "split": "done", "search": "cancelled"}


@on_sqlite
def test_a_node_that_fails_stops_only_what_depends_on_it(store: Store, known: Recipes, canvas: Project) -> None:
    few = Node(id="few", type="data.filter", params={"classes": ["../no such class"]})
    save_graph(store, canvas.id, graph("animals", few, edges=[("data.images", "few.images")]))
    run = carried_out(store, known, canvas)
    assert run.state == "failed"
    assert "1 of 5 nodes failed: few: There is no class '../no such class'" in str(run.error)
    assert ".." not in str(run.error).replace("'../no", "")
    assert states(store, run) == {**dict.fromkeys(NODES, "done"), "few": "failed"}


@pytest.mark.parametrize(
    ("dataset", "parameter", "said"),
    [
        ({"dataset": "gone"}, "dataset", "There is no data set 'gone'."),
        ({"dataset": "animals", "version": 7}, "version", "has no version 7"),
        ({"dataset": "single"}, "dataset", "None of its pictures has a label."),
    ],
)
def test_a_data_set_that_cannot_be_learned_from_is_named_before_anything_runs(
    store: Store, canvas: Project, dataset: dict[str, Any], parameter: str, said: str
) -> None:
    create_dataset(store, "single")
    drawn = graph(data=dataset)
    problem = next(each for each in problems_of(store, drawn) if each.fault is Fault.DATA)
    assert (problem.node, problem.parameter) == ("data", parameter)
    assert said in problem.en
    save_graph(store, canvas.id, drawn)
    with pytest.raises(NotRunnable, match="data set|label"):
        start_graph(store, canvas.id)


def test_a_data_set_of_one_class_is_named_too(store: Store, known: Recipes, tmp_path: Path) -> None:
    bring_in(store, known, class_folders(tmp_path / "cats", {"cat": 2}), "cats")
    (problem,) = problems_of(store, graph("cats"))
    assert (problem.fault, problem.node, problem.parameter) == (Fault.DATA, "data", "dataset")
    assert problem.en == "All its pictures are of the class 'cat'."


def test_a_graph_is_saved_as_revisions_that_stay(store: Store, canvas: Project) -> None:
    first = save_graph(store, canvas.id, graph())
    assert save_graph(store, canvas.id, graph()).id == first.id
    second = save_graph(store, canvas.id, graph(learn={"head": "svm"}), note="other head", after=1)
    assert (first.number, second.number, second.note) == (1, 2, "other head")
    with pytest.raises(Stale, match="revision 2, not 1"):
        save_graph(store, canvas.id, graph(), after=1)
    assert open_graph(store, canvas.id, 1).graph == graph()
    assert open_graph(store, canvas.id).graph.node("learn").params == {"head": "svm"}
    assert graph_of(second.graph) == graph(learn={"head": "svm"})


def test_an_automated_project_has_no_graph_of_its_own(store: Store) -> None:
    automated = create_project(store, "by itself", "automated")
    with pytest.raises(Conflict, match="open one of its trainings in a canvas"):
        save_graph(store, automated.id, graph())
    with pytest.raises(Conflict, match="has no graph yet"):
        open_graph(store, create_project(store, "empty", "canvas").id)


@on_sqlite
def test_a_project_is_cloned_and_a_run_forked_with_their_graphs(store: Store, known: Recipes, canvas: Project) -> None:
    save_graph(store, canvas.id, graph(learn={"head": "svm"}))
    run = carried_out(store, known, canvas)
    save_graph(store, canvas.id, graph(), after=1)
    assert open_graph(store, clone_project(store, canvas.id).id).graph == graph()
    fork = fork_run(store, run.id, "fork")
    assert open_graph(store, fork.id).graph == graph(learn={"head": "svm"})
    assert states(store, carried_out(store, known, fork)) == dict.fromkeys(NODES, "cached")


@on_sqlite
def test_two_runs_are_compared_node_by_node(store: Store, known: Recipes, canvas: Project) -> None:
    save_graph(store, canvas.id, graph())
    first = carried_out(store, known, canvas)
    few = Node(id="few", type="data.sample", params={"share": 0.5})
    drawn = graph("animals", few, edges=[("data.images", "few.images")], learn={"head": "prototypes"})
    save_graph(store, canvas.id, drawn)
    second = carried_out(store, known, canvas)
    found = compare_nodes(store, first.id, second.id)
    assert not found["same_graph"]
    assert {each["node"]: each["change"] for each in found["nodes"]} == {
        "data": "same", "split": "same", "learn": "changed", "judge": "same", "few": "added",
    }  # fmt: skip
    learn = next(each for each in found["nodes"] if each["node"] == "learn")
    assert learn["params"] == [{"name": "head", "a": None, "b": "prototypes"}]
    assert learn["same_result"] is False
    split = next(each for each in found["nodes"] if each["node"] == "split")
    assert (split["same_result"], [row["state"] for row in split["rows"]]) == (True, ["done", "cached"])
    assert any(each["name"] == "report.accuracy" for each in learn["figures"])


@on_sqlite
@pytest.mark.parametrize(
    "settings", [{"goal": "fast"}, {"goal": "fast", "seed": 3, "policy": "crop", "drawn_parity": True, "cost": [1, 9]}]
)
def test_a_training_opened_in_a_canvas_learns_the_very_same_model(
    store: Store, known: Recipes, animals: Dataset, settings: dict[str, Any]
) -> None:
    automated = create_project(store, "by itself", "automated", animals.id, settings)
    trained = start_training(store, automated.id)
    work_off(store, known)
    relabel_one(store, "cat", "dog")  # the canvas shows what ran, not what the data set is by now
    opened = open_training(store, trained.id)
    assert problems_of(store, open_graph(store, opened.id).graph) == []
    run = carried_out(store, known, opened)
    assert run.state == "done", run.error
    with store.reading() as work:
        version = work.models.version(str((found(store, trained).result or {})["model_version_id"]))
    assert [each["sha256"] for each in (run.result or {})["models"]] == [version.sha256]
    with pytest.raises(Conflict, match="only trainings look for a model"):
        open_training(store, run.id)


@on_sqlite
def test_a_project_begins_with_a_template_that_has_no_fault(store: Store, animals: Dataset) -> None:
    for name in TEMPLATES:
        made = create_from_template(store, f"a {name}", name, "animals", publish=None if name == "edge-device" else "")
        drawn = open_graph(store, made.id).graph
        assert problems_of(store, drawn) == []
        assert drawn.node("pictures").params == {"dataset": animals.id}
        assert any(node.type == "finish.publish" for node in drawn.nodes) is (name != "edge-device")
    with pytest.raises(PipelineError, match="There is no template 'none'; there are quick-classifier"):
        create_from_template(store, "b", "none", "animals")
    with pytest.raises(NotFound, match="There is no data set gone"):
        create_from_template(store, "c", "quick-classifier", "gone")
