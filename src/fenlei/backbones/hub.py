"""Backbones from a Hugging Face hub: `hf:org/name` or `hf:org/name@revision`, fetched once, then local."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from fenlei.backbones.another_size import another_size, step_of
from fenlei.backbones.errors import BackboneError
from fenlei.backbones.needs import need
from fenlei.backbones.shelf import HUB, Backbone, Shelf
from fenlei.backbones.source import Loaded, Network, Report
from fenlei.backbones.transformers_folder import FILES, check_plausible, export_folder, load_folder

PREFIX = "hf:"
_NAME = re.compile(r"hf:(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")

FIRST_ANSWER = 10.0
"""Seconds the hub has to answer the first question, whatever it is that does not work: name, route, proxy or server."""

T = TypeVar("T")


class HubInfo(msgspec.Struct, frozen=True):
    """What a hub says about a repository.

    Attributes:
        commit: the exact revision.
        licence: as its model card states it; None when it does not.
        size: bytes of the files that would be fetched; 0 when not told.
    """

    commit: str
    licence: str | None
    size: int


class HubSource:
    """A repository of a hub, in transformers layout with safetensors weights. Nothing in it is run as code."""

    online = True

    def __init__(self, name: str, cache: Path, endpoint: str | None) -> None:
        """Parse the name.

        Args:
            name: `hf:org/name`, with `@revision` for a branch, tag or commit; else the main branch.
            cache: the workspace's cache folder; downloads are kept in `hub/` below it.
            endpoint: address of the hub; None takes the one huggingface_hub is configured for.

        Raises:
            BackboneError: the name is not like that.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise BackboneError(f"`{name}` does not name a hub repository; write hf:org/name or hf:org/name@revision.")
        self.repository = match["repository"]
        self.revision: str | None = match["revision"]
        self.id = name
        self.title = self.repository
        self._folder, self._shelf = cache / "hub", Shelf(cache)
        self._endpoint = endpoint

    def default_size(self) -> None:
        """The repository says it; `make` reads it."""

    def check_size(self, size: int) -> None:
        """Any plausible size may be asked for; the network decides when it is exported."""
        check_plausible(size, self.id)

    def origin(self) -> dict[str, str] | None:
        """What was asked for. What main was at that time is in the record; `fetch` looks again."""
        return {"kind": HUB, "repository": self.repository, "revision": self.revision or "main"}

    def make(self, size: int | None, report: Report) -> Network:
        """Fetch what is missing, then export."""
        hub = need("huggingface_hub", f"fetch {self.id}")
        need("huggingface_hub.utils", f"fetch {self.id}")  # parts that the package does not load by itself
        constants = need("huggingface_hub.constants", f"fetch {self.id}")
        # Its request for statistics goes to another host than the one that was asked for, and costs seconds offline.
        constants.HF_HUB_DISABLE_TELEMETRY = True
        report(f"asking for {self.repository}", 0, 0)
        info = self._ask(hub)
        folder = self._download(hub, info, report)
        network = export_folder(folder, size, self.repository, info.licence, report)
        made_with = {**network.made_with, "commit": info.commit, "hub": self.address(hub)}
        return msgspec.structs.replace(network, made_with=made_with)

    def other_size(self, own: Backbone) -> int | None:
        """The side in pixels at which it is worth a try besides its own; None where there is none.

        Args:
            own: on the shelf, of this repository.

        Raises:
            BackboneError: its weights are not in the cache.
        """
        return another_size(own.size, step_of(self._kept(own.size)))

    def make_other(self, own: Backbone, size: int, report: Report) -> Network:
        """Export from the files that were fetched for another size, at the same commit. No other machine is asked.

        Args:
            own: on the shelf, of this repository.
            size: side in pixels.
            report: told what is going on.

        Raises:
            BackboneError: the network does not take pictures of this size, or its weights are not in the cache.
        """
        network = export_folder(self._kept(own.size), size, self.repository, own.licence, report)
        told = self._made_with(own.size)
        whence = {key: told[key] for key in ("commit", "hub") if key in told}
        return msgspec.structs.replace(network, made_with=network.made_with | whence)

    def load(self, size: int | None, report: Report) -> Loaded:
        """From what was fetched before, at the commit that the network on the shelf was exported from."""
        return load_folder(self._kept(size), size, self.repository, None, report)

    def _kept(self, size: int | None) -> Path:
        """The files that the network on the shelf was exported from."""
        commit = self._made_with(size).get("commit", "-")
        kept = self._folder / f"models--{self.repository.replace('/', '--')}" / "snapshots" / commit
        if not (kept / "config.json").is_file():
            raise BackboneError(
                f"The weights of {self.id} are not in the cache any more; `fenlei backbones fetch {self.id}` "
                "fetches them."
            )
        return kept

    def _made_with(self, size: int | None) -> dict[str, str]:
        record = self._shelf.record(self.id, size, self.origin())
        return {} if record is None else record.made_with

    def _ask(self, hub: Any) -> HubInfo:
        api = hub.HfApi(endpoint=self._endpoint, library_name="fenlei")
        with _explained(self, hub):
            info = _within(
                FIRST_ANSWER,
                lambda: api.model_info(
                    self.repository, revision=self.revision, timeout=FIRST_ANSWER / 2, files_metadata=True
                ),
            )
        card = info.card_data.to_dict() if info.card_data is not None else {}
        licence = card.get("license_name") if card.get("license") == "other" else card.get("license")
        files = hub.utils.filter_repo_objects(
            info.siblings or [], allow_patterns=list(FILES), key=lambda f: f.rfilename
        )
        return HubInfo(str(info.sha), str(licence) if licence else None, sum(file.size or 0 for file in files))

    def _download(self, hub: Any, info: HubInfo, report: Report) -> Path:
        with _explained(self, hub):
            folder = hub.snapshot_download(
                self.repository,
                revision=info.commit,
                cache_dir=self._folder,
                allow_patterns=list(FILES),
                endpoint=self._endpoint,
                etag_timeout=FIRST_ANSWER / 2,
                max_workers=2,
                tqdm_class=_bar(hub, f"fetching {self.repository}", info.size, report),
                library_name="fenlei",
            )
        return Path(folder)

    def address(self, hub: Any) -> str:
        """Where the hub is."""
        return str(self._endpoint or hub.constants.ENDPOINT)


