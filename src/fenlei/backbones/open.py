"""From the name of a backbone to a network that is ready to run, exported once and kept."""

from __future__ import annotations

import threading
from pathlib import Path

from fenlei.backbones.catalogue import CATALOGUE
from fenlei.backbones.errors import BackboneError
from fenlei.backbones.hub import PREFIX, HubSource
from fenlei.backbones.listing import Sizes, fetched
from fenlei.backbones.onnx_file import OnnxFileSource
from fenlei.backbones.package import PackageSource
from fenlei.backbones.safetensors_file import SafetensorsSource
from fenlei.backbones.shelf import REFUSED, WORTH_A_TRY, Backbone, Shelf
from fenlei.backbones.source import BackboneSource, Loaded, Network, Report
from fenlei.backbones.transformers_folder import FolderSource

_EXPORT = threading.Lock()
"""torch's exporter keeps global state: one export at a time in a process."""


def open_backbone(
    name: str,
    *,
    size: int | None = None,
    cache: Path,
    allow_network: bool = True,
    endpoint: str | None = None,
    report: Report | None = None,
) -> Backbone:
    """Have a backbone ready in the cache folder.

    The first call exports it, which takes a second or more and needs the `train` extra. Later calls read a small
    record, verify the digest, and import neither torch nor onnx. A damaged file is noticed and made again.

    Args:
        name: an id of the catalogue; a path to an .onnx file, to a .safetensors file or to a folder in Hugging Face
            layout; or `hf:org/name`, `hf:org/name@revision`.
        size: side of the square input in pixels; None takes the backbone's own.
        cache: the workspace's cache folder.
        allow_network: whether another machine may be asked. Only `hf:` names that are not in the cache need one.
        endpoint: address of the hub; None takes the one huggingface_hub is configured for.
        report: told what is going on.

    Raises:
        BackboneError: it cannot be had; the sentence says why and what to do.
    """
    source = source_for(name, cache, endpoint)
    if size is not None:
        source.check_size(size)
    shelf = Shelf(cache)
    found = _find(shelf, source, size)
    if found is not None:
        return found
    if source.online and not allow_network:
        raise BackboneError(f"{name} is not in the cache, and fetching it was not allowed.")
    with _EXPORT:
        # Another thread may have made it while this one waited.
        return _find(shelf, source, size) or _make(shelf, source, size, report)[0]


def find_backbone(name: str, *, size: int | None = None, cache: Path) -> Backbone | None:
    """A backbone whose network is in the cache folder already; None where it would have to be exported or fetched.

    Args:
        name: as for `open_backbone`.
        size: side of the square input in pixels; None takes the backbone's own.
        cache: the workspace's cache folder.

    Raises:
        BackboneError: there is no such backbone, or it is not offered at this size.
    """
    source = source_for(name, cache)
    if size is not None:
        source.check_size(size)
    return _find(Shelf(cache), source, size)


def fetch(
    name: str,
    *,
    size: int | None = None,
    cache: Path,
    endpoint: str | None = None,
    report: Report | None = None,
) -> list[Backbone]:
    """Have a backbone ready, asking the hub again even when the cache holds it: its main branch may have moved on.

    For everything that is not on a hub this is `open_backbone`. Arguments and errors are the same.

    Returns:
        The backbone; of a hub, where no size was asked for, the same at another size behind it, if it takes one.
    """
    source = source_for(name, cache, endpoint)
    if not source.online:
        return [open_backbone(name, size=size, cache=cache, report=report)]
    if size is not None:
        source.check_size(size)
    with _EXPORT:
        return _make(Shelf(cache), source, size, report)


def load_backbone(name: str, *, size: int | None = None, cache: Path) -> Loaded:
    """A backbone as a torch module that can be trained further. No other machine is asked.

    Args:
        name: as for `open_backbone`.
        size: side of the square input in pixels; None takes the backbone's own.
        cache: the workspace's cache folder.

    Raises:
        BackboneError: torch is missing, or there are no weights that it could hold.
    """
    source = source_for(name, cache)
    if size is not None:
        source.check_size(size)
    return source.load(size, _silent)


def sizes_of(name: str, cache: Path) -> Sizes | None:
    """The sizes at which a network that is not of the catalogue can be had without asking another machine: of a hub
    those at which it is kept, of an ONNX file that takes any size another one besides its own.

    Returns:
        None where that is not known, before it was made ready for the first time, for one.
    """
    if name.startswith(PREFIX):
        return fetched(cache).get(name)
    try:
        source = source_for(name, cache)
        made = Shelf(cache).record(source.id, None, source.origin()) if isinstance(source, OnnxFileSource) else None
    except BackboneError:  # whoever opens it is told
        return None
    other = "" if made is None else made.made_with.get(WORTH_A_TRY, "")
    return None if made is None or not other.isdecimal() else Sizes(own=made.size, others=(int(other),))


def source_for(name: str, cache: Path, endpoint: str | None = None) -> BackboneSource:
    """The place a name points to.

    Raises:
        BackboneError: the name is none of the kinds that are known, or there is no such file.
    """
    if name in CATALOGUE:
        return PackageSource(CATALOGUE[name])
    if name.startswith(PREFIX):
        return HubSource(name, cache, endpoint)
    path = Path(name).expanduser()
    if path.suffix in {".onnx", ".safetensors"} and not path.is_dir():
        if not path.is_file():
            raise BackboneError(f"There is no file {name}.")
        return OnnxFileSource(path) if path.suffix == ".onnx" else SafetensorsSource(path)
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise BackboneError(f"The folder {name} has no config.json: it is not a model in Hugging Face layout.")
        return FolderSource(path.resolve())
    raise BackboneError(
        f"There is no backbone `{name}`. Give one of {', '.join(CATALOGUE)}; or a path to an .onnx file, a "
        ".safetensors file or a folder with config.json; or hf:org/name."
    )


def _find(shelf: Shelf, source: BackboneSource, size: int | None) -> Backbone | None:
    return shelf.find(source.id, size if size is not None else source.default_size(), source.origin())


def _make(shelf: Shelf, source: BackboneSource, size: int | None, report: Report | None) -> list[Backbone]:
    """The backbone; of a hub at its own size, behind it the same at another one, which a search tries too. It is made
    now because the files are here, and whoever searches may have neither them nor torch."""
    report = report or _silent
    made = _put(shelf, source, source.make(size, report), default=size is None)
    if size is not None or not isinstance(source, HubSource):
        return [made]
    other = source.other_size(made)
    if other is None:
        return [made]
    try:
        network = source.make_other(made, other, report)
    except BackboneError as exc:
        shelf.note(made, {REFUSED: f"{other} {exc}"})
        return [made]
    return [made, _put(shelf, source, network, default=False)]


def _put(shelf: Shelf, source: BackboneSource, network: Network, *, default: bool) -> Backbone:
    return shelf.put(source.id, source.title, network, source.origin() or {}, default=default)


def _silent(what: str, done: int, total: int) -> None:
    return None
