"""Run `fenlei` as a person does: a real process, its words and its exit code."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from fenlei.cli import main

LONG = 120.0
"""Seconds after which a command that should have ended is taken for hung."""


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def environment(workspace: Path, **extra: str) -> dict[str, str]:
    """The environment of a user who has nothing set but a workspace."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FENLEI_", "PYTHON", "COLUMNS"))}
    return {**kept, "FENLEI_WORKSPACE": str(workspace), "COLUMNS": "160", **extra}


def fenlei(*words: str | Path, workspace: Path, cwd: Path | None = None, **extra: str) -> Said:
    """Run one command to its end. `extra` are further environment variables."""
    done = subprocess.run(
        [sys.executable, "-m", "fenlei", *map(str, words)],
        env=environment(workspace, **extra),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def invoked(*words: str | Path, workspace: Path, cwd: Path | None = None, **extra: str) -> Said:
    """Run one command to its end in this process: two seconds sooner than `fenlei`, where a process of its own proves
    no more."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    code = 0
    with (
        patch.dict(os.environ, environment(workspace, **extra), clear=True),
        patch.object(sys, "argv", ["fenlei", *map(str, words)]),
        redirect_stdout(out),
        redirect_stderr(err),
        nullcontext() if cwd is None else chdir(cwd),
    ):
        try:
            main()
        except SystemExit as exc:
            code = exc.code if isinstance(exc.code, int) else int(bool(exc.code))
    return Said(code, *(told.buffer.getvalue().decode() for told in (out, err)))


@contextmanager
def running(*words: str | Path, workspace: Path, cwd: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """A command that stays up; it is ended, by force if need be, when the block ends."""
    child = subprocess.Popen(
        [sys.executable, "-m", "fenlei", *map(str, words)],
        env=environment(workspace),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
        try:
            child.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