@contextmanager
def _explained(source: HubSource, hub: Any) -> Iterator[None]:
    """Turn whatever the hub's library raises into one sentence that says what to do."""
    try:
        yield
    except BackboneError:
        raise
    except Exception as exc:
        raise BackboneError(_sentence(exc, source, source.address(hub))) from exc


def _sentence(exc: Exception, source: HubSource, address: str) -> str:
    errors = need("huggingface_hub.errors", f"fetch {source.id}")
    name = source.repository
    status = getattr(getattr(exc, "response", None), "status_code", None)
    if isinstance(exc, errors.GatedRepoError):
        return f"{name} is gated: accept its terms at {address}/{name}, then log in with `hf auth login`."
    if isinstance(exc, errors.RevisionNotFoundError):
        return f"{name} has no revision `{source.revision}` at {address}."
    if isinstance(exc, errors.RepositoryNotFoundError) or status in {401, 403}:
        return f"There is no {name} at {address}, or it is private; for that log in with `hf auth login`."
    if isinstance(exc, errors.OfflineModeIsEnabled):
        return f"{name} is not in the cache, and HF_HUB_OFFLINE forbids asking {address}."
    reason = next((line.strip() for line in str(exc).splitlines() if line.strip()), type(exc).__name__)
    return (
        f"{name} could not be fetched from {address}: {reason.rstrip('.')}. Without a connection use a backbone of the "
        "catalogue, which needs none, or a local file."
    )


def _within(seconds: float, ask: Callable[[], T]) -> T:
    """Call on a thread that is given up when it takes too long: name resolution knows no timeout of ours."""
    answer: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            answer.append(ask())
        except BaseException as exc:  # noqa: BLE001 - raised again below, on the thread that waits
            failure.append(exc)

    thread = threading.Thread(target=work, name="fenlei-hub", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not answer:
        raise TimeoutError(f"no answer within {seconds:.0f} seconds")
    return answer[0]


def _bar(hub: Any, stage: str, total: int, report: Report) -> Any:
    """A class in the place of the library's progress bar: it draws nothing and reports the bytes received."""
    received: dict[int, int] = {}

    class Bar(hub.utils.tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            self._counts = options.get("unit") == "B" and "econstruct" not in str(options.get("desc"))
            options["disable"] = True
            super().__init__(*args, **options)

        def update(self, n: float | None = 1) -> None:
            if self._counts:
                received[id(self)] = received.get(id(self), 0) + int(n or 0)
                report(stage, min(sum(received.values()), total) if total else sum(received.values()), total)

    return Bar
