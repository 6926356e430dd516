"""A model among the blobs, opened; and what it says of the part of split pictures that judges."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fenlei.contract.errors import FenleiError
from fenlei.datasets.found import Item
from fenlei.datasets.versions import found_in
from fenlei.imaging import prepare_for_training
from fenlei.inference import embed
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
    """

    file: ModelFile
    predictor: Predictor


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
            yield Opened(file, host.adopt(file, path).predictor)
        finally:
            host.close()


@dataclass(frozen=True)
class Scored:
    """Pictures of classes that a model knows, in the order of their names, and what it says of each.

    Attributes:
        items: (n) pictures that could be read.
        digests: (n) SHA-256, hex, of their files.
        truth: (n,) class numbers of the model.
        scores: (n, c).
    """

    items: list[Item]
    digests: list[str]
    truth: NDArray[np.int64]
    scores: NDArray[np.float64]


def score_test_part(
    ctx: NodeContext, split: Split, model: Opened, progress: Callable[[float], None] = lambda share: None
) -> Scored:
    """What a model says of the part that judges. Pictures of classes that it does not know are left aside, and those
    that cannot be read are named in the log.

    Args:
        ctx: of the node.
        split: whose pictures.
        model: that is asked.
        progress: told the share that is done.

    Raises:
        PipelineError: no picture of that part is of a class that the model knows.
        Stopped: the run shall stop.
    """
    from fenlei.training.division import judging_part

    predictor = model.predictor
    number = {label: place for place, label in enumerate(predictor.labels)}
    held = content(ctx, split)
    digests = {entry.name: entry.sha256 for entry in held.entries}
    rows: dict[int, NDArray[np.float64]] = {}
    with found_in(ctx.blobs, held) as found:
        judging = judging_part(found.items)
        items = [each for each in found.items if each.part is judging and each.label in number]
        prepare = partial(prepare_for_training, spec=predictor.spec)
        for done, (index, features, _) in enumerate(embed([each.read for each in items], prepare, predictor.engine)):
            ctx.check()
            progress((done + 1) / len(items))
            if isinstance(features, FenleiError):
                ctx.log(f"left aside: {items[index].name}: {features}")
            else:
                rows[index] = predictor.judge(features[None])[0]
    if not rows:
        raise PipelineError(
            f"No picture of the test part is of a class this model knows: {', '.join(predictor.labels)}."
        )
    order = sorted(rows)
    return Scored(
        [items[index] for index in order],
        [digests[items[index].name] for index in order],
        np.array([number[items[index].label] for index in order], np.int64),
        np.stack([rows[index] for index in order]),
    )
