"""What nodes of a graph that runs here may ask of the platform that one is signed in to."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fenlei.login import NotThere, connect, named

if TYPE_CHECKING:
    from fenlei.client.management.records import DatasetVersion
    from fenlei.datasets.version_content import VersionContent
    from fenlei.pipelines.context import Answering, HeldDataset, NodeContext
    from fenlei.pipelines.reference import Model
    from fenlei.store import Blobs


class Signed:
    """Asks the platform of the last login, once something is asked of it; see `pipelines.context.Reach`.

    Args:
        blobs: where models are.
        server: as for `connect`.
        token: likewise.
    """

    def __init__(self, blobs: Blobs, server: str | None, token: str | None) -> None:
        self._blobs, self._server, self._token = blobs, server, token

    def dataset(self, name: str, version: int | None) -> HeldDataset:
        """A data set of that platform; its pictures are brought here when they are needed."""
        from fenlei.pipelines.context import HeldDataset

        with connect(self._server, self._token) as platform:
            found = named(platform.datasets.list(), name, "data set")
            if version is None:
                held = platform.datasets.make_version(found.id)
            else:
                known = (each for each in platform.datasets.versions(found.id) if each.number == version)
                one = next(known, None)
                if one is None:
                    raise NotThere(f"The data set {found.name!r} has no version {version}.")
                held = one
        return HeldDataset(found.name, held.number, held.digest, partial(self._content, held))

    def _content(self, held: DatasetVersion, ctx: NodeContext) -> VersionContent:
        from fenlei.datasets.folder import scan
        from fenlei.pipelines.reading import bring

        with connect(self._server, self._token) as platform, tempfile.TemporaryDirectory(prefix="fenlei-") as place:
            ctx.progress("downloading", 0.0)
            archive = platform.versions.download(held.id, Path(place) / "dataset.zip", parts=True)
            with scan(archive, to_learn=False) as found:
                return bring(ctx, found, labels=list(held.counts.get("labels", {})))

    def publish(self, model: Model, name: str, *, open_to_all: bool) -> Answering:
        """Bring the model to the platform under this name, and let it answer there."""
        from fenlei.pipelines.context import Answering
        from fenlei.pipelines.reference import Deployment

        with connect(self._server, self._token) as platform, tempfile.TemporaryDirectory(prefix="fenlei-") as place:
            path = Path(place) / f"{name}.fenlei"
            self._blobs.save_to(model.digest, path)
            version = platform.models.upload(path, name)
            made = platform.deployments.publish(version.id, name, open_=open_to_all)
        deployment = Deployment(digest=model.digest, name=name, url=made.url.partition("?")[0])
        return Answering(deployment, None if made.key is None else made.url)
