"""Where views are worked on: backbones and engines are opened once, when first needed, and closed at the end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones import CATALOGUE, Backbone, find_backbone, open_backbone
from fenlei.backbones.joined import join
from fenlei.contract.errors import FenleiError
from fenlei.imaging import InputSpec
from fenlei.inference.engine import Engine
from fenlei.inference.gpu import AUTO, GPU, resolved
from fenlei.inference.open import open_engine
from fenlei.training.alteration import Alteration
from fenlei.training.basis import Basis
from fenlei.training.coming import Coming
from fenlei.training.decoding import Decoding
from fenlei.training.head import Copies, Lesson, prepare_lesson
from fenlei.training.look import Embedded, Picture, features_of, shelf_of
from fenlei.training.plan import input_spec
from fenlei.training.progress import Watch
from fenlei.training.view import View

_Key = tuple[tuple[str, ...], int | None]
"""Backbones and size, as of a `View`."""

_TRIALS = 6
"""Most runs by which it is measured how long a network takes."""

_ALIKE = 1.03
"""Two runs of which the longer takes at most that many times the other's time."""

_VIEWS = 4
"""Spaces and features that are remembered: heads on one view come one after another."""

_REMEMBERED = 64_000_000
"""Bytes of features beyond which they are read from the cache again."""


