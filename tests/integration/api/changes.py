"""One request for every operation that changes something, each of which can be carried out when its turn comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.testclient import TestClient

from fenlei.api import Platform
from fenlei.modelfile.file import pack
from tests.integration.api.everything import API, Everything, drawn_graph
from tests.support.classifiers import declaration
from tests.support.drawing import png
from tests.support.models import tiny_model
from tests.support.trainings import node_done, under_way

SOURCE = {"source": {"kind": "upload"}}
FRACTIONS = {"train": 0.6, "validation": 0.2, "test": 0.2}
WORDS = "a few good words"


@dataclass
class Walk:
    """What a walk through all changes has come by.

    Attributes:
        there: what there was before.
        client: may do everything.
        platform: serves it.
        finish: carries out what is queued.
        made: what the operations have answered so far, by name.
    """

    there: Everything
    client: TestClient
    platform: Platform
    finish: Callable[[str], Any]
    made: dict[str, Any] = field(default_factory=dict)

    def a(self, kind: str, number: int = 0) -> Any:
        """An id of what there was before."""
        return self.there.ids[kind][number]

    def new(self, name: str) -> str:
        """The id of what an operation has made."""
        return str(self.made[name]["id"])

    def of_kind(self, kind: str) -> str:
        """The id of the latest run of a kind."""
        return str(self.ask(f"/runs?kind={kind}&limit=1")["items"][0]["id"])

    def ask(self, path: str) -> Any:
        """Read something."""
        return self.client.get(API + path).json()


@dataclass(frozen=True)
class Change:
    """A request.

    Attributes:
        name: of the operation.
        path: what stands in it, by parameter.
        options: body and query, as the client takes them.
    """

    name: str
    path: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


def _change(name: str, body: Any = None, *, content: bytes | None = None, params: Any = None, **path: Any) -> Change:
    options = {"json": body, "content": content, "params": params}
    return Change(name, path, {each: value for each, value in options.items() if value is not None})


def _pictures(walk: Walk) -> list[Change]:
    mine: dict[str, Any] = {"dataset_id": walk.a("ds")}
    cat, dog = walk.a("lb"), walk.a("lb", 1)
    few = {"ids": walk.there.ids["picture"][:1]}
    return [
        _change("new_dataset", {"name": "Birds"}),
        _change("edit_dataset", {"note": "in May"}, **mine),
        _change("order_labels", {"labels": [dog, cat]}, **mine),
        _change("edit_pictures", {"pictures": few, "label_id": dog}, **mine),
        _change("undo_change", **mine),
        _change("redo_change", **mine),
        _change("edit_picture", {"name": "other.png"}, picture_id=few["ids"][0]),
        _change("split", {"method": "stratified", "fractions": FRACTIONS}, **mine),
        _change("move", {"pictures": few, "to": walk.a("ds", 1)}, **mine),
        _change("new_version", {"note": "split"}, **mine),
        _change("ask_checks", {"checks": ["exact-duplicates"]}, **mine),
        _change("new_label", {"name": "bird"}, **mine),
    ]


def _classes(walk: Walk) -> list[Change]:
    mine: dict[str, Any] = {"dataset_id": walk.a("ds")}
    bird = walk.new("new_label")
    walk.finish(walk.new("ask_checks"))
    return [
        _change("fix_findings", check="exact-duplicates", **mine),
        _change("edit_label", {"name": "birds"}, label_id=bird, **mine),
        _change("join_labels", {"labels": [bird], "into": walk.a("lb")}, **mine),
        _change("remove_label", label_id=walk.a("lb", 1), **mine),
        _change("new_import", SOURCE, **mine),
    ]


def _imports(walk: Walk) -> list[Change]:
    begun: dict[str, Any] = {"import_id": walk.new("new_import")}
    return [
        _change("new_upload", {"name": "a.zip", "size": 3}, **begun),
        _change("send_file", content=png(40, 40, seed=77), params={"name": "cat/9.png"}, **begun),
    ]


def _sent(walk: Walk) -> list[Change]:
    begun: dict[str, Any] = {"import_id": walk.new("new_import")}
    upload: dict[str, Any] = {"upload_id": walk.new("new_upload")}
    return [
        _change("send_piece", content=b"abc", params={"offset": 0}, **upload),
        _change("end_upload", **upload),
        _change("look_into_import", **begun),
        _change("commit_import", **begun),
        _change("end_import", **begun),
    ]


def _runs(walk: Walk) -> list[Change]:
    return [_change("repeat_run", run_id=walk.new("commit_import"))]


def _projects(walk: Walk) -> list[Change]:
    walk.finish(walk.new("repeat_run"))
    body = {"name": "Gates", "dataset_id": walk.a("ds")}
    return [
        _change("new_project", body),
        _change("edit_project", {"note": "for the night"}, project_id=walk.a("pr")),
        _change("copy_project", {}, project_id=walk.a("pr")),
        _change("new_model", {"name": "Empty"}),
        _change("send_model_file", content=pack(tiny_model(head_seed=9))),
        _change("try_onnx_file", {"file": walk.a("mf", 1), "declaration": declaration(), "samples": []}),
        _change("end_model_file", file_id=walk.a("mf", 1)),
        _change("explain_answer", content=png(64, 64), model_version_id=walk.a("mv")),
    ]


def _graphs(walk: Walk) -> list[Change]:
    canvas: dict[str, Any] = {"project_id": walk.a("pr", 1)}
    graph = {"graph": drawn_graph(walk.a("ds"), 0.3)}
    return [
        _change("check_graph", graph),
        _change("save_project_graph", {**graph, "note": "less"}, **canvas),
        _change("new_project_of_template", {"name": "Quick", "dataset_id": walk.a("ds")}, template="quick-classifier"),
        _change("run_graph", {"node": "learn", "extent": "to here"}, **canvas),
    ]


def _nodes(walk: Walk) -> list[Change]:
    run: dict[str, Any] = {"run_id": walk.new("run_graph")}
    node_done(walk.platform.store, run["run_id"], "learn")
    return [
        _change("keep_model_of_run", node="learn", **run),
        _change("fork_graph_run", {}, **run),
        _change("open_training_in_canvas", {"name": "As it was"}, run_id=walk.of_kind("train")),
    ]


def _models(walk: Walk) -> list[Change]:
    model = walk.new("new_model")
    return [
        _change("edit_model", {"note": "x"}, model_id=model),
        _change("new_model_version", {"file": walk.new("send_model_file"), "model_id": model}),
        _change("remove_project", project_id=walk.new("copy_project")),
        _change("train_project", {"dataset_version_id": walk.a("dv")}, project_id=walk.new("new_project")),
    ]


def _versions(walk: Walk) -> list[Change]:
    made: dict[str, Any] = {"model_version_id": walk.made["new_model_version"]["version"]["id"]}
    under_way(walk.platform.store, walk.new("train_project"))
    return [
        _change("keep_best_of_run", run_id=walk.new("train_project")),
        _change("finish_run", run_id=walk.new("train_project")),
        _change("end_run", run_id=walk.new("train_project")),
        _change("edit_model_version", {"note": "x", "tags": ["y"], "stage": "candidate"}, **made),
        _change("export_model", **made),
        _change("remove_model_version", **made),
        _change("remove_model", model_id=walk.new("new_model")),
        _change("new_deployment", {"name": "dogs", "model_version_id": walk.a("mv")}),
    ]


def _deployments(walk: Walk) -> list[Change]:
    made: dict[str, Any] = {"deployment_id": str(walk.made["new_deployment"]["deployment"]["id"])}
    return [
        _change("edit_deployment", {"envelope": "gateway"}, **made),
        _change("publish_to_deployment", {"model_version_id": walk.a("mv", 1)}, **made),
        _change("roll_back_deployment", {}, **made),
        _change("stop_deployment", **made),
        _change("start_deployment", **made),
        _change("try_deployment", **made),
        _change("new_key", {"name": "till"}, **made),
        _change("end_key", key_id=walk.a("ak")),
        _change("remove_deployment", **made),
    ]


def _people(walk: Walk) -> list[Change]:
    return [
        _change("new_user", {"name": "Ann", "password": WORDS}),
        _change("new_token", {"name": "nightly"}),
        _change("new_link", user_id=walk.ask("/me")["id"]),
    ]


def _oneself(walk: Walk) -> list[Change]:
    ann: dict[str, Any] = {"user_id": walk.new("new_user")}
    return [
        _change("edit_user", {"role": "labeller"}, **ann),
        _change("set_users_password", {"password": f"other {WORDS}"}, **ann),
        _change("end_token", token_id=walk.new("new_token")),
        _change("sign_in_here", {"link": str(walk.made["new_link"]["url"]).partition("#link=")[2]}),
    ]


def _out(walk: Walk) -> list[Change]:
    return [
        _change("end_my_sign_in", sign_in_id=walk.ask("/me/sign-ins")[0]["id"]),
        _change("set_my_password", {"password": WORDS}),
        _change("sign_out_here", params={"everywhere": True}),
        _change("remove_dataset", params={"and_all": True}, dataset_id=walk.a("ds", 1)),
    ]


STAGES: tuple[Callable[[Walk], list[Change]], ...] = (
    _pictures,
    _classes,
    _imports,
    _sent,
    _runs,
    _projects,
    _graphs,
    _nodes,
    _models,
    _versions,
    _deployments,
    _people,
    _oneself,
    _out,
)
"""In order: each makes its requests when those before it were carried out."""
