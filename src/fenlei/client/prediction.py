"""What a caller gets for a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """The class of one picture, and how sure the model is of each class.

    Attributes:
        label: the class the server chose, by scores it has not rounded.
        score: of that class, in [0, 1].
        scores: every class, in the model's order, rounded to four decimals by the server.
        request_id: by which the server's log knows the request.
        elapsed: seconds from asking to the answer, waiting and further attempts included.
        unknown: whether the picture is one of nothing known; None where that is not told: over HTTP, and by models
            without a rule for it.
        strangeness: how strange the picture is: 0 in the middle of known ones, above 1 unknown.
    """

    label: str
    score: float
    scores: dict[str, float]
    request_id: str
    elapsed: float
    unknown: bool | None = None
    strangeness: float | None = None
