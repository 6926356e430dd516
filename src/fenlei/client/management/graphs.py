"""Graphs: checked, saved in canvas projects, run, looked at node by node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from fenlei.client.management.graph_records import (
    Checked,
    GraphComparison,
    GraphNode,
    GraphRevision,
    NodeTypes,
    SavedGraph,
    Template,
)
from fenlei.client.management.link import Link
from fenlei.client.management.model_records import ModelVersion
from fenlei.client.management.records import Project, Run


class Graphs:
    """The graphs of canvas projects, and their runs. A graph is what its JSON file says."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def node_types(self) -> NodeTypes:
        """What graphs are made of: node types with their ports and parameters, families, kinds."""
        return self._link.get("/node-types", NodeTypes)

    def templates(self) -> Sequence[Template]:
        """Graphs to begin with."""
        return self._link.get("/templates", list[Template])

    def create(
        self,
        name: str,
        template: str,
        dataset_id: str,
        *,
        version: int | None = None,
        publish: str | None = None,
        language: Literal["en", "zh"] = "en",
    ) -> Project:
        """Make a canvas project of a template.

        Args:
            name: no other project has it.
            template: its name.
            dataset_id: whose pictures it reads.
            version: number of a version of it; None: as it is whenever the graph runs.
            publish: under which name its model is published; None: it is not.
            language: of the graph's name and note.
        """
        body = {
            "name": name,
            "dataset_id": dataset_id,
            "version": version,
            "publish": publish,
            "language": language,
        }
        return self._link.post(f"/templates/{template}/projects", Project, body)

    def check(self, graph: Mapping[str, Any]) -> Checked:
        """Say what is wrong with a graph, and with the data that it names. Nothing is saved and nothing runs."""
        return self._link.post("/graphs/check", Checked, {"graph": graph})

    def get(self, project_id: str, revision: int | None = None) -> SavedGraph:
        """The graph of a canvas project: the latest revision, or the one of this number."""
        return self._link.get(f"/projects/{project_id}/graph", SavedGraph, revision=revision)

    def save(
        self, project_id: str, graph: Mapping[str, Any], note: str = "", *, after: int | None = None
    ) -> GraphRevision:
        """Save a graph as the next revision of a canvas project. It may have faults.

        Args:
            project_id: which one.
            graph: the whole of it.
            note: what people want to know about this revision.
            after: number of the revision that was seen, 0 for none; another one is refused.
        """
        body = {"graph": graph, "note": note}
        return self._link.put(f"/projects/{project_id}/graph", GraphRevision, body, revision=after)

    def revisions(self, project_id: str) -> Iterator[GraphRevision]:
        """The revisions of the graph of a project, the latest first."""
        return self._link.pages(f"/projects/{project_id}/graph/revisions", GraphRevision)

    def file(self, project_id: str, target: str | Path, revision: int | None = None) -> Path:
        """Save the graph of a project as a file, which `fenlei run` reads."""
        return self._link.download(f"/projects/{project_id}/graph/file", Path(target), revision=revision)

    def script(self, project_id: str, target: str | Path, revision: int | None = None) -> Path:
        """Save the graph of a project as a Python script that, run alone, makes the same model files."""
        return self._link.download(f"/projects/{project_id}/graph/script", Path(target), revision=revision)

    def run(
        self,
        project_id: str,
        revision: int | None = None,
        *,
        node: str | None = None,
        extent: Literal["all", "to here", "this"] = "all",
        priority: int = 0,
        time_limit: float | None = None,
    ) -> Run:
        """Run a graph; `runs.wait` waits for it, and its events tell of each node.

        Args:
            project_id: which one.
            revision: number of it; None: the latest.
            node: up to which, or which alone.
            extent: all of it, up to the node, or the node alone with what is there already.
            priority: -100 to 100; runs of a greater one go first.
            time_limit: seconds after which it is stopped and has failed.

        Raises:
            NotPossible: something is wrong with the graph; the error's `problems` say what.
        """
        body = {
            "revision": revision,
            "node": node,
            "extent": extent,
            "priority": priority,
            "time_limit": time_limit,
        }
        return self._link.post(f"/projects/{project_id}/graph/runs", Run, body)

    def nodes(self, run_id: str) -> Sequence[GraphNode]:
        """What became of the nodes of a run, in the order of its graph."""
        return self._link.get(f"/runs/{run_id}/nodes", list[GraphNode])

    def of_run(self, run_id: str) -> SavedGraph:
        """The graph that a run ran."""
        return self._link.get(f"/runs/{run_id}/graph", SavedGraph)

    def preview(self, run_id: str, node: str, port: str) -> dict[str, Any]:
        """What there is to see of an output of a node: `kind`, and what belongs to it."""
        return self._link.get(f"/runs/{run_id}/nodes/{node}/outputs/{port}", dict[str, Any])

    def output(self, run_id: str, node: str, port: str, target: str | Path) -> Path:
        """Save an output of a node: the model file, the report as JSON, the zip of an export, the list of pictures."""
        return self._link.download(f"/runs/{run_id}/nodes/{node}/outputs/{port}/file", Path(target))

    def save_thumbnail(
        self, run_id: str, node: str, port: str, sha256: str, target: str | Path, *, side: int = 256
    ) -> Path:
        """Save a picture of an output of a node small, as WebP; its preview names some by their SHA-256.

        Args:
            run_id: of the run.
            node: id of the node.
            port: name of its output.
            sha256: of the picture's file.
            target: the file to write.
            side: the most pixels of the longer side, rounded up to a size that is kept.
        """
        path = f"/runs/{run_id}/nodes/{node}/outputs/{port}/pictures/{sha256}"
        return self._link.download(path, Path(target), side=side)

    def keep_model(self, run_id: str, node: str) -> ModelVersion:
        """Make a model version of the model that a node has left behind."""
        return self._link.post(f"/runs/{run_id}/nodes/{node}/model-version", ModelVersion)

    def fork(self, run_id: str, name: str | None = None) -> Project:
        """Make a canvas project whose graph is the one that a run ran."""
        return self._link.post(f"/runs/{run_id}/fork", Project, {"name": name})

    def open_training(self, run_id: str, name: str | None = None) -> Project:
        """Make a canvas project of a training of an automated project: the graph that learns the very same model."""
        return self._link.post(f"/runs/{run_id}/canvas", Project, {"name": name})

    def compare(self, run_id: str, other_id: str) -> GraphComparison:
        """Two runs of graphs side by side, node by node."""
        return self._link.get(f"/runs/{run_id}/nodes/compare/{other_id}", GraphComparison)
