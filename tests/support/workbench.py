"""A place where nodes work in tests: blobs, a cache, a tiny backbone, pictures of a folder as a graph has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from fenlei.modelfile import ModelFile, pack, read
from fenlei.pipelines.context import Answering, HeldDataset, NodeContext
from fenlei.pipelines.node import NodeType
from fenlei.pipelines.parameters import read_params
from fenlei.pipelines.reference import Model, Reference, Report, Split
from fenlei.pipelines.registry import node_types
from fenlei.store import Blobs, NotFound
from tests.support.networks import tiny_network


class OutOfReach:
    """Nothing is above."""

    def dataset(self, name: str, version: int | None) -> HeldDataset:
        """There is none."""
        raise NotFound(f"There is no data set {name!r}.")

    def publish(self, model: Model, name: str, *, open_to_all: bool) -> Answering:
        """There is nowhere to."""
        raise NotFound(f"There is no deployment {name!r}.")


@dataclass
class Workbench:
    """Carries single nodes out.

    Attributes:
        folder: where everything is.
        width: numbers that the backbone says of a picture.
        log: what nodes said.
    """

    folder: Path
    width: int = 24
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the backbone and the places."""
        self.backbone = self.folder / "tiny.onnx"
        self.backbone.write_bytes(tiny_network(size=32, width=self.width))
        self.blobs = Blobs(self.folder / "blobs")
        self.context = NodeContext(
            self.blobs,
            self.folder / "cache",
            OutOfReach(),
            engine="onnxruntime",
            backbone=str(self.backbone),
            log=self.log.append,
        )

    def run(self, name: str, /, *inputs: Reference | None, **params: Any) -> Any:
        """What a node makes of its inputs, in their order."""
        found = type_named(name)
        read, bad = read_params(found.params, params)
        assert not bad, bad[0]
        return found.function(*inputs, params=read, ctx=self.context)

    def split(self, folder: Path, **params: Any) -> Split:
        """Pictures of a folder, split."""
        made = self.run("data.split", self.run("data.folder", path=str(folder)), **params)
        assert isinstance(made, Split)
        return made

    def model(self, file: ModelFile) -> Model:
        """A model that came from elsewhere."""
        data = pack(file)
        return Model(digest=self.blobs.put(data), labels=file.manifest.labels, bytes=len(data))

    def file(self, model: Model) -> ModelFile:
        """All that the file of a model holds."""
        path = self.folder / f"{model.digest}.fenlei"
        self.blobs.save_to(model.digest, path)
        return read(path)

    def told(self, report: Report) -> Mapping[str, Any]:
        """What a report says."""
        said: dict[str, Any] = msgspec.json.decode(self.blobs.get(report.digest))
        return said


def type_named(name: str) -> NodeType:
    """A node type that is installed."""
    return node_types()[name]
