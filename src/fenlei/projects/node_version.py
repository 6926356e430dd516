"""A model that a node of a graph has left behind, as a model version that says where it comes from."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from fenlei.modelfile import Manifest, read
from fenlei.pipelines.reference import AnyReference, Model
from fenlei.projects.models import model_of_project
from fenlei.projects.release import release
from fenlei.projects.trained_version import RUN
from fenlei.store import Conflict, Store, Work, new_id, now
from fenlei.store.tables import ModelVersion, Run


def keep_model_of_node(store: Store, run_id: str, node: str, by: str | None = None) -> ModelVersion:
    """Make a model version of what a node has left behind. Asked again, the same version is answered.

    Raises:
        NotFound: there is no such run, or it has no such node.
        Conflict: the node has left no model behind, or not yet.
        FenleiError: the model file is gone or damaged.
    """
    with store.reading() as work:
        run = work.runs.get(run_id)
        row = work.nodes.get(run_id, node)
    outputs = msgspec.convert(row.outputs, dict[str, AnyReference])
    model = next((each for each in outputs.values() if isinstance(each, Model)), None)
    if model is None:
        raise Conflict(f"The node {node!r} of the run {run_id} is {row.state} and has left no model behind.")
    with tempfile.TemporaryDirectory(prefix="fenlei-") as place:
        path = Path(place) / "model.fenlei"
        store.blobs.save_to(model.digest, path)
        manifest = read(path).manifest
    with store.writing() as work:
        return add_node_version(work, run, node, model, manifest, by)


def add_node_version(
    work: Work, run: Run, node: str, model: Model, manifest: Manifest, by: str | None = None
) -> ModelVersion:
    """Make the model version in a transaction that is open; the one that is there already, where it was made before.

    Args:
        work: the transaction.
        run: of a graph.
        node: id of the node whose model it is, or that publishes it.
        model: the reference.
        manifest: of its file.
        by: id of the user who wants it; None: whoever asked for the run.
    """
    made = work.models.version_of_run(run.id, model.digest)
    if made is not None:
        return made
    project = work.projects.get(str(run.project_id))
    kept_in = model_of_project(work, project, run.created_by)
    return work.models.add_version(
        ModelVersion(
            id=new_id("mv"),
            model_id=kept_in.id,
            sha256=model.digest,
            bytes=model.bytes,
            origin=RUN,
            run_id=run.id,
            labels=manifest.labels,
            metrics=manifest.metrics or None,
            lineage={
                "dataset_digest": manifest.dataset_digest,
                "project": {"id": project.id, "name": project.name},
                "run": {"id": run.id, "number": run.number},
                "pipeline": {"revision_id": run.subject.get("revision_id"), "node": node},
                "seed": manifest.recipe.get("seed"),
                "recipe": manifest.recipe,
                "backbone": msgspec.to_builtins(manifest.backbone),
                "fenlei": release(),
                "versions": manifest.versions,
            },
            tags=[],
            created_at=now(),
            created_by=by or run.created_by,
        )
    )
