"""What a network in training is shown: pictures, altered anew each time, or what its lower stages made of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones import Normalisation
from fenlei.training.finetune.augment import augmentation
from fenlei.training.finetune.batch_size import halved_until_it_fits
from fenlei.training.finetune.pixels import Pixels

MOST_KEPT = 2 << 30
"""Bytes of maps that are kept in memory; those of further pictures are computed each time."""

AT_A_TIME = 16
"""Pictures that run through the lower stages together; fewer where memory runs out."""

Order = Sequence[NDArray[np.int64]]


class Source(Protocol):
    """Batches of rows as the part of the network takes them that is learned; on the device of training."""

    def altered(self, order: Order, epoch: int) -> Iterator[Any]:
        """One batch (b, c, h, w) for each array of rows, as they look in this epoch."""
        ...

    def plain(self, order: Order) -> Iterator[Any]:
        """The same of the pictures as they are."""
        ...


class PictureSource:
    """Pictures for a network that is learned from its first stage on.

    Args:
        pixels: of the pictures.
        normalisation: of the network.
        device: of training.
        mirrored: whether a mirrored picture is still one of its class.
    """

    def __init__(self, pixels: Pixels, normalisation: Normalisation, device: Any, *, mirrored: bool) -> None:
        self._pixels = pixels
        self._alter = augmentation(pixels.spec.height, mirrored=mirrored)
        self._normalise = normaliser(normalisation, device)
        self._device = device

    def altered(self, order: Order, epoch: int) -> Iterator[Any]:
        """See `Source`. Chance is torch's, which the loop seeds for each epoch."""
        for batch in self._pixels.batches(order):
            rows = planes(batch, self._device)
            yield self._normalise(self._alter(rows / 255).clamp(0, 1) * 255)

    def plain(self, order: Order) -> Iterator[Any]:
        """See `Source`."""
        for batch in self._pixels.batches(order):
            yield self._normalise(planes(batch, self._device))


class MapSource:
    """What the stages below the learned ones give: computed once for a few variants of each picture, and kept.

    Args:
        pixels: of the pictures.
        normalisation: of the network.
        below: the stages that are not learned, on the device.
        device: of training.
        variants: of each picture, the picture itself among them.
        kept: maps by picture and variant, float16 (h, w, c); may be handed from one training to the next.
        step: called with (done, total) while maps are computed.
    """

    def __init__(
        self,
        pixels: Pixels,
        normalisation: Normalisation,
        below: Any,
        device: Any,
        variants: int,
        kept: dict[tuple[bytes, int], NDArray[np.float16]],
        step: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._pixels = pixels
        self._normalise = normaliser(normalisation, device)
        self._below = below.eval()
        self._device = device
        self._variants = variants
        self._kept = kept
        self._step = step
        self._at_a_time = AT_A_TIME

    def fill(self, rows: NDArray[np.int64]) -> None:
        """Compute what these rows lack, so that training only takes what is there."""
        lacking = [
            [row for row in rows.tolist() if (self._pixels.pictures[row].digest, variant) not in self._kept]
            for variant in range(self._variants)
        ]
        done, total = 0, sum(len(each) for each in lacking)
        for variant, several in enumerate(lacking):
            order = [np.array(several[start : start + AT_A_TIME]) for start in range(0, len(several), AT_A_TIME)]
            for part in order if not self._full() else []:
                self._step(done, total)
                self._maps(part, variant)
                done += len(part)

    def altered(self, order: Order, epoch: int) -> Iterator[Any]:
        """See `Source`: each epoch takes another variant of a picture, until all had their turn."""
        for rows in order:
            yield self._gather(rows, [(int(row) + epoch) % self._variants for row in rows])

    def plain(self, order: Order) -> Iterator[Any]:
        """See `Source`."""
        for rows in order:
            yield self._gather(rows, [0] * len(rows))

    def _gather(self, rows: NDArray[np.int64], variants: Sequence[int]) -> Any:
        import torch

        maps = []
        for row, variant in zip(rows.tolist(), variants, strict=True):
            known = self._kept.get((self._pixels.pictures[row].digest, variant))
            maps.append(self._maps(np.array([row]), variant)[0] if known is None else known)
        batch = torch.from_numpy(np.stack(maps)).to(self._device)
        return batch.permute(0, 3, 1, 2).float()

    def _maps(self, rows: NDArray[np.int64], variant: int) -> NDArray[np.float16]:
        batch = next(iter(self._pixels.batches([rows], variant)))
        wanted = min(len(rows), self._at_a_time)
        fits, maps = halved_until_it_fits(wanted, functools.partial(self._below_of, batch))
        if fits < wanted:
            self._at_a_time = fits
        for row, each in zip(rows.tolist(), maps, strict=True):
            if not self._full():
                self._kept[self._pixels.pictures[row].digest, variant] = each
        return maps

    def _below_of(self, batch: NDArray[np.uint8], at_a_time: int) -> NDArray[np.float16]:
        """What the lower stages make of a batch, so many pictures at a time."""
        import torch

        given = []
        with torch.no_grad():
            for start in range(0, len(batch), at_a_time):
                maps = self._below(self._normalise(planes(batch[start : start + at_a_time], self._device)))
                given.append(maps.permute(0, 2, 3, 1).half().contiguous().cpu().numpy())
        return np.concatenate(given)

    def _full(self) -> bool:
        return bool(self._kept) and len(self._kept) * next(iter(self._kept.values())).nbytes >= MOST_KEPT


def planes(pixels: NDArray[np.uint8], device: Any) -> Any:
    """Pixels (n, h, w, 3) as float (n, 3, h, w) on the device, the channels of a pixel side by side in memory."""
    import torch

    return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)


def normaliser(normalisation: Normalisation, device: Any) -> Callable[[Any], Any]:
    """From grey levels to what the network takes."""
    import torch

    mean, std = (torch.tensor(each, device=device).view(1, 3, 1, 1) for each in normalisation)

    def normalise(rows: Any) -> Any:
        return ((rows - mean) / std).contiguous(memory_format=torch.channels_last)

    return normalise
