"""Try a deployment out: one picture through its public door, as a caller would send it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from fenlei.contract import CONTENT_TYPE, FenleiError, NotAnAnswer, Success, encode_request, read
from fenlei.modelfile import ParityPicture
from fenlei.modelfile import read as read_model
from fenlei.projects.front import Front
from fenlei.store import Store
from fenlei.store.tables import ModelVersion

AGREES_WITHIN = 2e-3
"""Scores on the wire are rounded to 4 decimals, and parity allows a thousandth."""


class NoPicture(FenleiError):
    """A model travels without pictures, and none was sent."""


@dataclass(frozen=True)
class Tried:
    """What came of it.

    Attributes:
        picture: the file that was sent.
        status: of HTTP.
        answer: what was said, read.
        seconds: from the request to the whole answer.
        agrees: whether the scores are those that the model had for this picture when it was made; None for a picture
            of one's own.
    """

    picture: bytes
    status: int
    answer: dict[str, Any]
    seconds: float
    agrees: bool | None


def try_out(store: Store, front: Front, deployment_id: str, picture: bytes | None = None) -> Tried:
    """Send a picture to a deployment by its public path; no key is needed for it.

    Args:
        store: where it is kept.
        front: the server that is asked.
        deployment_id: which one.
        picture: a picture file, or anything else that shall be answered; None: a picture that travels with the model.

    Raises:
        NotFound: there is no such deployment.
        NoPicture: none was sent, and the model has none.
        FenleiError: the server takes no requests.
    """
    with store.reading() as work:
        deployment = work.deployments.get(deployment_id)
        version = work.models.version(deployment.model_version_id)
    parity = _parity_picture(store, version) if picture is None else None
    sent = parity.data if parity is not None else picture or b""
    answered = front.try_out(deployment.name, encode_request(sent), {"Content-Type": CONTENT_TYPE})
    agrees = None if parity is None else _agrees(answered.body, parity)
    return Tried(sent, answered.status, msgspec.json.decode(answered.body), answered.seconds, agrees)


def _parity_picture(store: Store, version: ModelVersion) -> ParityPicture:
    with tempfile.TemporaryDirectory(prefix="fenlei-") as folder:
        path = Path(folder) / "model.fenlei"
        store.blobs.save_to(version.sha256, path)
        parity = read_model(path).parity
    if not parity:
        raise NoPicture(f"The model version {version.id} travels without pictures; send one of your own.")
    return parity[0]


def _agrees(body: bytes, parity: ParityPicture) -> bool:
    try:
        answer = read(body)
    except NotAnAnswer:
        return False
    if not isinstance(answer, Success):
        return False
    scores = np.array([each.threshold for each in answer.predictResult.thresholdList])
    return scores.shape == parity.scores.shape and bool(np.abs(scores - parity.scores).max() <= AGREES_WITHIN)
