"""A head as it lies in the model file: arrays in `head.safetensors`, how they belong together in the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from fenlei.modelfile.errors import DamagedModelFile
from fenlei.modelfile.head import Head
from fenlei.modelfile.layers import NAMES, WITHOUT_NUMBERS, Dense, Layer
from fenlei.modelfile.manifest import FORMAT, Calibration, NearestRef, VoterRef
from fenlei.modelfile.neighbours import Neighbours
from fenlei.modelfile.voter import Voter

TEMPERATURE, VECTOR = "temperature", "vector"
"""Methods of calibration."""

MOST_VOTERS, MOST_LAYERS = 64, 16

_LAST = (NAMES[Dense], NAMES[Neighbours])


def least_format(head: Head) -> int:
    """The lowest number of the layout that suffices for a head; see `manifest.FORMAT`."""
    if any(isinstance(layer, Neighbours) for voter in head.voters for layer in voter.layers):
        return FORMAT
    return 1 if head.plain else 2


def to_safetensors(head: Head) -> bytes:
    """The arrays of a head: `weight` and `bias` of a plain one, else by the places of voters and layers."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, voter in enumerate(head.voters):
        for place, layer in enumerate(voter.layers):
            if isinstance(layer, Dense):
                prefix = _prefix(number, place, plain=head.plain)
                arrays[f"{prefix}weight"] = np.ascontiguousarray(layer.weight, np.float32)
                arrays[f"{prefix}bias"] = np.ascontiguousarray(layer.bias, np.float32)
            elif isinstance(layer, Neighbours):
                prefix = _prefix(number, place, plain=False)
                arrays[f"{prefix}points"] = np.ascontiguousarray(layer.points, np.float32)
                arrays[f"{prefix}labels"] = np.ascontiguousarray(layer.labels, np.int32)
                arrays[f"{prefix}weights"] = np.ascontiguousarray(layer.weights, np.float32)
    if head.scale is not None and head.shift is not None:
        arrays["calibration.scale"] = np.ascontiguousarray(head.scale, np.float32)
        arrays["calibration.shift"] = np.ascontiguousarray(head.shift, np.float32)
    return bytes(save(arrays))


def refs(head: Head) -> list[VoterRef]:
    """What the manifest says of the voters; nothing of a plain head, as files of format 1 have it."""
    if head.plain:
        return []
    return [
        VoterRef(
            layers=[NAMES[type(layer)] for layer in voter.layers],
            columns=voter.columns,
            temperature=float(voter.temperature),
            share=float(voter.share),
            nearest=_nearest(voter.layers[-1]),
        )
        for voter in head.voters
    ]


def _nearest(layer: Layer) -> NearestRef | msgspec.UnsetType:
    if not isinstance(layer, Neighbours):
        return msgspec.UNSET
    return NearestRef(count=int(layer.count), temperature=float(layer.temperature))


def from_safetensors(
    data: bytes, *, width: int, classes: int, voters: list[VoterRef], calibration: Calibration
) -> Head:
    """Read a head back and hold it against what the manifest says.

    Args:
        data: the file.
        width: features that the backbone gives.
        classes: number of classes.
        voters: what the manifest says of them; none is one linear layer.
        calibration: of the manifest.

    Raises:
        DamagedModelFile: an array is absent, has another shape or type, or is not finite; or a number cannot be.
    """
    try:
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError) as exc:
        raise DamagedModelFile(f"head.safetensors cannot be read: {exc}.") from exc
    plain = not voters
    said = voters or [VoterRef(layers=["dense"])]
    if len(said) > MOST_VOTERS or abs(sum(each.share for each in said) - 1) > 1e-6:
        raise DamagedModelFile(
            f"The head has {len(said)} voters with shares that sum to {sum(each.share for each in said):g}; at most "
            f"{MOST_VOTERS} with shares that sum to 1 are allowed."
        )
    found = tuple(_voter(arrays, number, each, width, classes, plain=plain) for number, each in enumerate(said))
    _above_zero("The temperature", calibration.temperature)
    if calibration.method != VECTOR:
        return Head(found, calibration.temperature)
    scale = _array(arrays, "calibration.scale", (classes,))
    if not (scale > 0).all():
        raise DamagedModelFile("head.safetensors: calibration.scale has numbers that are not above 0.")
    return Head(found, calibration.temperature, scale, _array(arrays, "calibration.shift", (classes,)))


