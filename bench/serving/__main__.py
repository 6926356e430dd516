"""`python -m bench.serving`: what serving costs over HTTP, beside what the same pictures cost without it."""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from bench.serving.model import write_model
from bench.serving.peer import Peer
from bench.serving.pictures import described, request_sets
from fenlei.serving.desk import IDLE_SECONDS
from fenlei.settings import Settings

CONNECTIONS = (1, 8, 32)
TICK = os.sysconf("SC_CLK_TCK")

NOTES = """\
Ceiling: parse + decode + resize + infer in one process, one thread per core, same engine, same pictures, measured in
the same rounds. All figures are medians over rounds.
of ceiling   requests per second, as they came. The load generator lives on the same cores: what it uses (last column)
             the server lacks. One connection cannot keep two cores busy.
CPU ms       of the server per request, all its threads, user and system, from /proc; for the ceiling, of its process.
CPU ×        the same as a multiple of the ceiling's: what HTTP, queue and event loop add. 1 / this is the share of the
             ceiling that would be left if the load came from another machine and all cores were kept busy."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement (default 2)")
    parser.add_argument(
        "--rounds", type=int, default=3, help="interleaved rounds, of which the median counts (default 3)"
    )
    parser.add_argument("--starts", type=int, default=3, help="starts of the server that are timed (default 3)")
    options = parser.parse_args()
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as folder:
        cache = Settings().cache
        model = write_model(Path(folder) / "lite0.fenlei", cache)
        sets = request_sets()
        starts = [_start(model, sets["mixed"][0]) for _ in range(options.starts + 1)][
            1:
        ]  # the first one fills the caches
        with (
            Peer("ceiling", [str(model), str(cache)]) as ceiling,
            Peer("server", [str(model)]) as server,
            Peer("load", [server.hello["url"]]) as load,
        ):
            rows = _measure(ceiling, server, load, list(sets), options.rounds, options.seconds)
            busy = _resident(server.process.pid)
            time.sleep(1.5 * IDLE_SECONDS)
            rest = _resident(server.process.pid)
    cores = ceiling.hello["threads"]
    table = Table("pictures", title=f"Lite0 at 224 px, {cores} cores, {described()}")
    for column in ("connections", "req/s", "of ceiling", "CPU ms", "CPU ×", "p50 ms", "p99 ms", "load CPU ms"):
        table.add_column(column, justify="right")
    for (name, connections), figures in rows.items():
        best = rows[name, 0]
        if connections == 0:
            table.add_section()
            table.add_row(name, "ceiling", f"{best['rate']:.1f}", "", f"{best['cpu_ms']:.2f}")
            continue
        times = figures["server_ms"] / best["cpu_ms"]
        table.add_row(
            "",
            str(connections),
            f"{figures['rate']:.1f}",
            f"{figures['rate'] / best['rate']:.3f}",
            f"{figures['server_ms']:.2f}",
            f"{times:.3f}",
            f"{figures['p50_ms']:.1f}",
            f"{figures['p99_ms']:.1f}",
            f"{figures['cpu_ms']:.2f}",
        )
    console.print(table)
    console.print(NOTES)
    wrong = sum(int(figures.get("wrong", 0)) for figures in rows.values())
    console.print(
        f"Answers that were not 10000: {wrong}. Server memory under load {busy:.0f} MB, at rest {rest:.0f} MB.\n"
        f"From process start to the first good answer, caches warm: {statistics.median(starts):.2f} s (median of "
        f"{len(starts)}). Python {platform.python_version()}, {platform.machine()}."
    )


def _measure(
    ceiling: Peer, server: Peer, load: Peer, names: list[str], rounds: int, seconds: float
) -> dict[tuple[str, int], dict[str, Any]]:
    """Medians over interleaved rounds, by pictures and connections; 0 connections is the ceiling."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for number in range(rounds + 1):
        for name in names:
            results = {0: ceiling.ask(name=name, seconds=seconds)}
            for connections in CONNECTIONS:
                before = _cpu(server.process.pid)
                results[connections] = load.ask(name=name, seconds=seconds, connections=connections)
                spent = (_cpu(server.process.pid) - before) * 1000
                results[connections]["server_ms"] = spent / results[connections]["count"]
            if number == 0:
                continue  # a round to get warm
            for connections, result in results.items():
                found.setdefault((name, connections), []).append(result)
    return {
        place: {figure: statistics.median(result[figure] for result in results) for figure in results[0]}
        for place, results in found.items()
    }


def _start(model: Path, body: bytes) -> float:
    """Seconds from starting the process to its first good answer."""
    began = time.perf_counter()
    with Peer("server", [str(model)]) as server:
        parts = urlsplit(server.hello["url"])
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        connection.request("POST", f"{parts.path}?{parts.query}", body=body, headers=headers)
        answer = connection.getresponse().read()
        elapsed = time.perf_counter() - began
        connection.close()
        if not answer.startswith(b'{"code":10000'):
            raise RuntimeError(f"the server answered {answer[:200]!r}")
    return elapsed


def _cpu(process: int) -> float:
    """Seconds of CPU that a process has used, all threads, user and system."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _resident(process: int) -> float:
    """Resident memory in megabytes."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
