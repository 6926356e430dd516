"""What nodes of a graph that runs here may ask of the platform that one is signed in to."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fenlei.cli.remote.connection import connect

if TYPE_CHECKING:
    from fenlei.pipelines.context import Answering
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
