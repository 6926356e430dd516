"""Where a model looks, by derivatives: what each place of a picture adds to the odds of a class.

Integrated gradients (Sundararajan, Taly & Yan 2017, "Axiomatic Attribution for Deep Networks"), taken not at the pixels
but at maps inside the network: these go step by step from what they hold of a plain area in the picture's mean colour
to what they hold of the picture; the mean derivative of the log odds on that way, times what a place has changed by, is
that place's share. So nothing is lost: the shares add up to the log odds of the picture less those of the plain area.

Which maps: the last that have SIDE places to a side. Those before the pooling (Selvaraju et al. 2017, "Grad-CAM") have
seven, too coarse to say where; at the pixels, derivatives are noise. Measured by covering the warmest places first, and
by showing only them (Petsiuk et al. 2018, "RISE"), on photographs; `docs/adr/` has the figures.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fenlei.backbones import BackboneError
from fenlei.backbones.differentiable import Cut, TorchNetwork, follow
from fenlei.backbones.one_thread import one_thread
from fenlei.inference import Engine
from fenlei.modelfile import Head
from fenlei.training.gradient.errors import NoGradientMap
from fenlei.training.gradient.head import check_smooth, log_odds

SIDE = 14
"""Places to a side that the maps have at least; where a network has no such maps, pixels are taken together."""

STEPS = (16, 64, 256)
"""Of the way: the first that leaves little unexplained."""

UNEXPLAINED = 0.05
"""Of the difference in log odds, or in nats where that is below one."""

TOLERANCE = 1e-3
"""How far a feature may be from the engine's, in units of the largest feature where that is above 1."""

UNIT = 64
"""A map tells nats for so many parts of the picture: an eighth of its width by an eighth of its height."""

_TORCH = threading.Lock()
"""How many threads torch uses is one number for the whole process: one map at a time."""


class GradientMap:
    """Draws maps for one model. Safe from many threads.

    Args:
        network: its backbone, an ONNX file or its bytes.
        head: behind it.
        engine: that answers with it; torch must see what the engine sees.
        whence: what to call the network in errors.
        side: places to a side of the maps inside the network, at least.

    Raises:
        NoGradientMap: torch is not installed, the network has operators that cannot be followed, or the head answers by
            steps.
    """

    def __init__(self, network: bytes | Path, head: Head, engine: Engine, whence: str, side: int = SIDE) -> None:
        self._head, self._engine, self._whence, self._side = head, engine, whence, side
        check_smooth(head)
        try:
            self._network: TorchNetwork = follow(network, "draw a gradient map", whence)
        except BackboneError as exc:
            raise NoGradientMap(str(exc)) from exc

    def __call__(self, pixels: NDArray[np.uint8], label: int) -> NDArray[np.float32]:
        """The map of a picture for a class.

        Args:
            pixels: (h, w, 3), a prepared input.
            label: number of the class.

        Returns:
            (h, w) float32: what an area of a sixty-fourth of the picture would add to the log odds if all of it were
            like this place. The mean, times 64, is what the whole picture adds to a plain area.

        Raises:
            NoGradientMap: the network cannot be followed to the end, or gives other features than the engine.
            EngineError: the engine failed.
        """
        import torch

        picture = pixels.astype(np.float32)
        plain = np.broadcast_to(picture.mean(axis=(0, 1), dtype=np.float64), picture.shape).astype(np.float32)
        with _TORCH, one_thread(torch):
            try:
                with torch.no_grad():
                    cut = self._network.cut(picture, self._side)
                    ends = self._network.below(plain, cut), self._network.below(picture, cut)
                    self._compare(pixels, self._network.above(ends[1], cut))
                shares = self._shares(ends, cut, label)
            except BackboneError as exc:
                raise NoGradientMap(str(exc)) from exc
        heat = np.zeros(pixels.shape[:2], np.float32)
        for share in shares:
            heat += _spread(share, pixels.shape[:2])
        return heat

    def _shares(self, ends: tuple[list[Any], list[Any]], cut: Cut, label: int) -> list[NDArray[np.float32]]:
        """What each place of each map of the cut adds, (rows, columns)."""
        import torch

        with torch.no_grad():
            odds = [float(log_odds(self._head, self._network.above(end, cut), label)) for end in ends]
        whole = odds[1] - odds[0]
        for steps in STEPS:
            slopes = [torch.zeros_like(held) for held in ends[0]]
            for step in range(steps):
                part = (step + 0.5) / steps
                slopes = [
                    total + slope / steps
                    for total, slope in zip(slopes, self._slopes(_between(*ends, part), cut, label), strict=True)
                ]
            products = [((one - zero) * slope)[0] for zero, one, slope in zip(*ends, slopes, strict=True)]
            missing = abs(sum(float(product.sum()) for product in products) - whole)
            if missing <= UNEXPLAINED * max(1.0, abs(whole)):
                # Maps have their channels first, and more than three columns; pixels have theirs last.
                return [product.sum(-1 if product.shape[-1] == 3 else 0).numpy() for product in products]
        raise NoGradientMap(
            f"the derivatives of {self._whence} do not add up to its answer (they miss {missing:.2f} of {whole:.2f} "
            "nats), so they do not say what it rests on."
        )

    def _slopes(self, held: Sequence[Any], cut: Cut, label: int) -> tuple[Any, ...]:
        import torch

        found = log_odds(self._head, self._network.above(held, cut), label)
        if not found.requires_grad:
            raise NoGradientMap(f"between the picture and the features of {self._whence} is a step without derivative.")
        slopes: tuple[Any, ...] = torch.autograd.grad(found, held, materialize_grads=True)
        return slopes

    def _compare(self, pixels: NDArray[np.uint8], features: Any) -> None:
        given = self._engine.infer(pixels[None])
        apart = float(np.abs(features.numpy() - given).max()) / max(1.0, float(np.abs(given).max()))
        if not apart <= TOLERANCE:  # also when it is not a number
            raise NoGradientMap(
                f"the features of {self._whence} are {apart:.1e} apart between torch and {self._engine.name} for this "
                f"picture; at most {TOLERANCE:.0e} is allowed."
            )


def _between(start: Sequence[Any], end: Sequence[Any], part: float) -> list[Any]:
    return [(zero + (one - zero) * part).requires_grad_() for zero, one in zip(start, end, strict=True)]


def _spread(share: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Places over the whole input, (height, width), in nats for each of UNIT parts."""
    image = Image.fromarray(np.asarray(share * (share.size / UNIT), np.float32))
    if min(share.shape) > 2 * SIDE:
        image = image.resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(image.resize(size[::-1], Image.Resampling.BILINEAR), np.float32)
