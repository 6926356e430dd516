"""One loaded model: a picture in, one score per class out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fenlei.imaging.header import Header
from fenlei.imaging.prepare import prepare
from fenlei.imaging.spec import InputSpec
from fenlei.inference.engine import Engine
from fenlei.modelfile import Decision, Head, Unknown


class Predictor:
    """Scores pictures with one head on an engine that other predictors may share. Safe from many threads at once.

    Attributes:
        labels: class names, in the order of the scores.
        spec: the input its backbone wants.
        engine: runs its backbone.
        unknown: the rule for pictures of nothing known, if there is one.
        decision: thresholds of the classes, if there are some.
    """

    def __init__(
        self,
        labels: Sequence[str],
        spec: InputSpec,
        head: Head,
        engine: Engine,
        *,
        unknown: Unknown | None = None,
        decision: Decision | None = None,
    ) -> None:
        """Join the parts; the engine stays the property of whoever opened it."""
        self.labels = tuple(labels)
        self.spec = spec
        self._head = head
        self.engine = engine
        self.unknown = unknown
        self.decision = decision

    def prepare(self, data: bytes, header: Header | None = None) -> NDArray[np.uint8]:
        """Decode and resize a JPEG or PNG file: (height, width, 3) as `spec` says.

        Raises:
            Refused: 10440, the file cannot be decoded to its last row.
        """
        return prepare(data, self.spec, header)

    def scores(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Score one prepared picture: (height, width, 3) -> (classes,), summing to one.

        Raises:
            EngineError: the network failed, or the engine was closed.
        """
        return self.judge(self.engine.infer(pixels[None]))[0]

    def judge(
        self, features: NDArray[np.float32], *, strangeness: bool = False
    ) -> tuple[NDArray[np.float64], float | None]:
        """Score the features (1, width) of one picture.

        Args:
            features: of the engine.
            strangeness: whether to tell that as well.

        Returns:
            Scores (classes,); how strange the picture is, above 1 unknown, or None where nobody asked or there is no
            rule.
        """
        row: NDArray[np.float64] = self._head.scores(features)[0]
        if not strangeness or self.unknown is None:
            return row, None
        return row, float(self.unknown.strangeness(features, self._head)[0])

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """What the softmax makes scores of: (n, height, width, 3) prepared pictures -> (n, classes).

        Raises:
            EngineError: the network failed, or the engine was closed.
        """
        return self._head.logits(self.engine.infer(pixels))

    def predict(self, data: bytes) -> NDArray[np.float64]:
        """Score one picture file: decode, resize, infer, head."""
        return self.scores(self.prepare(data))
