"""What a person wants to know of a deployment: its URL, what may be sent, programs that call it, how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fenlei.contract import (
    CONTENT_TYPE,
    KEY_HEADER,
    KEY_PARAMETER,
    MAX_BODY_BYTES,
    MAX_FILE_BYTES,
    MAX_RATIO,
    MAX_SIDE,
    METHOD,
    MIN_SIDE,
    Code,
    prediction_url,
)
from fenlei.projects.front import Condition, Front
from fenlei.projects.snippets import Sample, samples
from fenlei.store import Store
from fenlei.store.tables import AppKey, Deployment, Model, ModelVersion

ELLIPSIS = "…"
"""Stands in a URL for what is not known any more of a key."""


@dataclass(frozen=True)
class CodeMeaning:
    """A code that an answer can carry.

    Attributes:
        number: on the wire.
        message: of the source document, to the letter.
        status: of HTTP that it travels with here.
    """

    number: int
    message: str
    status: int


@dataclass(frozen=True)
class Limits:
    """What may be sent, as the contract has it.

    Attributes:
        method: of HTTP.
        content_type: of the request.
        formats: of the picture, by content.
        max_file_bytes: of the picture file, inclusive.
        max_body_bytes: of the request, inclusive.
        min_side: pixels of either side, inclusive.
        max_side: pixels of either side, inclusive.
        max_ratio: longer side over shorter side, inclusive.
        key_parameter: of the query, in which a key travels.
        key_header: in which it may travel instead.
        codes: that an answer can carry.
    """

    method: str
    content_type: str
    formats: tuple[str, ...]
    max_file_bytes: int
    max_body_bytes: int
    min_side: int
    max_side: int
    max_ratio: int
    key_parameter: str
    key_header: str
    codes: tuple[CodeMeaning, ...]


@dataclass(frozen=True)
class Detail:
    """Everything that stands on the page of a deployment.

    Attributes:
        deployment: its row.
        version: the model version that the database wants to answer.
        model: that it is a version of.
        url: complete where the key is known, or none is needed; otherwise it ends in a key's first characters and
            `…`, or lacks the key where there is none.
        complete: whether the URL can be called as it is.
        keys: that open it, the latest first.
        limits: what may be sent.
        samples: programs that call it by this URL.
        condition: how it stands on the server that was asked.
    """

    deployment: Deployment
    version: ModelVersion
    model: Model
    url: str
    complete: bool
    keys: Sequence[AppKey]
    limits: Limits
    samples: list[Sample]
    condition: Condition


def detail(store: Store, front: Front, base: str, deployment_id: str, *, secret: str | None = None) -> Detail:
    """Put the page of a deployment together.

    Args:
        store: where it is kept.
        front: the server that is asked.
        base: scheme, host and port under which callers reach it.
        deployment_id: which one.
        secret: a key of it that was made just now; then the URL and the samples are complete.

    Raises:
        NotFound: there is no such deployment.
    """
    with store.reading() as work:
        deployment = work.deployments.get(deployment_id)
        version = work.models.version(deployment.model_version_id)
        model = work.models.get(version.model_id)
        keys = work.keys.of(deployment_id)
    complete = deployment.open or secret is not None
    url = prediction_url(base, deployment.name, secret)
    if not complete and keys:
        url += f"?{KEY_PARAMETER}={keys[0].beginning}{ELLIPSIS}"
    return Detail(
        deployment=deployment,
        version=version,
        model=model,
        url=url,
        complete=complete,
        keys=keys,
        limits=limits_of(deployment),
        samples=samples(url),
        condition=front.condition(deployment_id),
    )


def limits_of(deployment: Deployment) -> Limits:
    """What may be sent to a deployment, and which codes it answers with which statuses."""
    rest = deployment.status_style == "rest"
    codes = (CodeMeaning(code.number, code.message, code.rest_status if rest else code.http_status) for code in Code)
    return Limits(
        method=METHOD,
        content_type=CONTENT_TYPE,
        formats=("JPEG", "PNG"),
        max_file_bytes=MAX_FILE_BYTES,
        max_body_bytes=MAX_BODY_BYTES,
        min_side=MIN_SIDE,
        max_side=MAX_SIDE,
        max_ratio=MAX_RATIO,
        key_parameter=KEY_PARAMETER,
        key_header=KEY_HEADER,
        codes=tuple(codes),
    )
