"""Graphs over HTTP: checked, saved as revisions, run, looked at node by node, forked and compared."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from fenlei.api import Platform
from fenlei.modelfile import read
from fenlei.pipelines.graph import read_graph
from tests.integration.api.conftest import Finish
from tests.integration.api.everything import API, drawn_graph
from tests.integration.api.test_projects import bring_in
from tests.support.drawing import class_folders

JSON = {"accept": "application/json"}


def canvas(client: TestClient, name: str = "Drawn") -> str:
    answer = client.post(f"{API}/projects", json={"name": name, "kind": "canvas"})
    assert answer.status_code == 201, answer.text
    return f"{API}/projects/{answer.json()['id']}"


def save(client: TestClient, project: str, graph: Any, after: int | None = None, note: str = "") -> Any:
    headers = {} if after is None else {"if-match": f'"{after}"'}
    return client.put(f"{project}/graph", json={"graph": graph, "note": note}, headers=headers)


def changed(graph: dict[str, Any], node: str, **params: Any) -> dict[str, Any]:
    """The graph with other parameters of a node."""
    other = copy.deepcopy(graph)
    next(each for each in other["nodes"] if each["id"] == node)["params"] = params
    return other


@pytest.fixture
def graph(client: TestClient, platform: Platform, finish: Finish) -> dict[str, Any]:
    """Learns from eight pictures, and a version of them."""
    folder = class_folders(platform.import_roots[0] / "pictures", {"cat": 4, "dog": 4}, size=40)
    dataset = bring_in(client, folder, finish)
    client.post(f"{API}/datasets/{dataset}/versions", json={})
    return drawn_graph(dataset)


def test_node_types_say_all_that_a_canvas_draws(client: TestClient) -> None:
    found = client.get(f"{API}/node-types").json()
    types = {each["name"]: each for each in found["types"]}
    assert list(types) == sorted(types)
    evaluate = types["judge.evaluate"]
    assert [(port["name"], port["kind"], port["required"]) for port in evaluate["inputs"]] == [
        ("model", "model", True),
        ("split", "split", True),
    ]
    assert types["data.split"]["title"]["zh"]
    assert types["data.split"]["parameters"]["properties"]["test"]["title_zh"]
    assert {each["family"] for each in types.values()} == {each["name"] for each in found["families"]}
    used = {port["kind"] for each in types.values() for port in each["inputs"] + each["outputs"]}
    assert used == {each["name"] for each in found["kinds"] if each["colour"].startswith("#")}
    assert found["broken"] == []


def test_a_graph_is_checked_without_being_saved(client: TestClient, graph: dict[str, Any], platform: Platform) -> None:
    def check(graph: Any) -> Any:
        return client.post(f"{API}/graphs/check", json={"graph": graph})

    assert check(graph).json() == {"problems": [], "changed": {}, "unknown": []}
    faulty = changed(graph, "split", test=7)
    faulty["nodes"].append({"id": "x", "type": "no.such"})
    found = check(faulty).json()
    assert found["unknown"] == ["x"]
    assert {(each["fault"], each["node"], each["parameter"]) for each in found["problems"] if each["stops"]} == {
        ("bad parameter", "split", "test"),
        ("unknown type", "x", ""),
    }
    assert all(each[said] for each in found["problems"] for said in ("en", "zh", "remedy_en", "remedy_zh"))

    # What is no graph is named as far as it is known.
    twice = {**graph, "nodes": [*graph["nodes"], graph["nodes"][0]]}
    assert "Two nodes have the id 'data'" in check(twice).json()["error"]["message"]
    refused = check({**graph, "nodes": [{"id": "a b", "type": "data.split"}]})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "graph.nodes.0.id")
    endless = json.dumps({"graph": changed(graph, "split", test=1)}).replace('"test": 1', '"test": 1e999')
    assert client.post(f"{API}/graphs/check", content=endless).status_code == 422
    deep = '{"graph": {"nodes": [{"id": "a", "type": "b", "params": {"c": ' + "[" * 600 + "]" * 600 + "}}]}}"
    assert client.post(f"{API}/graphs/check", content=deep).status_code == 422

    # Folders of the server are read where the operator allows it, and nothing is told of others.
    folder = {"nodes": [{"id": "data", "type": "data.folder", "params": {"path": "/etc"}}]}
    elsewhere = check(folder).json()["problems"]
    assert elsewhere[0]["en"].startswith("Graphs may read folders of this platform below")
    for path in ("/nowhere", "~nobody-here/x", f"{platform.import_roots[0]}/../uploads"):
        said = check(changed(folder, "data", path=path)).json()["problems"]
        assert [each["en"] for each in said] == [each["en"] for each in elsewhere]
    allowed = changed(folder, "data", path=str(platform.import_roots[0] / "pictures"))
    assert check(allowed).json()["problems"] == []


def test_revisions_are_saved_read_and_refused_when_somebody_was_faster(
    client: TestClient, graph: dict[str, Any]
) -> None:
    project = canvas(client)
    assert client.get(f"{project}/graph").status_code == 409
    first = save(client, project, graph, after=0)
    assert (first.status_code, first.json()["number"], first.headers["etag"]) == (200, 1, '"1"')
    assert save(client, project, graph, after=0).status_code == 412
    second = save(client, project, changed(graph, "split", test=0.3), after=1, note="less").json()
    assert (second["number"], second["note"], second["meaning"] != first.json()["meaning"]) == (2, "less", True)
    assert save(client, project, changed(graph, "split", test=0.3)).json()["number"] == 2

    read_back = client.get(f"{project}/graph")
    assert read_back.headers["etag"] == '"2"'
    body = read_back.json()
    assert (body["number"], body["problems"], body["changed"], body["unknown"]) == (2, [], {}, [])
    assert body["graph"]["nodes"][1]["params"] == {"test": 0.3}
    assert save(client, project, body["graph"], after=2).json()["number"] == 2, "what is read can be saved"
    listed = client.get(f"{project}/graph/revisions?limit=1").json()
    assert ([each["number"] for each in listed["items"]], listed["next"]) == ([2], "2")

    file = client.get(f"{project}/graph/file?revision=1")
    assert 'filename="Drawn 1.json"' in file.headers["content-disposition"]
    assert read_graph(file.content) == read_graph(json.dumps(graph))
    assert save(client, project, file.json(), after=2).json()["digest"] == first.json()["digest"]
    assert client.get(f"{project}/graph?revision=9").status_code == 404

    nul = save(client, project, changed(graph, "data", dataset="a\0b"))
    assert (nul.status_code, nul.json()["error"]["field"]) == (422, "graph")
    automated = client.post(f"{API}/projects", json={"name": "By itself"}).json()["id"]
    assert save(client, f"{API}/projects/{automated}", graph).status_code == 409


def test_a_project_begins_with_a_template_and_ends_as_a_script(client: TestClient, graph: dict[str, Any]) -> None:
    found = client.get(f"{API}/templates").json()
    assert "quick-classifier" in [each["name"] for each in found]
    assert all(each["help"]["zh"] and each["graph"]["nodes"][0]["type"] == "data.folder" for each in found)
    dataset = graph["nodes"][0]["params"]["dataset"]
    new = {"name": "Quick", "dataset_id": dataset, "version": 1, "publish": "quick", "language": "zh"}
    made = client.post(f"{API}/templates/quick-classifier/projects", json=new)
    assert (made.status_code, made.json()["kind"], made.json()["dataset_id"]) == (201, "canvas", dataset)
    project = f"{API}/projects/{made.json()['id']}"
    body = client.get(f"{project}/graph").json()
    nodes = {each["id"]: each["params"] for each in body["graph"]["nodes"]}
    assert (body["problems"], nodes["pictures"]["version"], nodes["publish"]["name"]) == ([], 1, "quick")
    assert client.post(f"{API}/templates/none/projects", json={**new, "name": "b"}).status_code == 404
    assert client.post(f"{API}/templates/quick-classifier/projects", json=new).status_code == 409
    quiet = {"name": "Quiet", "dataset_id": dataset}
    alone = client.post(f"{API}/templates/quick-classifier/projects", json=quiet).json()["id"]
    drawn = client.get(f"{API}/projects/{alone}/graph").json()["graph"]
    assert "finish.publish" not in {each["type"] for each in drawn["nodes"]}

    script = client.get(f"{project}/graph/script")
    assert 'filename="Quick 1.py"' in script.headers["content-disposition"]
    compile(script.text, "script", "exec")
    assert "fenlei.Bench()" in script.text
    save(client, project, changed(body["graph"], "split", test=7))
    refused = client.get(f"{project}/graph/script").json()["error"]
    assert (refused["type"], [each["node"] for each in refused["problems"]]) == ("not-runnable", ["split"])


def test_a_graph_is_run_and_its_nodes_are_looked_at_kept_forked_and_compared(
    client: TestClient, graph: dict[str, Any], finish: Finish, tmp_path: Path
) -> None:
    project = canvas(client)
    faulty = changed(graph, "learn", head="no such head")
    save(client, project, faulty)
    refused = client.post(f"{project}/graph/runs", json={})
    assert (refused.status_code, refused.json()["error"]["type"]) == (422, "not-runnable")
    assert [(each["node"], each["parameter"]) for each in refused.json()["error"]["problems"]] == [("learn", "head")]
    assert "its nodes are" in client.post(f"{project}/graph/runs", json={"extent": "this"}).json()["error"]["message"]

    save(client, project, graph, note="good")
    asked = client.post(f"{project}/graph/runs", json={"node": "learn", "extent": "to here"})
    assert (asked.status_code, asked.json()["kind"]) == (202, "graph")
    run = f"{API}/runs/{asked.json()['id']}"
    assert client.get(f"{run}/nodes").json() == []
    assert client.get(f"{run}/nodes/learn/outputs/model").status_code == 404
    done = finish(asked.json()["id"])
    assert done.state == "done", done.error

    nodes = client.get(f"{run}/nodes").json()
    assert [(each["node"], each["state"]) for each in nodes] == [(name, "done") for name in ("data", "split", "learn")]
    model = nodes[2]["outputs"]["model"]
    assert (nodes[2]["progress"], len(nodes[2]["key"]), nodes[2]["began_at"] is not None) == (1.0, 64, True)
    ran = client.get(f"{run}/graph").json()
    assert (ran["number"], ran["note"], [each["id"] for each in ran["graph"]["nodes"]]) == (
        2, "good", ["data", "split", "learn"],
    )  # fmt: skip

    events = client.get(f"{run}/events", params={"limit": 1000}, headers=JSON).json()["items"]
    told = [(each["step"], each["data"]["state"]) for each in events if each["kind"] == "node"]
    assert told == [(node, state) for node in ("data", "split", "learn") for state in ("running", "done")]
    assert client.get(f"{API}/runs?kind=graph").json()["items"][0]["id"] == asked.json()["id"]

    card = client.get(f"{run}/nodes/learn/outputs/model").json()
    assert (card["kind"], card["labels"]) == ("model", ["cat", "dog"])
    pictures = client.get(f"{run}/nodes/split/outputs/split").json()
    assert (pictures["kind"], pictures["pictures"]) == ("pictures", 8)
    seen = f"{run}/nodes/split/outputs/split/pictures"
    small = client.get(f"{seen}/{pictures['shown'][0]['sha256']}?side=64")
    assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
    assert client.get(f"{seen}/{model['digest']}").status_code == 404, "a blob, and none of its pictures"
    file = client.get(f"{run}/nodes/learn/outputs/model/file")
    (tmp_path / "learn.fenlei").write_bytes(file.content)
    assert 'filename="learn.fenlei"' in file.headers["content-disposition"]
    assert read(tmp_path / "learn.fenlei").manifest.labels == ["cat", "dog"]
    manifest = client.get(f"{run}/nodes/split/outputs/split/file").content.splitlines()
    assert len(manifest) == 1 + 8
    missing = client.get(f"{run}/nodes/learn/outputs/other")
    assert missing.status_code == 404
    assert "it has: model" in missing.json()["error"]["message"]

    kept = client.post(f"{run}/nodes/learn/model-version")
    assert (kept.status_code, kept.json()["sha256"]) == (201, model["digest"])
    assert client.get(f"{API}/model-versions/{kept.json()['id']}/download").content == file.content
    assert client.post(f"{run}/nodes/split/model-version").status_code == 409

    fork = client.post(f"{run}/fork", json={"name": "Forked"})
    assert (fork.status_code, fork.json()["kind"]) == (201, "canvas")
    other = f"{API}/projects/{fork.json()['id']}"
    assert client.get(f"{other}/graph").json()["graph"] == ran["graph"]
    save(client, other, changed(graph, "learn", head="prototypes"), after=1)
    again = client.post(f"{other}/graph/runs", json={}).json()["id"]
    finish(again)
    compared = client.get(f"{run}/nodes/compare/{again}").json()
    assert [(each["node"], each["change"], each["same_result"]) for each in compared["nodes"]] == [
        ("data", "same", True),
        ("split", "same", True),
        ("learn", "changed", False),
    ]
    assert compared["nodes"][2]["params"] == [{"name": "head", "a": None, "b": "prototypes"}]
    assert client.post(f"{run}/canvas", json={}).status_code == 409
