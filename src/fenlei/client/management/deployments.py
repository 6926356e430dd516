"""Deployments: names under which model versions answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fenlei.client.management.link import Link
from fenlei.client.management.records import AppKey, Deployment, Detail, Publication, Published


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
    ) -> Published:
        """Let a model version answer under a name: a new one, or one that its project has published to before.

        Args:
            model_version_id: which one.
            name: last segment of the URL: 1 to 64 of `a-z 0-9 - _`.
            open_: whether it may be called without a key; by default not.
            envelope: `plain` or `gateway`.
            status_style: `documented` or `rest`.

        Returns:
            The deployment with its URL; complete when a key was made for it, which is shown now and never again.
        """
        said = {"open": open_, "envelope": envelope, "status_style": status_style}
        body = {name: value for name, value in said.items() if value is not None}
        return self._link.post("/deployments", Published, {"name": name, "model_version_id": model_version_id, **body})

    def list(self) -> Iterator[Deployment]:
        """Every deployment."""
        return self._link.pages("/deployments", Deployment)

    def get(self, deployment_id: str) -> Deployment:
        """A deployment."""
        return self._link.get(f"/deployments/{deployment_id}", Deployment)

    def detail(self, deployment_id: str) -> Detail:
        """Its page: URL, keys, limits, programs that call it."""
        return self._link.get(f"/deployments/{deployment_id}/detail", Detail)

    def roll_back(self, deployment_id: str, model_version_id: str | None = None) -> Deployment:
        """Let a version answer again that did before; None: the one before this."""
        return self._link.post(
            f"/deployments/{deployment_id}/rollback", Deployment, {"model_version_id": model_version_id}
        )

    def stop(self, deployment_id: str) -> Deployment:
        """Answer 1100 from now on."""
        return self._link.post(f"/deployments/{deployment_id}/stop", Deployment)

    def start(self, deployment_id: str) -> Deployment:
        """Answer again."""
        return self._link.post(f"/deployments/{deployment_id}/start", Deployment)

    def history(self, deployment_id: str) -> Iterator[Publication]:
        """What was done to it, the latest first."""
        return self._link.pages(f"/deployments/{deployment_id}/history", Publication)

    def keys(self, deployment_id: str) -> Sequence[AppKey]:
        """Its keys, the latest first."""
        return [*self._link.pages(f"/deployments/{deployment_id}/keys", AppKey)]

    def make_key(self, deployment_id: str, name: str = "") -> AppKey:
        """Make another key; its `key` and `url` are shown now and never again."""
        return self._link.post(f"/deployments/{deployment_id}/keys", AppKey, {"name": name})

    def revoke_key(self, key_id: str) -> None:
        """Make a key useless at once."""
        self._link.delete(f"/keys/{key_id}")

    def delete(self, deployment_id: str) -> None:
        """Delete a deployment; its URL answers 1100, or 2000, from then on."""
        self._link.delete(f"/deployments/{deployment_id}")