def _voter(
    arrays: Mapping[str, NDArray[Any]], number: int, said: VoterRef, width: int, classes: int, *, plain: bool
) -> Voter:
    _above_zero(f"The temperature of voter {number}", said.temperature)
    _above_zero(f"The share of voter {number}", said.share)
    columns = None if said.columns is None else (int(said.columns[0]), int(said.columns[1]))
    if columns is not None and not 0 <= columns[0] < columns[1] <= width:
        raise DamagedModelFile(f"Voter {number} reads the columns {columns} of {width} features.")
    if not said.layers or len(said.layers) > MOST_LAYERS or said.layers[-1] not in _LAST:
        raise DamagedModelFile(f"Voter {number} has the layers {said.layers}; the last must be dense or neighbours.")
    inside = width if columns is None else columns[1] - columns[0]
    last = len(said.layers) - 1
    layers: list[Layer] = []
    for place, name in enumerate(said.layers):
        if name == NAMES[Neighbours] and place == last:
            layers.append(_neighbours(arrays, _prefix(number, place, plain=False), said.nearest, inside, classes))
            continue
        if name != "dense":
            layer = WITHOUT_NUMBERS.get(name)
            if layer is None:
                known = ", ".join(each for each in NAMES.values() if each != NAMES[Neighbours])
                raise DamagedModelFile(
                    f"Voter {number} has a layer `{name}`; known are {known}, and neighbours where it is the last."
                )
            layers.append(layer)
            continue
        prefix = _prefix(number, place, plain=plain)
        outside = classes if place == last else _outside(arrays, f"{prefix}bias")
        layers.append(
            Dense(_array(arrays, f"{prefix}weight", (inside, outside)), _array(arrays, f"{prefix}bias", (outside,)))
        )
        inside = outside
    return Voter(tuple(layers), columns, said.temperature, said.share)


def _neighbours(
    arrays: Mapping[str, NDArray[Any]],
    prefix: str,
    said: NearestRef | msgspec.UnsetType,
    inside: int,
    classes: int,
) -> Neighbours:
    labels = arrays.get(f"{prefix}labels")
    if labels is None or labels.dtype != np.int32 or labels.ndim != 1 or not len(labels):
        raise DamagedModelFile(f"head.safetensors: {prefix}labels is absent, or no row of whole numbers.")
    if labels.min() < 0 or labels.max() >= classes:
        raise DamagedModelFile(f"head.safetensors: {prefix}labels names a class that is none of {classes}.")
    if said is msgspec.UNSET or not 1 <= said.count <= len(labels):
        told = "nothing" if said is msgspec.UNSET else said.count
        raise DamagedModelFile(f"{told} of {len(labels)} neighbours are to vote; at least one and at most all can.")
    _above_zero("The temperature of the neighbours", said.temperature)
    weights = _array(arrays, f"{prefix}weights", (len(labels),))
    if not (weights > 0).all():
        raise DamagedModelFile(f"head.safetensors: {prefix}weights has numbers that are not above 0.")
    points = _array(arrays, f"{prefix}points", (len(labels), inside))
    return Neighbours(points, labels.astype(np.int64), weights, classes, said.count, said.temperature)


def _prefix(number: int, place: int, *, plain: bool) -> str:
    return "" if plain else f"voters.{number}.layers.{place}."


def _outside(arrays: Mapping[str, NDArray[Any]], bias: str) -> int:
    array = arrays.get(bias)
    return len(array) if array is not None and array.ndim == 1 else 0


def _array(arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    array = arrays.get(name)
    if array is None or array.dtype != np.float32 or array.shape != shape or not np.isfinite(array).all():
        found = "absent" if array is None else f"{array.dtype} {array.shape}"
        raise DamagedModelFile(f"head.safetensors: {name} is {found}; a finite float32 {shape} is needed.")
    return array


def _above_zero(what: str, number: float) -> None:
    if not (np.isfinite(number) and number > 0):
        raise DamagedModelFile(f"{what} is {number}; a number above 0 is needed.")
