"""The unknown rule as it lies in the model file: arrays in `unknown.safetensors`, the rest in the manifest."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from fenlei.modelfile.errors import DamagedModelFile
from fenlei.modelfile.manifest import DistancesRef, UnknownRef
from fenlei.modelfile.unknown import HEAD_MEASURES, Distances, HeadMeasure, Unknown

UNKNOWN = "unknown.safetensors"
MOST_DISTANCES = 8


def unknown_to_safetensors(unknown: Unknown) -> bytes | None:
    """The arrays of a rule; None where it has none. The large ones are kept in half precision."""
    if isinstance(unknown.measure, HeadMeasure):
        return None
    arrays: dict[str, NDArray[np.generic]] = {}
    for number, part in enumerate(unknown.measure):
        arrays[f"{number}.weight"] = np.ascontiguousarray(part.weight, np.float16)
        arrays[f"{number}.scale"] = np.ascontiguousarray(part.scale, np.float32)
        arrays[f"{number}.bias"] = np.ascontiguousarray(part.bias, np.float32)
        arrays[f"{number}.points"] = np.ascontiguousarray(part.points, np.float16 if part.unit else np.float32)
        arrays[f"{number}.background"] = np.ascontiguousarray(part.background, np.float32)
    return bytes(save(arrays))


def unknown_ref(unknown: Unknown) -> UnknownRef:
    """What the manifest says of a rule."""
    measure = unknown.measure
    return UnknownRef(
        rule=unknown.rule,
        centre=unknown.centre,
        threshold=unknown.threshold,
        false_rejects=unknown.false_rejects,
        distances=[]
        if isinstance(measure, HeadMeasure)
        else [
            DistancesRef(nearest=part.nearest, unit=part.unit, centre=part.centre, spread=part.spread)
            for part in measure
        ],
        temperature=measure.temperature if isinstance(measure, HeadMeasure) else 1.0,
    )


def unknown_from_safetensors(data: bytes | None, said: UnknownRef, width: int) -> Unknown:
    """Read a rule back and hold it against what the manifest says.

    Args:
        data: the file; None where there is none.
        said: of the manifest.
        width: features that the backbone gives.

    Raises:
        DamagedModelFile: an array is absent, has another shape or type, or is not finite; or a number cannot be.
    """
    numbers = (said.centre, said.threshold, said.false_rejects, said.temperature)
    if not all(map(math.isfinite, numbers)) or said.threshold <= said.centre or said.temperature <= 0:
        raise DamagedModelFile(
            f"The unknown rule says centre {said.centre}, threshold {said.threshold}, temperature {said.temperature}; "
            "finite numbers, the threshold above the centre and the temperature above 0 are needed."
        )
    if said.rule in HEAD_MEASURES:
        return _unknown(said, HeadMeasure(said.rule, said.temperature))
    if data is None:
        raise DamagedModelFile(f"{UNKNOWN} is missing; the rule `{said.rule}` needs it.")
    if not said.distances or len(said.distances) > MOST_DISTANCES:
        raise DamagedModelFile(
            f"The unknown rule adds up {len(said.distances)} distances; 1 to {MOST_DISTANCES} can be."
        )
    try:
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError) as exc:
        raise DamagedModelFile(f"{UNKNOWN} cannot be read: {exc}.") from exc
    parts = [_distances(arrays, number, part, width) for number, part in enumerate(said.distances)]
    return _unknown(said, tuple(parts))


def _distances(arrays: dict[str, NDArray[np.generic]], number: int, said: DistancesRef, width: int) -> Distances:
    weight, points = _array(arrays, f"{number}.weight", 2), _array(arrays, f"{number}.points", 2)
    inside, outside = weight.shape
    if inside != width or points.shape[1] != outside or not 1 <= said.nearest <= len(points):
        raise DamagedModelFile(
            f"{UNKNOWN}: weights {weight.shape} and points {points.shape} do not fit {width} features and the "
            f"{said.nearest}-th nearest point."
        )
    if not (math.isfinite(said.centre) and math.isfinite(said.spread) and said.spread > 0):
        raise DamagedModelFile(f"The unknown rule says centre {said.centre} and spread {said.spread} of a distance.")
    rows = {name: _array(arrays, f"{number}.{name}", 1) for name in ("scale", "bias", "background")}
    for name, row in rows.items():
        if len(row) != outside:
            raise DamagedModelFile(f"{UNKNOWN}: {number}.{name} has {len(row)} numbers; {outside} are needed.")
    return Distances(
        weight,
        **rows,
        points=points,
        nearest=said.nearest,
        unit=said.unit,
        centre=said.centre,
        spread=said.spread,
    )


def _unknown(said: UnknownRef, measure: tuple[Distances, ...] | HeadMeasure) -> Unknown:
    return Unknown(said.rule, measure, said.centre, said.threshold, said.false_rejects)


def _array(arrays: dict[str, NDArray[np.generic]], name: str, axes: int) -> NDArray[np.float32]:
    array = arrays.get(name)
    if array is None or array.dtype not in (np.float16, np.float32) or array.ndim != axes or not array.size:
        found = "absent" if array is None else f"{array.dtype} {array.shape}"
        raise DamagedModelFile(f"{UNKNOWN}: {name} is {found}; float numbers with {axes} axes are needed.")
    numbers = array.astype(np.float32)
    if not np.isfinite(numbers).all():
        raise DamagedModelFile(f"{UNKNOWN}: {name} has numbers that are not finite.")
    return numbers
