"""What a person can set by environment variables. The one place that reads them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from fenlei.contract.errors import FenleiError


class BadSetting(FenleiError):
    """A variable of the environment has a value that cannot be."""


class Settings(BaseSettings):
    """Settings of one process; each is read from `FENLEI_` and its name in capitals; empty counts as absent.

    Attributes:
        workspace: the folder that holds everything Fenlei keeps, `~` being the home. Removing it removes everything.
        database_url: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`; the workspace's `fenlei.db` if absent.
        blob_url: a folder or `s3://BUCKET/PREFIX`; the workspace's `blobs/` if absent.
        s3_endpoint: scheme, host and port of an S3-compatible service; Amazon's own when absent.
        s3_key_id: id of the S3 access key; looked for as S3 tools do when absent.
        s3_secret: secret of the S3 access key.
        s3_region: region of the S3 bucket.
        public_url: scheme, host and port under which people reach this server, where that is not what it listens on.
        hosts: names by which the management API may be addressed besides, with commas between them; `*` is any.
        import_roots: folders of this machine below which data sets may be imported by path, and graphs of a platform
            may read, with `:` between them.
        server: scheme, host and port of the platform that remote commands talk to.
        token: the API token that they send.
        engine: what runs networks: `openvino`, `onnxruntime`, `onnxruntime-cuda`; `auto` is the GPU where one answers
            and OpenVINO else.
        backbone: what runs of projects learn on that name none: a catalogue id or the path of an ONNX file; what suits
            the project's goal when absent.
        threads: pictures in the network side by side; every usable core when absent.
        queue: requests that may wait while all threads are busy; one more is answered 2003 at once.
        patience: seconds a request may wait before it is answered 2003 instead of being worked on.
        drain: seconds that requests in flight get to finish after SIGTERM.
        bodies: bytes of request bodies that may be in memory at one time.
        log_format: `json` or `pretty`; `auto` is pretty on a terminal.
        log_requests: one log line for every prediction.
    """

    model_config = SettingsConfigDict(env_prefix="FENLEI_", env_ignore_empty=True, frozen=True, extra="ignore")

    workspace: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        default=Path("~/.fenlei"), validate_default=True
    )
    database_url: SecretStr | None = None
    blob_url: str | None = None
    s3_endpoint: str | None = None
    s3_key_id: str | None = None
    s3_secret: SecretStr | None = None
    s3_region: str | None = None
    public_url: str | None = Field(default=None, pattern=r"^https?://[^/?#\s]+/?$")
    hosts: str | None = None
    import_roots: str | None = None
    server: str | None = None
    token: SecretStr | None = None
    engine: str = "auto"
    backbone: str | None = None
    threads: int | None = Field(default=None, ge=1)
    queue: int = Field(default=128, ge=0)
    patience: float = Field(default=10.0, allow_inf_nan=False, gt=0)
    drain: float = Field(default=30.0, allow_inf_nan=False, ge=0)
    bodies: int = Field(default=256 * 1024 * 1024, ge=16 * 1024 * 1024)
    log_format: Literal["auto", "json", "pretty"] = "auto"
    log_requests: bool = False

    @classmethod
    def at(
        cls, workspace: str | Path | None, *, database_url: str | None = None, blob_url: str | None = None
    ) -> Settings:
        """The settings of the environment, with others in their place where they are named.

        Raises:
            BadSetting: a variable of the environment cannot be; the text names it.
        """
        given: dict[str, Any] = {"workspace": workspace, "database_url": database_url, "blob_url": blob_url}
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as exc:
            wrong = exc.errors(include_url=False)[0]
            name = "_".join(["FENLEI", *(str(part).upper() for part in wrong["loc"])])
            raise BadSetting(f"{name} is {wrong['input']!r}: {wrong['msg'].lower()}.") from exc
        except RuntimeError as exc:  # a container's user without a home folder
            raise BadSetting(f"This user has no home folder ({exc}); name a folder by FENLEI_WORKSPACE.") from exc

    def environment(self) -> dict[str, str]:
        """The environment of a child process that shall have these settings, whatever was named on the way here."""
        found = {**os.environ, "FENLEI_WORKSPACE": str(self.workspace.absolute())}
        if self.database_url is not None:
            found["FENLEI_DATABASE_URL"] = self.database_url.get_secret_value()
        if self.blob_url is not None:
            found["FENLEI_BLOB_URL"] = self.blob_url
        return found

    @property
    def uploads(self) -> Path:
        """What is being sent. Several servers on one database share this folder."""
        return self.workspace / "uploads"

    @property
    def cache(self) -> Path:
        """What can be made again: exported backbones, compiled networks, embeddings."""
        return self.workspace / "cache"
