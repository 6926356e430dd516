"""What the nodes of a graph may ask of the platform that carries it out."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fenlei.contract import check_name, prediction_url
from fenlei.datasets.version_content import VersionContent, read_manifest
from fenlei.modelfile import Manifest, read
from fenlei.pipelines.context import Answering, HeldDataset, NodeContext
from fenlei.pipelines.reference import Deployment, Model
from fenlei.projects.graph_data import version_of
from fenlei.projects.node_version import add_node_version
from fenlei.projects.publish import Wishes, options_of, put_behind
from fenlei.runs import RunContext
from fenlei.serving.choice import lacking
from fenlei.serving.host import ModelHost
from fenlei.store import Conflict, Work


class Platform:
    """For one node of one run; see `pipelines.context.Reach`.

    Args:
        context: of the run.
        node: its id.
        cache: the workspace's cache folder.
        engine: what runs networks.
    """

    def __init__(self, context: RunContext, node: str, cache: Path, engine: str) -> None:
        self._context, self._node, self._cache, self._engine = context, node, cache, engine

    def dataset(self, name: str, version: int | None) -> HeldDataset:
        """A data set of this platform."""
        store = self._context.store
        dataset, held = version_of(store, name, version, self._context.run.created_by)

        def content(ctx: NodeContext) -> VersionContent:
            return read_manifest(ctx.blobs.get(held.digest))

        return HeldDataset(dataset.name, held.number, held.digest, content)

    def publish(self, model: Model, name: str, *, open_to_all: bool) -> Answering:
        """Make a model version of the model, and let it answer under the name. The model is proven here, and again by
        each server before it answers. A key is not made: the run's log is no place for it."""
        check_name(name)
        manifest, has_rule, has_thresholds = self._proven(model)
        run = self._context.run

        def commit(work: Work) -> str:
            self._context.guard(work)
            version = add_node_version(work, run, self._node, model, manifest)
            deployment = put_behind(work, name, version, Wishes(open=open_to_all), by=run.created_by)
            why = lacking(
                manifest.labels, options_of(deployment), has_rule=has_rule, has_thresholds=has_thresholds
            )  # fmt: skip
            if why is not None:
                raise Conflict(f"The model cannot answer as {deployment.name!r} is to. {why}")
            return version.id

        with self._context.store.writing() as work:
            made = commit(work)
        self._context.log(f"model version {made} answers for {name!r}")
        return Answering(Deployment(digest=model.digest, name=name, url=prediction_url("", name, None)))

    def _proven(self, model: Model) -> tuple[Manifest, bool, bool]:
        """What the file says, whether it has a rule for unknown pictures, and thresholds; its parity pictures ran."""
        with tempfile.TemporaryDirectory(prefix="fenlei-") as place:
            path = Path(place) / "model.fenlei"
            self._context.store.blobs.save_to(model.digest, path)
            host = ModelHost(cache=self._cache, kind=self._engine)
            try:
                file = read(path)
                predictor = host.adopt(file, path).predictor
                return file.manifest, predictor.unknown is not None, predictor.decision is not None
            finally:
                host.close()
