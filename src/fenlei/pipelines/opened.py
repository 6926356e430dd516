"""A model among the blobs, opened; and what it says of the part of split pictures that judges."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fenlei.contract.errors import FenleiError
from fenlei.datasets.found import Item
from fenlei.datasets.version_content import VersionEntry
from fenlei.datasets.versions import found_in
from fenlei.imaging import prepare_for_training
from fenlei.inference import Engine, embed
from fenlei.modelfile import ModelFile, read
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.pictures import content
from fenlei.pipelines.reference import Model, Split
from fenlei.serving.host import ModelHost
from fenlei.serving.predictor import Predictor


@dataclass(frozen=True)
class Opened:
    """A model that is ready.

    Attributes:
        file: all that its file holds.
        predictor: scores pictures with it.
        network: gives the ONNX file that it stands on.
    """

    file: ModelFile
    predictor: Predictor
    network: Callable[[], bytes]


@contextmanager
def file_of(ctx: NodeContext, model: Model) -> Iterator[Path]:
    """A model file on this machine's disk, as long as it is needed.

    Raises:
        FenleiError: it is not there any more, or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="fenlei-") as place:
        path = Path(place) / "model.fenlei"
        ctx.blobs.save_to(model.digest, path)
        yield path


@contextmanager
def opened(ctx: NodeContext, model: Model) -> Iterator[Opened]:
    """Open a model: its digests are verified and its parity pictures run.

    Raises:
        FenleiError: it is gone or damaged, its network cannot run here, or its scores moved.
    """
    with file_of(ctx, model) as path:
        host = ModelHost(cache=ctx.cache, kind=ctx.engine)
        try:
            file = read(path)
            yield Opened(file, host.adopt(file, path).predictor, partial(_network, host, file))
        finally:
            host.close()


def _network(host: ModelHost, file: ModelFile) -> bytes:
    found = host.network(file)
    return found if isinstance(found, bytes) else found.read_bytes()


@dataclass(frozen=True)
class Asked:
    """Pictures of classes that a model knows, in the order of their names, and what its network says of each.

    Attributes:
        items: (n) pictures that could be read.
        entries: (n) what the manifest says of them.
        truth: (n,) class numbers of the model.
        features: (n, d).
    """

    items: list[Item]
    entries: list[VersionEntry]
    truth: NDArray[np.int64]
    features: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def digests(self) -> list[str]:
        """(n) SHA-256, hex, of their files."""
        return [each.sha256 for each in self.entries]


@dataclass(frozen=True)
class Scored(Asked):
    """The same, and what the model says.

    Attributes:
        scores: (n, c).
    """

    scores: NDArray[np.float64]


def ask(
    ctx: NodeContext,
    split: Split,
    model: Opened,
    entries: Sequence[VersionEntry],
    progress: Callable[[float], None] = lambda share: None,
    engine: Engine | None = None,
) -> Asked:
    """What a model's network says of pictures. Those of classes that it does not know are left aside, and those that
    cannot be read are named in the log.

    Args:
        ctx: of the node.
        split: whose pictures.
        model: that is asked.
        entries: which of them.
        progress: told the share that is done.
        engine: asked in place of the model's, where it stands on another network.

    Raises:
        Stopped: the run shall stop.
    """
    predictor = model.predictor
    number = {label: place for place, label in enumerate(predictor.labels)}
    wanted = {entry.name: entry for entry in entries}
    rows: dict[int, NDArray[np.float32]] = {}
    with found_in(ctx.blobs, content(ctx, split)) as found:
        items = [each for each in found.items if each.name in wanted and each.label in number]
        prepare = partial(prepare_for_training, spec=predictor.spec)
        asked = embed([each.read for each in items], prepare, engine or predictor.engine)
        for done, (index, features, _) in enumerate(asked):
            ctx.check()
            progress((done + 1) / len(items))
            if isinstance(features, FenleiError):
                ctx.log(f"left aside: {items[index].name}: {features}")
            else:
                rows[index] = features
    order = sorted(rows)
    kept = [items[index] for index in order]
    return Asked(
        kept,
        [wanted[each.name] for each in kept],
        np.array([number[each.label] for each in kept], np.int64),
        np.stack([rows[index] for index in order]) if order else np.zeros((0, predictor.engine.width), np.float32),
    )


def judging_entries(ctx: NodeContext, split: Split) -> list[VersionEntry]:
    """The pictures of the part that judges.

    Raises:
        PipelineError: training divides these pictures by itself.
    """
    from fenlei.training.division import JUDGING

    if split.held_out is not None:
        raise PipelineError(
            "These pictures are divided in training, so there is no part to judge by. Let `data.split` divide them "
            "`here`, and train on what comes of it; or read the report of the training itself."
        )

    part = next((each for each in JUDGING if each in split.parts), None)
    return [each for each in content(ctx, split).entries if each.split == part]


def ask_test_part(
    ctx: NodeContext, split: Split, model: Opened, progress: Callable[[float], None] = lambda share: None
) -> Asked:
    """What a model's network says of the part that judges; see `ask`.

    Raises:
        PipelineError: no picture of that part is of a class that the model knows.
        Stopped: the run shall stop.
    """
    found = ask(ctx, split, model, judging_entries(ctx, split), progress)
    if not len(found):
        raise PipelineError(
            f"No picture of the test part is of a class this model knows: {', '.join(model.predictor.labels)}."
        )
    return found


def score_test_part(
    ctx: NodeContext, split: Split, model: Opened, progress: Callable[[float], None] = lambda share: None
) -> Scored:
    """What a model says of the part that judges; see `ask_test_part`."""
    found = ask_test_part(ctx, split, model, progress)
    scores = np.stack([model.predictor.judge(row[None])[0] for row in found.features])
    return Scored(found.items, found.entries, found.truth, found.features, scores)


def unlearned(file: ModelFile, asked: Asked) -> NDArray[np.bool_]:
    """(n,) which pictures a model has not learned from, as far as its file tells."""
    from fenlei.training.picture_list import DIGITS, learned_digests

    learned = learned_digests(file)
    return np.array([each[:DIGITS] not in learned for each in asked.digests], bool)
