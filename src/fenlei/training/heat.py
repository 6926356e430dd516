"""Heat maps of the worst pictures: what the wrong answer rests on. As many as a small share of the training pays for.

How many is decided by counting passes through the network and not by the clock, so that the same pictures give the same
report. What a network says of a covered picture does not depend on the head, and is kept like all features: training
again costs no pass.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fenlei.contract.errors import FenleiError
from fenlei.imaging import decode_for_training, from_input, prepare_for_training
from fenlei.imaging.overlay import overlay, shrunk
from fenlei.modelfile import Head
from fenlei.serving.occlusion import covered, covers_of, heat_of
from fenlei.training.cache import UNSEEN, FeatureCache, Seen, seen_by
from fenlei.training.gallery import LARGE
from fenlei.training.look import Picture
from fenlei.training.view import View
from fenlei.training.workshop import Workshop

MOST_MAPS = 12

SHARE = 0.05
"""Of all passes through networks that a training from nothing makes."""

GRIDS = (5,)
"""Coarser than where somebody asks about one picture, so that there are more maps."""

AROUND = 0.02
"""Seconds in which a picture is read, and its map is laid over it."""

VERSION = "covered/1"
"""Changes with the covers, so that features of older ones are not taken for those of newer ones."""


def maps_allowed(pictures: int, views: int) -> int:
    """How many maps a training may make that showed so many pictures to so many views."""
    return min(MOST_MAPS, int(SHARE * pictures * views) // (covers_of(GRIDS) + 1))


def seconds_per_map(workshop: Workshop, view: View) -> float:
    """What a map takes, by a measurement of the network."""
    passes = covers_of(GRIDS) + 1
    return AROUND + passes * sum(workshop.seconds_per_picture(part) for part in view.parts)


class HeatMaps:
    """Draws maps for one view and one head.

    Args:
        workshop: where the engine is.
        view: of the model.
        head: that answered.
    """

    def __init__(self, workshop: Workshop, view: View, head: Head) -> None:
        self._engine, self._spec, self._head = workshop.engine(view), workshop.spec(view), head
        backbone = workshop.backbone(view)
        name = hashlib.sha256(f"{VERSION} {GRIDS} {self._spec.digest}".encode()).hexdigest()
        name = seen_by(name, self._engine.name)
        self._shelf = FeatureCache(workshop.cache / "embeddings", backbone.digest, name, backbone.width)

    def draw(self, picture: Picture, label: int) -> bytes | None:
        """The map of a picture for a class number, as a small JPEG file; None where the file is gone by now."""
        try:
            data = picture.item.read()
            pixels = prepare_for_training(data, self._spec)
            upright = decode_for_training(data, (LARGE, LARGE))
        except FenleiError:
            return None
        logits = self._head.logits(self._features(picture.digest, pixels))
        heat = heat_of(logits[0], logits[1:], label, pixels.shape[:2], GRIDS)
        shown = shrunk(upright, LARGE)
        out = io.BytesIO()
        Image.fromarray(overlay(shown, from_input(heat, self._spec, shown.shape[:2]))).save(out, "JPEG", quality=80)
        return out.getvalue()

    def _features(self, digest: bytes, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(1 + covers, d): of the picture, and under each cover."""
        names = [hashlib.sha256(digest + bytes([number])).digest() for number in range(covers_of(GRIDS) + 1)]
        known = [self._shelf.get(name) for name in names]
        found = [seen.features for seen in known if seen is not None]
        if len(found) < len(names):
            found = [row for batch in (pixels[None], *covered(pixels, GRIDS)) for row in self._engine.infer(batch)]
            self._keep(names, found)
        return np.stack(found)

    def _keep(self, names: Sequence[bytes], rows: Sequence[NDArray[np.float32]]) -> None:
        with suppress(OSError):  # they are computed again next time
            self._shelf.add([Seen(name, UNSEEN, row) for name, row in zip(names, rows, strict=True)])
            self._shelf.refresh()
