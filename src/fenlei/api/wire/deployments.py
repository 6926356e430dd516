"""Deployments and their keys on the wire."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from pydantic import Field

from fenlei.api.wire.base import EXAMPLE, NO_NUL, AModelVersionId, By, Given, Revision, Shown
from fenlei.api.wire.models import ModelVersionOut
from fenlei.contract import Envelope, StatusStyle
from fenlei.projects.deployments import Published
from fenlei.projects.detail import Detail
from fenlei.projects.front import Condition, State
from fenlei.projects.publish import Wishes
from fenlei.projects.snippets import Sample, samples
from fenlei.projects.try_out import Tried
from fenlei.store.tables import Deployment

URL = "http://127.0.0.1:8000/api/image/gestures?neu_app_key=1f0c9a7b-…"


class DeploymentChange(Given):
    """How a deployment is called and answers; what is absent stays, or is as it is by default."""

    open: bool | None = Field(None, description="Whether it may be called without a key; by default not.")
    envelope: Envelope | None = Field(None, description="What stands around answers; by default nothing.")
    status_style: StatusStyle | None = Field(
        None, description="Which HTTP statuses they travel with; by default those of the contract."
    )

    unknown_as: str | None = Field(
        None,
        max_length=1000,
        pattern=NO_NUL,
        description=(
            "The class of the model that pictures of nothing known are answered with, and, with `decide`, those of "
            'which no score is enough; "" for none, as by default.'
        ),
        examples=["other"],
    )
    decide: bool | None = Field(
        None,
        description=(
            "Whether the thresholds of the model have a say in which class is answered; by default not. Thresholds by "
            "precision change no answer unless `unknown_as` names a class."
        ),
    )

    def wishes(self) -> Wishes:
        """As the use cases know it."""
        return Wishes(self.open, self.envelope, self.status_style, self.unknown_as, self.decide)


class NewDeployment(DeploymentChange):
    """A model version that shall answer under a name."""

    name: str = Field(
        min_length=1,
        max_length=64,
        pattern="^[a-z0-9_-]+$",
        description="The last segment of the URL; never changes.",
        examples=["gestures"],
    )
    model_version_id: AModelVersionId


class Publish(DeploymentChange):
    """Another model version that shall answer for a deployment."""

    model_version_id: AModelVersionId


class RollBack(Given):
    """A model version that shall answer again."""

    model_version_id: AModelVersionId | None = Field(
        None, description="One that was published here before; null: the one before the present one."
    )


class ConditionOut(Shown):
    """How a deployment stands on the server that was asked."""

    state: State
    reason: str = Field(description="Why it failed; empty otherwise.", examples=[""])
    model_version_id: str | None = Field(
        description="What answers at this moment; null when nothing does.", examples=[f"mv_{EXAMPLE}"]
    )
    engine: str = Field(description="Under it; empty when nothing answers.", examples=["openvino"])


class DeploymentOut(Shown):
    """A name that can be called. The URL stays while model versions come and go."""

    id: str = Field(examples=[f"dp_{EXAMPLE}"])
    name: str = Field(examples=["gestures"])
    project_id: str | None = Field(examples=[f"pr_{EXAMPLE}"])
    model_version_id: str = Field(examples=[f"mv_{EXAMPLE}"])
    state: str = Field(description="running or stopped: what people want.", examples=["running"])
    condition: ConditionOut | None = Field(description="How it stands; null where no predictions are served.")
    open: bool
    envelope: Envelope
    status_style: StatusStyle
    unknown_as: str | None = Field(
        description="The class that pictures of nothing known are answered with; null answers them like any other.",
        examples=["other"],
    )
    decide: bool = Field(description="Whether the thresholds of the model have a say.", examples=[False])
    revision: Revision
    created_at: datetime
    created_by: By
    updated_at: datetime


class SampleOut(Shown):
    """A program that sends one picture to a deployment."""

    language: str = Field(examples=["curl"])
    title: str = Field(examples=["curl"])
    file: str = Field(description="What to call it.", examples=["curl.sh"])
    text: str = Field(examples=["curl …"])


class PublishedOut(Shown):
    """A deployment as it is now; with a key, where one was made for it, which is shown now and never again."""

    deployment: DeploymentOut
    url: str = Field(description="To be called as it is where `key` is shown, or none is needed.", examples=[URL])
    key: str | None = Field(description="null where it has keys already, or is open.", examples=["1f0c9a7b-…"])
    samples: list[SampleOut] = Field(description="Programs that call this URL.")


class KeyOut(Shown):
    """A key that opens one deployment, without its secret."""

    id: str = Field(examples=[f"ak_{EXAMPLE}"])
    name: str = Field(examples=["the shop's till"])
    beginning: str = Field(description="Its first characters, to tell keys apart.", examples=["1f0c9a7b"])
    created_at: datetime
    created_by: By
    revoked_at: datetime | None


class NewKey(Given):
    """A key to make."""

    name: str = Field(
        "", max_length=200, pattern=NO_NUL, description="Such as who gets it.", examples=["the shop's till"]
    )


class MadeKeyOut(KeyOut):
    """A new key, with its secret and the URL that it completes; shown now and never again."""

    key: str = Field(examples=["1f0c9a7b-…"])
    url: str = Field(examples=[URL])
    samples: list[SampleOut] = Field(description="Programs that call this URL.")


class PublicationOut(Shown):
    """Something that was done to a deployment."""

    id: int = Field(examples=[7])
    at: datetime
    by: By
    action: str = Field(description="publish, roll-back, stop, start or change.", examples=["publish"])
    model_version_id: str | None = Field(description="What answered from then on.", examples=[f"mv_{EXAMPLE}"])


class CodeOut(Shown):
    """A code that an answer can carry."""

    number: int = Field(examples=[10000])
    message: str = Field(examples=["success"])
    status: int = Field(description="Of HTTP, that it travels with here.", examples=[200])


class LimitsOut(Shown):
    """What may be sent to a deployment."""

    method: str = Field(examples=["POST"])
    content_type: str = Field(examples=["application/json"])
    formats: list[str] = Field(description="Of the picture, by content.", examples=[["JPEG", "PNG"]])
    max_file_bytes: int = Field(examples=[4194304])
    max_body_bytes: int = Field(examples=[6000000])
    min_side: int = Field(examples=[30])
    max_side: int = Field(examples=[4096])
    max_ratio: float = Field(examples=[3])
    key_parameter: str = Field(examples=["neu_app_key"])
    key_header: str = Field(examples=["X-App-Key"])
    codes: list[CodeOut]


class DetailOut(Shown):
    """Everything that stands on the page of a deployment."""

    deployment: DeploymentOut
    version: ModelVersionOut
    model_id: str = Field(examples=[f"md_{EXAMPLE}"])
    model_name: str = Field(examples=["Gestures"])
    url: str = Field(description="Ends in `…` where its key is not known any more.", examples=[URL])
    complete: bool = Field(description="Whether the URL can be called as it is.")
    keys: list[KeyOut]
    limits: LimitsOut
    samples: list[SampleOut]


class TriedOut(Shown):
    """What came of trying a deployment with a picture."""

    picture: str = Field(description="The file that was sent, in base64.", examples=["/9j/4AAQ"])
    status: int = Field(description="Of HTTP.", examples=[200])
    answer: dict[str, Any] = Field(
        description="What was said.", examples=[{"code": 10000, "message": "success", "predictResult": {}}]
    )
    seconds: float = Field(examples=[0.012])
    agrees: bool | None = Field(
        description="Whether the scores are those the model had when it was made; null for a picture of one's own."
    )


def deployment_out(row: Deployment, condition: Condition | None) -> DeploymentOut:
    """A deployment as it is answered."""
    return DeploymentOut(
        id=row.id,
        name=row.name,
        project_id=row.project_id,
        model_version_id=row.model_version_id,
        state=row.state,
        condition=None if condition is None else ConditionOut.model_validate(condition),
        open=row.open,
        envelope=Envelope(row.envelope),
        status_style=StatusStyle(row.status_style),
        unknown_as=row.unknown_as,
        decide=row.decide,
        revision=row.revision,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
    )


def published_out(published: Published, base: str, condition: Condition | None) -> PublishedOut:
    """A deployment and the key that was made for it."""
    url = published.url(base)
    return PublishedOut(
        deployment=deployment_out(published.deployment, condition),
        url=url,
        key=published.url_key,
        samples=samples_out(samples(url)),
    )


def samples_out(found: list[Sample]) -> list[SampleOut]:
    """Code samples as they are answered."""
    return [SampleOut.model_validate(each) for each in found]


def detail_out(found: Detail) -> DetailOut:
    """The page of a deployment as it is answered."""
    return DetailOut(
        deployment=deployment_out(found.deployment, found.condition),
        version=ModelVersionOut.model_validate(found.version),
        model_id=found.model.id,
        model_name=found.model.name,
        url=found.url,
        complete=found.complete,
        keys=[KeyOut.model_validate(each) for each in found.keys],
        limits=LimitsOut.model_validate(found.limits),
        samples=samples_out(found.samples),
    )


def tried_out(tried: Tried) -> TriedOut:
    """What came of a try, as it is answered."""
    return TriedOut(
        picture=base64.b64encode(tried.picture).decode(),
        status=tried.status,
        answer=tried.answer,
        seconds=tried.seconds,
        agrees=tried.agrees,
    )
