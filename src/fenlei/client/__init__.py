"""Ask a prediction server from Python: `Client` and `AsyncClient`, a typed answer, and one family of errors."""

from __future__ import annotations

from fenlei.client.aio import AsyncClient
from fenlei.client.errors import (
    BadKey,
    BadPixels,
    BadRatio,
    BadRequest,
    ConnectionFailed,
    NoAnswer,
    NotAPicture,
    NotAPredictionServer,
    Overloaded,
    PictureTooLarge,
    PredictionError,
    QuotaUsedUp,
    ServerFailed,
    TimedOut,
    TooManyRequests,
    TryLater,
    UnreadableSource,
    UpstreamFailed,
)
from fenlei.client.pictures import Source
from fenlei.client.prediction import Prediction
from fenlei.client.sync import Client
from fenlei.client.target import BadTarget

__all__ = [
    "AsyncClient",
    "BadKey",
    "BadPixels",
    "BadRatio",
    "BadRequest",
    "BadTarget",
    "Client",
    "ConnectionFailed",
    "NoAnswer",
    "NotAPicture",
    "NotAPredictionServer",
    "Overloaded",
    "PictureTooLarge",
    "Prediction",
    "PredictionError",
    "QuotaUsedUp",
    "ServerFailed",
    "Source",
    "TimedOut",
    "TooManyRequests",
    "TryLater",
    "UnreadableSource",
    "UpstreamFailed",
]
