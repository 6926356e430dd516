"""Deployments: names under which model versions answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fenlei.client.management.link import LONG, Link
from fenlei.client.management.model_records import AppKey, Deployment, Detail, Publication, Published, Tried


class Deployments:
    """The deployments of a platform."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def publish(
        self,
        model_version_id: str,
        name: str,
        *,
        open_: bool | None = None,
        envelope: str | None = None,
        status_style: str | None = None,
        unknown_as: str | None = None,
        decide: bool | None = None,
    ) -> Published:
        """Let a model version answer under a name: a new one, or one that its project has published to before.

        Args:
            model_version_id: which one.
            name: last segment of the URL: 1 to 64 of `a-z 0-9 - _`.
            open_: whether it may be called without a key; by default not.
            envelope: `plain` or `gateway`.
            status_style: `documented` or `rest`.
            unknown_as: the class that pictures of nothing known are answered with; "" for none.
            decide: whether the thresholds of the model have a say in which class is answered.

        Returns:
            The deployment with its URL; complete when a key was made for it, which is shown now and never again.
        """
        wishes = _wishes(open_, envelope, status_style, unknown_as, decide)
        body = {"name": name, "model_version_id": model_version_id, **wishes}
        return self._link.post("/deployments", Published, body, timeout=LONG)

    def publish_to(
        self,
        deployment_id: str,
        model_version_id: str,
        *,
        open_: bool | None = None,
        envelope: str | None = None,
        status_style: str | None = None,
        unknown_as: str | None = None,
        decide: bool | None = None,
        revision: int | None = None,
    ) -> Published:
        """Let a model version, of whatever project, answer for a deployment that is there; else as `publish`."""
        body = {"model_version_id": model_version_id, **_wishes(open_, envelope, status_style, unknown_as, decide)}
        path = f"/deployments/{deployment_id}/publish"
        return self._link.post(path, Published, body, revision=revision, timeout=LONG)

    def change(
        self,
        deployment_id: str,
        *,
        open_: bool | None = None,
        envelope: str | None = None,
        status_style: str | None = None,
        unknown_as: str | None = None,
        decide: bool | None = None,
        revision: int | None = None,
    ) -> Published:
        """Change how a deployment is called and answers; what is None stays, and so does the model."""
        body = _wishes(open_, envelope, status_style, unknown_as, decide)
        return self._link.patch(f"/deployments/{deployment_id}", Published, body, revision=revision)

    def list(self, *, project_id: str | None = None, model_id: str | None = None) -> Iterator[Deployment]:
        """Deployments by name; only those of a project, or that answer with a model, where one is named."""
        return self._link.pages("/deployments", Deployment, project_id=project_id, model_id=model_id)

    def get(self, deployment_id: str) -> Deployment:
        """A deployment."""
        return self._link.get(f"/deployments/{deployment_id}", Deployment)

    def detail(self, deployment_id: str) -> Detail:
        """Its page: URL, keys, limits, programs that call it."""
        return self._link.get(f"/deployments/{deployment_id}/detail", Detail)

    def try_out(self, deployment_id: str, picture: str | Path | bytes | None = None) -> Tried:
        """Send a picture through its public door, without a key; None: a picture that travels with the model."""
        data = picture if isinstance(picture, bytes) or picture is None else Path(picture).read_bytes()
        headers = {} if data is None else {"content-type": "application/octet-stream"}
        said = self._link.send("POST", f"/deployments/{deployment_id}/try", content=data, headers=headers)
        return msgspec.json.decode(said.content, type=Tried, strict=False)

    def roll_back(
        self, deployment_id: str, model_version_id: str | None = None, *, revision: int | None = None
    ) -> Deployment:
        """Let a version answer again that did before; None: the one before this."""
        body = {"model_version_id": model_version_id}
        path = f"/deployments/{deployment_id}/rollback"
        return self._link.post(path, Deployment, body, revision=revision, timeout=LONG)

    def stop(self, deployment_id: str) -> Deployment:
        """Answer 1100 from now on."""
        return self._link.post(f"/deployments/{deployment_id}/stop", Deployment)

    def start(self, deployment_id: str) -> Deployment:
        """Answer again."""
        return self._link.post(f"/deployments/{deployment_id}/start", Deployment, timeout=LONG)

    def history(self, deployment_id: str) -> Iterator[Publication]:
        """What was done to it, the latest first."""
        return self._link.pages(f"/deployments/{deployment_id}/history", Publication)

    def keys(self, deployment_id: str, *, revoked: bool = False) -> Sequence[AppKey]:
        """Its keys, the latest first; those that open nothing any more too, where `revoked` says so."""
        return self._link.get(f"/deployments/{deployment_id}/keys", list[AppKey], revoked=revoked)

    def make_key(self, deployment_id: str, name: str = "") -> AppKey:
        """Make another key; its `key` and `url` are shown now and never again."""
        return self._link.post(f"/deployments/{deployment_id}/keys", AppKey, {"name": name})

    def revoke_key(self, key_id: str) -> None:
        """Make a key useless at once."""
        self._link.delete(f"/keys/{key_id}")

    def delete(self, deployment_id: str) -> None:
        """Delete a deployment; its URL answers 1100, or 2000, from then on."""
        self._link.delete(f"/deployments/{deployment_id}")


def _wishes(
    open_: bool | None, envelope: str | None, status_style: str | None, unknown_as: str | None, decide: bool | None
) -> dict[str, Any]:
    said = {
        "open": open_,
        "envelope": envelope,
        "status_style": status_style,
        "unknown_as": unknown_as,
        "decide": decide,
    }
    return {name: value for name, value in said.items() if value is not None}
