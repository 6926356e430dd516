"""The two answers a caller can get: a prediction, or a code that says why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import msgspec

from fenlei.contract.codes import Code
from fenlei.contract.errors import Detail, Refused
from fenlei.contract.language import Language

DECIMALS = 4
"""Digits after the point of a score on the wire."""


class ClassScore(msgspec.Struct, frozen=True):
    """One class and how sure the model is of it; a score is called `threshold` on the wire."""

    name: str
    threshold: float


class PredictResult(msgspec.Struct, frozen=True):
    """The class of the picture, and every class once, in the model's class order."""

    prediction: str
    thresholdList: Sequence[ClassScore]  # noqa: N815 (the wire's own name)


class Success(msgspec.Struct, frozen=True):
    """A prediction: exactly these two keys."""

    code: int
    predictResult: PredictResult  # noqa: N815 (the wire's own name)


class Failure(msgspec.Struct, frozen=True):
    """No prediction, and why: `message` is the document's, `detail` is one sentence for this very request."""

    code: int
    message: str
    detail: str = ""
    requestId: str = ""  # noqa: N815 (the wire's own name)


def success(labels: Sequence[str], scores: Sequence[float], chosen: int | None = None) -> Success:
    """Return the answer to a picture that was classified.

    Args:
        labels: the class names in class order.
        scores: one per class, in [0, 1], not rounded; a numpy row is welcome.
        chosen: number of the class to name; None: the one with the largest score.

    Raises:
        Refused: -2 when a score is not a finite number; such an answer must not reach a caller.
    """
    values = [float(score) for score in scores]
    if not values or not all(map(isfinite, values)):
        raise Refused(
            Code.INTERNAL,
            Detail(
                "模型对这张图片没有给出有效的置信度，请联系服务管理员。",
                "The model gave no usable scores for this picture; please tell whoever runs this server.",
            ),
        )
    best = values.index(max(values)) if chosen is None else chosen
    entries = [ClassScore(name, _rounded(score)) for name, score in zip(labels, values, strict=True)]
    return Success(Code.SUCCESS.number, PredictResult(labels[best], entries))


def failure(code: Code, detail: Detail, request_id: str, language: Language) -> Failure:
    """Return the answer to a request that gets no prediction.

    Args:
        code: why; its message goes out to the letter.
        detail: the sentence for this request.
        request_id: what `X-Request-Id` says as well.
        language: of the detail; the message has only one.
    """
    return Failure(code.number, code.message, detail.zh if language == "zh" else detail.en, request_id)


def _rounded(score: float) -> float:
    """Round to the wire's digits within [0, 1]; a whole number is printed without a point, as callers know it."""
    value = round(min(max(score, 0.0), 1.0), DECIMALS)
    return int(value) if value in {0.0, 1.0} else value
