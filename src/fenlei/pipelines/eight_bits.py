"""A model's network in eight bits: made by pictures of the training part, and held against the one in 32 bits."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.version_content import VersionEntry
from fenlei.imaging import prepare, prepare_for_training
from fenlei.inference import Engine, EngineMissing, open_engine
from fenlei.modelfile import ModelFile, ParityPicture
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.opened import Asked, Opened, ask
from fenlei.pipelines.pictures import together
from fenlei.pipelines.reference import Split
from fenlei.pipelines.validation import training_entries, unseen_by
from fenlei.training.versus import Versus

ENGINES = ("openvino", "onnxruntime")
"""Of the CPU; a model is to answer alike on both."""

FEWEST = 10
"""Pictures below which nothing can be said of what is lost."""

MOST_DECIDING = 2_000
"""More do not move the outcome, and take time."""

STEADY = 0.03
"""So near to each other the scores of a picture must be by different engines for it to be a parity picture of a network
in eight bits: pictures between two classes prove little, since somewhere a number is rounded up or down."""

LEAST_ALLOWED = 0.02
"""So far the scores of parity pictures may always be from their promises."""

ROOM = 3.0
"""Times what was seen here: other processors are farther apart. With `STEADY` it stays below `MOST_TOLERANCE`."""

TOO_FAR = (
    f"OpenVINO and ONNX Runtime differ by more than {STEADY} in a score of most of the model's parity pictures, too "
    "much to tell whether it is served as it was made"
)

VALIDATION, FOLDS = "validation part", "training part, by folds"
_HELD_AGAINST = 32
_RUNS, _SECONDS = 30, 2.0


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """How long one engine takes for one picture on one core, in milliseconds; the median of some, taken in turns."""

    engine: str
    before: float
    after: float


def to_calibrate(entries: Sequence[VersionEntry], most: int) -> list[VersionEntry]:
    """Pictures by which ranges are found: of every class alike, and half of them at the most, so that others are left
    to decide by."""
    from fenlei.training.unknown.rules import even_share

    truth = np.array([each.label for each in entries], np.int64)
    return [entries[row] for row in even_share(truth, min(most, (len(entries) + 1) // 2))]


def rounded(ctx: NodeContext, model: Opened, pictures: Sequence[VersionEntry]) -> tuple[bytes, list[NDArray[np.uint8]]]:
    """The network in eight bits, and some of the pictures as it was shown them.

    Raises:
        FenleiError: the network cannot be written so, or no picture can be read.
    """
    from fenlei.backbones.int8 import to_int8

    some: list[NDArray[np.uint8]] = []

    def shown() -> Iterator[Callable[[], NDArray[np.uint8]]]:
        for number, entry in enumerate(pictures):
            ctx.check()
            ctx.progress("finding the ranges of numbers", number / len(pictures))
            pixels = prepare_for_training(ctx.blobs.get(entry.sha256), spec=model.predictor.spec)
            if len(some) < _HELD_AGAINST:
                some.append(pixels)
            yield partial(_same, pixels)

    return to_int8(model.network(), shown(), model.file.manifest.backbone.id), some


def decided(ctx: NodeContext, split: Split, model: Opened, engine: Engine, used: set[str]) -> tuple[str, Versus]:
    """How many answers eight bits cost, by pictures that judge nothing else.

    Args:
        ctx: of the node.
        split: whose pictures.
        model: in 32 bits.
        engine: runs the network in eight.
        used: SHA-256, hex, of pictures by which the ranges were found.

    Returns:
        By which pictures, and the outcome: `old` is 32 bits, `new` is eight. By the validation part the very model is
        judged, where it has not learned from those pictures. Else pictures of the training part judge, each by a linear
        head on the features in 32 bits that was learned without it, since the model's own head knows them by heart.

    Raises:
        PipelineError: there are too few pictures.
    """
    from fenlei.training.by_folds import NOT_ASKED, called_by_folds

    fresh = unseen_by(ctx, split, model.file)
    by, entries = (VALIDATION, fresh) if len(fresh) >= FEWEST else (FOLDS, training_entries(ctx, split))
    entries = entries[:MOST_DECIDING]
    before = ask(ctx, split, model, entries, lambda share: ctx.progress("asking the network in 32 bits", share))
    after = ask(ctx, split, model, entries, lambda share: ctx.progress("asking the network in 8 bits", share), engine)
    head, classes = model.file.head, len(model.file.manifest.labels)
    counted = np.ones(len(before), bool)
    if by == VALIDATION:
        called = [head.logits(each.features).argmax(axis=1) for each in (before, after)]
    else:
        groups = np.array(together(before.entries), np.int64)
        called = called_by_folds(before.features, [before.features, after.features], before.truth, groups, classes)
        counted = (called[0] != NOT_ASKED) & ~np.isin(before.digests, list(used))
    if counted.sum() < FEWEST:
        raise PipelineError(
            f"Only {int(counted.sum())} pictures are left to tell by what eight bits cost; at least {FEWEST} are "
            "needed, of which the network was shown none. Add pictures to the training part, or have `data.split` put "
            "some into a validation part."
        )
    return by, held_against(before, called, frozenset(), counted)


def held_against(
    asked: Asked,
    called: Sequence[NDArray[np.int64]],
    learned: frozenset[str],
    counted: NDArray[np.bool_] | None = None,
) -> Versus:
    """What one network called pictures and what the other did.

    Args:
        asked: the pictures.
        called: (n,) class numbers, of the old network and of the new one.
        learned: the first digits of SHA-256 of pictures that were learned from; they are left out as far as there are
            others.
        counted: (n,) which count; None: all.

    Raises:
        PipelineError: none counts.
    """
    from fenlei.training.paired import Answers, in_common, versus

    rows = np.arange(len(asked)) if counted is None else np.flatnonzero(counted)
    names, labels = [asked.items[row].name for row in rows], [asked.items[row].label for row in rows]
    digests = [asked.digests[row] for row in rows]
    answers = [Answers(names, labels, digests, (each == asked.truth)[rows], learned) for each in called]
    common = in_common(answers)
    if common is None:
        raise PipelineError("No picture is left to hold the two networks against each other by.")
    return versus(common)


@contextmanager
def on_cpu(ctx: NodeContext, size: tuple[int, int], networks: Sequence[bytes]) -> Iterator[dict[str, list[Engine]]]:
    """Networks on every engine of the CPU that is here, one picture at a time.

    Raises:
        EngineError: an engine cannot run one of them.
    """
    with ExitStack() as stack:
        found: dict[str, list[Engine]] = {}
        for kind in ENGINES:
            try:
                found[kind] = []
                for network in networks:
                    engine = open_engine(network, size=size, kind=kind, streams=1)
                    stack.callback(engine.close)
                    found[kind].append(engine)
            except EngineMissing as exc:
                ctx.log(f"not held against `{kind}`: {exc}")
                del found[kind]
        yield found


def speeds(engines: dict[str, list[Engine]], picture: NDArray[np.uint8]) -> list[Speed]:
    """How long the first and the second network of each engine take, in turns, so that whatever else this machine does
    meets both."""
    found = []
    for kind, (before, after) in engines.items():
        times: tuple[list[float], list[float]] = ([], [])
        began = time.monotonic()
        while len(times[0]) < 3 or (len(times[0]) < _RUNS and time.monotonic() - began < _SECONDS):
            for engine, spent in zip((before, after), times, strict=True):
                start = time.perf_counter()
                engine.infer(picture[None])
                spent.append(1000 * (time.perf_counter() - start))
        middles = [round(statistics.median(each), 3) for each in times]
        found.append(Speed(engine=kind, before=middles[0], after=middles[1]))
    return found


class Proving(NamedTuple):
    """What proves a model in eight bits wherever it is loaded.

    Attributes:
        pictures: of its parity pictures those on which engines agree.
        allowed: how far their scores may be from what is promised.
        apart: the farthest that a score was between engines, on any picture that was asked about.
    """

    pictures: list[ParityPicture]
    allowed: float
    apart: float


def proving(file: ModelFile, engines: Sequence[Engine], shown: Sequence[NDArray[np.uint8]] = ()) -> Proving | None:
    """Hold engines that run the same network in eight bits against each other.

    Args:
        file: with the head that will be shipped.
        engines: each runs the network.
        shown: further pictures as the network takes them; they are looked at for `apart` alone.

    Returns:
        None where engines agree on fewer than half of the parity pictures: it could not be told whether the model is
        served as it was made.
    """
    spec, count = file.manifest.input, len(file.parity)
    pixels = [*(prepare(each.data, spec) for each in file.parity), *shown]
    if not pixels or not engines:
        return Proving(file.parity, LEAST_ALLOWED, 0.0)
    scores = np.stack([file.head.scores(engine.infer(np.stack(pixels))) for engine in engines])
    apart = np.abs(scores - scores[0]).max(axis=(0, 2))
    agree = (apart <= STEADY) & (scores.argmax(axis=2) == scores[0].argmax(axis=1)).all(axis=0)
    steady = np.flatnonzero(agree[:count])
    if 2 * len(steady) < count:
        return None
    allowed = max(LEAST_ALLOWED, ROOM * float(apart[steady].max(initial=0.0)))
    return Proving([file.parity[row] for row in steady], allowed, float(apart.max()))


def proving_still(ctx: NodeContext, file: ModelFile, network: bytes) -> Proving | None:
    """The same of a model whose head was changed; None of one whose network is in 32 bits.

    Raises:
        PipelineError: engines agree on too few of its parity pictures by now.
    """
    spec = file.manifest.input
    if file.manifest.tolerance is msgspec.UNSET:
        return None
    with on_cpu(ctx, (spec.height, spec.width), [network]) as engines:
        found = proving(file, [each[0] for each in engines.values()])
    if found is None:
        raise PipelineError(
            f"Calibrated so, {TOO_FAR}. Calibrate the model before it is optimised, or choose another method."
        )
    return found


def _same(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels
