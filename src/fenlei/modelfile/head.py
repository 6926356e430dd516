"""The part of a model that was learned here: a linear layer on the backbone's features, and a temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from fenlei.modelfile.errors import DamagedModelFile


@dataclass(frozen=True)
class Head:
    """Scores = softmax((features @ weight + bias) / temperature).

    Standardisation of the features is folded into `weight` and `bias`, so that nothing else has to travel.

    Attributes:
        weight: (features, classes) float32.
        bias: (classes,) float32.
        temperature: > 0; 1 leaves the scores as they are.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float = 1.0

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Class scores before softmax: (n, features) -> (n, classes)."""
        return (features @ self.weight + self.bias).astype(np.float64) / self.temperature

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities, rows of which sum to one: (n, features) -> (n, classes)."""
        logits = self.logits(features)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def to_safetensors(self) -> bytes:
        """The two arrays as a safetensors file; the temperature travels in the manifest."""
        return bytes(
            save(
                {
                    "weight": np.ascontiguousarray(self.weight, dtype=np.float32),
                    "bias": np.ascontiguousarray(self.bias, dtype=np.float32),
                }
            )
        )

    @classmethod
    def from_safetensors(cls, data: bytes, *, width: int, classes: int, temperature: float) -> Head:
        """Read the arrays back and hold them against what the manifest says.

        Raises:
            DamagedModelFile: an array is absent, has another shape or type, or is not finite.
        """
        try:
            arrays = load(data)
        except (SafetensorError, ValueError, KeyError) as exc:
            raise DamagedModelFile(f"head.safetensors cannot be read: {exc}.") from exc
        for name, shape in {"weight": (width, classes), "bias": (classes,)}.items():
            array = arrays.get(name)
            if array is None or array.dtype != np.float32 or array.shape != shape or not np.isfinite(array).all():
                found = "absent" if array is None else f"{array.dtype} {array.shape}"
                raise DamagedModelFile(f"head.safetensors: {name} is {found}; a finite float32 {shape} is needed.")
        if not (np.isfinite(temperature) and temperature > 0):
            raise DamagedModelFile(f"The temperature is {temperature}; a number above 0 is needed.")
        return cls(arrays["weight"], arrays["bias"], temperature)