class Workshop(AbstractContextManager["Workshop"]):
    """Backbones, engines and features by view.

    Args:
        cache: the workspace's cache folder: `backbones/`, `compiled/` and `embeddings/` are below it.
        watch: progress and stop.
        kind: what runs networks; see `fenlei.inference.open_engine`.
        wished: the view whose backbones a hub may be asked for, where the cache lacks them; None: it is asked for none.

    Attributes:
        computed: how many pictures ran through a network so far; all others came from the cache.
        once: seconds that went into what is there from then on: features that were computed, networks that were opened.
    """

    def __init__(self, cache: Path, watch: Watch, kind: str = "auto", *, wished: View | None = None) -> None:
        self._cache = cache
        self._watch = watch
        self._kind = kind
        self._wished = () if wished is None else [(part.backbones, part.size) for part in wished.parts]
        # Where a GPU may be too small for a network, only its opening tells what runs it.
        self._runner = None if kind == AUTO and resolved(kind) == GPU else resolved(kind)
        self._backbones: dict[_Key, Backbone] = {}
        self._engines: dict[tuple[str, int], Engine] = {}
        self._paces: dict[View, float] = {}
        self._waits: dict[View, float] = {}
        self._decoding: Decoding | None = None
        self._bases: deque[tuple[View, Sequence[Picture], Basis]] = deque(maxlen=_VIEWS)
        self._seen: deque[tuple[View, Sequence[Picture], Embedded]] = deque(maxlen=_VIEWS)
        self._met: dict[View, float] = {}
        self._having = self._opening = 0.0
        self._coming: tuple[_Key, Coming] | None = None
        self.computed = 0
        self.once = 0.0

    @property
    def cache(self) -> Path:
        """The workspace's cache folder."""
        return self._cache

    @property
    def runs_on(self) -> str:
        """The name of the engine that runs networks here, if they fit into its memory."""
        return resolved(self._kind)

    def backbone(self, view: View) -> Backbone:
        """The view's backbone, exported if need be; of several, the network that is all of them.

        A hub may be asked for what was wished for: a search tries others only because they are here, and one of them
        that turns out damaged is not worth a wait for another machine.

        Raises:
            BackboneError: it cannot be had.
        """
        key = view.backbones, view.size
        if key not in self._backbones:
            self._receive_backbone(key)
        if key not in self._backbones:
            started = time.monotonic()
            if len(view.backbones) == 1:
                wished = key in self._wished
                found = open_backbone(view.backbones[0], size=view.size, cache=self._cache, allow_network=wished)
            else:
                found = join([self.backbone(part) for part in view.parts], self._cache)
            self._backbones[key] = found
            self._having = max(self._having, time.monotonic() - started)
        return self._backbones[key]

    def provide(self, view: View, backbone: Backbone) -> None:
        """Take this backbone wherever a view of that name and size needs it."""
        self._backbones[view.backbones, view.size] = backbone

    def opened(self, view: View) -> Backbone | None:
        """The view's backbone if it was needed before; None where it was not, or could not be had."""
        return self._backbones.get((view.backbones, view.size))

    def foreign(self, view: View) -> dict[str, str]:
        """Digests, by name, of the view's networks that are not of the catalogue: under the name of a file or of a
        repository there may be another one tomorrow.

        Raises:
            BackboneError: one cannot be had.
        """
        parts = [part for part in view.parts if part.backbones[0] not in CATALOGUE]
        return {part.backbones[0]: self.backbone(part).digest for part in parts}

    def describe(self, view: View) -> tuple[str, int]:
        """Backbone and size of a view, for people, whether it could be had or not."""
        found = self.opened(view)
        return (found.id, found.size) if found is not None else (view.name, view.size or 0)

    def spec(self, view: View) -> InputSpec:
        """The view's preprocessing."""
        return input_spec(self.backbone(view.parts[0]).size, view.policy)

    def engine(self, view: View) -> Engine:
        """The engine that runs the view's backbone. It stays open for later use; views that differ in policy alone
        share one.

        Raises:
            EngineError: the network cannot be run here.
        """
        backbone = self.backbone(view)
        self._receive((view.backbones, view.size))
        key = backbone.digest, backbone.size
        if key not in self._engines:
            started = time.monotonic()
            self._engines[key] = self._open(backbone)
            took = time.monotonic() - started
            self.once, self._opening = self.once + took, max(self._opening, took)
        return self._engines[key]

    def opening(self, view: View) -> float:
        """Wall seconds until pictures can run through the view's networks, by what was slowest of that so far; 0 where
        all of them are open."""
        known = [self.opened(part) for part in view.parts]
        closed = sum(found is None or (found.digest, found.size) not in self._engines for found in known)
        return known.count(None) * self._having + closed * self._opening

    def open_soon(self, view: View) -> None:
        """Begin to open what runs this view, a single backbone, while other things are done.

        Only what is exported already: an export or another machine would keep whoever calls it off waiting. What goes
        wrong goes wrong again, and is told, where the view is needed.
        """

        find = partial(find_backbone, view.backbones[0], size=view.size, cache=self._cache)
        self._coming = (view.backbones, view.size), Coming(find, self._open)

    def engine_soon(self, view: View) -> Engine | Future[Engine]:
        """As `engine`, but where `open_soon` is still opening it nobody waits."""
        self.backbone(view)
        if self._coming is None or self._coming[0] != (view.backbones, view.size):
            return self.engine(view)
        return self._coming[1].engine()

    def _receive_backbone(self, key: _Key) -> None:
        """Wait for the backbone that `open_soon` began to look for, where it is this one."""
        if self._coming is not None and key == self._coming[0]:
            started, found = time.monotonic(), None
            with suppress(FenleiError):
                found = self._coming[1].backbone.result()
            self.once += time.monotonic() - started
            if found is None:
                self._coming = None
            else:
                self._backbones[key], self._having = found, max(self._having, self._coming[1].having)

    def _receive(self, key: _Key | None) -> None:
        """Wait for what `open_soon` began to open, where it is this; None: whatever it is."""
        if self._coming is None or key not in (None, self._coming[0]):
            return
        (_, coming), self._coming = self._coming, None
        with suppress(FenleiError, LookupError):
            backbone, engine = coming.backbone.result(), coming.engine().result()
            if backbone is not None:
                self._engines[backbone.digest, backbone.size] = engine
                self._opening = max(self._opening, coming.opening)
        self.once += coming.waited

    def _open(self, backbone: Backbone) -> Engine:
        side = backbone.size, backbone.size
        return open_engine(backbone.network, size=side, kind=self._kind, cache=self._cache / "compiled")

    def features(self, view: View, pictures: Sequence[Picture]) -> Embedded:
        """Features of these pictures, from the cache where they are in it; see `look.features_of`.

        Where there are several backbones, each part has its own place in the cache: what one has seen need not be seen
        again when it is joined to another.
        """
        for seen, of, found in self._seen:
            if seen == view and of is pictures:
                return found
            if seen == view and found.pictures is pictures:  # those that were left of others
                return replace(found, skipped=[])
        found = self._gathered(view, pictures)
        if found.features.nbytes <= _REMEMBERED:
            self._seen.append((view, pictures, found))
        return found

    def _gathered(self, view: View, pictures: Sequence[Picture]) -> Embedded:
        parts = [self._features(part, pictures, None) for part in view.parts]
        first = parts[0]
        if len(parts) == 1:
            return first
        return Embedded(
            first.pictures,
            first.prints,
            np.concatenate([part.features for part in parts], axis=1),
            first.skipped,
            sum(part.computed for part in parts),
        )

    def copies(self, view: View, pictures: Sequence[Picture], kinds: Sequence[Alteration]) -> Copies | None:
        """Features of altered copies of these pictures; None where there are no kinds of copies."""
        if not kinds:
            return None
        rows = [
            np.concatenate([self._features(part, pictures, kind).features for part in view.parts], axis=1)
            for kind in kinds
        ]
        return Copies(np.concatenate(rows), np.tile(np.arange(len(pictures)), len(kinds)))

    def lesson(
        self,
        view: View,
        pictures: Sequence[Picture],
        truth: NDArray[np.int64],
        classes: int,
        kinds: Sequence[Alteration] = (),
    ) -> Lesson:
        """What heads on this view learn from: these pictures, and altered copies of them.

        Args:
            view: which.
            pictures: (n) that can all be used.
            truth: (n,) class numbers.
            classes: number of classes.
            kinds: of copies.

        Raises:
            FenleiError: one cannot be used after all.
        """
        embedded = self.features(view, pictures)
        for skipped in embedded.skipped:  # the first candidate could use all of them
            raise FenleiError(f"{skipped.name} could not be used: {skipped.reason}")
        copies = self.copies(view, pictures, kinds)
        known = [basis for seen, of, basis in self._bases if seen == view and of is pictures]
        lesson = prepare_lesson(embedded.features, truth, classes, copies, known[0] if known else None)
        if not known:
            self._bases.append((view, pictures, lesson.basis))
        return lesson

    def bytes(self, view: View) -> int:
        """Size of the networks."""
        return sum(self.backbone(part).network.stat().st_size for part in view.parts)

    def missing(self, view: View, pictures: Sequence[Picture], kinds: Sequence[Alteration | None]) -> float:
        """Wall seconds that the features would take which are not in the cache, by a measurement of the networks."""
        return sum(
            self.seconds_per_picture(part) * self._absent(part, pictures, kind) for part in view.parts for kind in kinds
        )

    def seconds_per_picture(self, view: View) -> float:
        """Measured wall seconds of the network alone, all cores busy."""
        if view not in self._paces:
            engine, spec = self.engine(view), self.spec(view)
            pixels = np.zeros((_TRIALS * engine.streams, spec.height, spec.width, 3), np.uint8)
            engine.infer(pixels[: engine.streams])  # the first run is slower than the rest
            started = time.monotonic()
            engine.infer(pixels)
            self._paces[view] = (time.monotonic() - started) / len(pixels)
        return self._paces[view]

    def looking(self, view: View, pictures: Sequence[Picture]) -> float:
        """Wall seconds that the features of these pictures would take which are not in the cache, all told."""
        return sum(self.seconds_to_look(part) * self._absent(part, pictures, None) for part in view.parts)

    def seconds_to_look(self, view: View) -> float:
        """Wall seconds of a picture with its reading and decoding, as they were met, or as both are measured."""
        return sum(
            self._met[part]
            if part in self._met
            else self.seconds_per_picture(part) + self.decoding_milliseconds(part) / 1000
            for part in view.parts
        )

    def milliseconds(self, view: View) -> float:
        """What a caller waits for the answer to one picture alone: for its decoding, as soon as pictures were named by
        which that can be measured, and for the network."""
        return self.network_milliseconds(view) + self.decoding_milliseconds(view)

    def network_milliseconds(self, view: View) -> float:
        """What one picture alone takes in the network, the best of several."""
        return sum(self._milliseconds(part) for part in view.parts)

    def decoding_milliseconds(self, view: View) -> float:
        """What a typical picture takes to become the view's input; 0 until pictures were named."""
        return 0.0 if self._decoding is None else self._decoding.milliseconds(self.spec(view))

    def decodes(self, pictures: Sequence[Picture]) -> None:
        """By these pictures it is measured from now on what decoding takes. The first ones count."""
        if self._decoding is None:
            self._decoding = Decoding(pictures)

    def _milliseconds(self, part: View) -> float:
        if part not in self._waits:
            engine, spec = self.engine(part), self.spec(part)
            pixels = np.zeros((1, spec.height, spec.width, 3), np.uint8)
            took: list[float] = []
            while len(took) < _TRIALS and not _steady(took):
                started = time.monotonic()
                engine.infer(pixels)
                took.append(time.monotonic() - started)
            self._waits[part] = 1000 * min(took)
        return self._waits[part]

    def _features(self, part: View, pictures: Sequence[Picture], kind: Alteration | None) -> Embedded:
        started, once = time.monotonic(), self.once
        embedded = features_of(
            pictures,
            self.backbone(part),
            self.spec(part),
            open_engine=lambda: self.engine_soon(part),
            cache=self._cache,
            watch=self._watch,
            alteration=kind,
            engine=self._engine_name(part),
        )
        self._receive((part.backbones, part.size))
        self.computed += embedded.computed
        if embedded.computed:
            took = time.monotonic() - started - (self.once - once)
            self.once, self._met[part] = self.once + took, took / embedded.computed
        return embedded

    def _absent(self, part: View, pictures: Sequence[Picture], kind: Alteration | None) -> int:
        backbone = self.backbone(part)
        shelf = shelf_of(self._cache, backbone, self.spec(part), kind, self._engine_name(part))
        return sum(picture.digest not in shelf for picture in pictures)

    def _engine_name(self, part: View) -> str:
        return self._runner or self.engine(part).name

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._receive(None)
        for engine in self._engines.values():
            engine.close()


def _steady(took: Sequence[float]) -> bool:
    """Whether the two quickest are alike, so that a third would hardly be quicker."""
    quickest = sorted(took)[:2]
    return len(quickest) == 2 and quickest[1] <= _ALIKE * quickest[0]
