"""Explain one answer: the picture, what it was called, and the map of what that rests on."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fenlei.contract.errors import FenleiError
from fenlei.imaging import InputSpec, decode_for_training, from_input, prepare_for_training, to_input
from fenlei.imaging.overlay import overlay, shrunk
from fenlei.modelfile import softmax
from fenlei.serving.occlusion import covered, heat_of
from fenlei.serving.predictor import Predictor

CELLS = 16
"""Numbers to a side, where a map is told in numbers."""

LONGEST = 1024
"""Longest side of a map in pixels; a larger picture's map is as much smaller."""


Draw = Callable[[NDArray[np.uint8], int], NDArray[np.float32]]
"""Draws a map (height, width) of a prepared input (height, width, 3) for a class number: above zero what is there
speaks for the class, below against it."""


class NoSuchClass(FenleiError):
    """The model does not know the class that was asked about."""


class NoMap(FenleiError):
    """The model has no map of the kind that was asked for."""


@dataclass(frozen=True)
class Explanation:
    """What an answer rests on.

    Attributes:
        label: the class that is explained.
        answer: the class with the highest score.
        scores: of every class.
        heat: (height, width) float32 on the upright picture, whose longest side is at most LONGEST. In nats of the
            class's odds, above zero a place speaks for the class, below against it: by how much they fall when it is
            covered, or what another method says.
        picture: (height, width, 3) RGB, as large as the map.
    """

    label: str
    answer: str
    scores: dict[str, float]
    heat: NDArray[np.float32]
    picture: NDArray[np.uint8]

    @cached_property
    def png(self) -> bytes:
        """The map over the picture, as a PNG file."""
        return png_file(overlay(self.picture, self.heat))

    def cells(self, side: int = CELLS) -> list[list[float]]:
        """The map as means over `side` × `side` cells, rounded; for programs."""
        image = Image.fromarray(self.heat).resize((side, side), Image.Resampling.BOX)
        return [[round(float(value), 4) for value in row] for row in np.asarray(image)]


def explain(
    predictor: Predictor, source: bytes | NDArray[np.uint8], label: str | None = None, *, draw: Draw | None = None
) -> Explanation:
    """Explain what a model says of a picture.

    Args:
        predictor: the model.
        source: a picture file of any kind that training takes, or an upright RGB picture (height, width, 3).
        label: the class to explain; None takes the one with the highest score.
        draw: draws the map; None covers one part of the picture after another.

    Raises:
        NoSuchClass: the model knows no such class.
        NoMap: `draw` cannot draw one of this model.
        Unreadable: the picture cannot be used.
        EngineError: the network failed.
    """
    labels = list(predictor.labels)
    if label is not None and label not in labels:
        raise NoSuchClass(f"The model knows no class {label!r}; it knows {', '.join(labels)}.")
    pixels, shown = _both(source, predictor.spec)
    whole = predictor.logits(pixels[None])[0]
    scores = softmax(whole[None])[0]
    best = int(scores.argmax())
    wanted = best if label is None else labels.index(label)
    if draw is not None:
        drawn = draw(pixels, wanted)
    else:
        under = np.concatenate([predictor.logits(batch) for batch in covered(pixels)])
        drawn = heat_of(whole, under, wanted, pixels.shape[:2])
    heat = from_input(drawn, predictor.spec, shown.shape[:2])
    return Explanation(labels[wanted], labels[best], dict(zip(labels, map(float, scores), strict=True)), heat, shown)


def png_file(pixels: NDArray[np.uint8]) -> bytes:
    """Pixels (height, width, 3) as a PNG file."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def _both(source: bytes | NDArray[np.uint8], spec: InputSpec) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """What the network is shown of a picture, and what people are."""
    if isinstance(source, bytes):
        return prepare_for_training(source, spec), shrunk(decode_for_training(source, (LONGEST, LONGEST)), LONGEST)
    return to_input(source, spec), shrunk(source, LONGEST)
