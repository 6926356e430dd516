"""`python -m bench.scale`: what a data set of 100,000 pictures costs on a platform that `fenlei up` runs.

    python -m bench.scale [--pictures 100000] [--database URL] [--blobs URL] [--markdown]

Draws the pictures, starts the platform on an empty temporary workspace, and does over HTTP what people do. The
workspace is gone when it ends; in a database that was named an owner stays, and the pictures in blobs that were.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from tests.support.platform_process import PlatformProcess

from bench.scale.doing import Doing
from bench.scale.figures import CALLS, Figures
from bench.scale.looking import Looking
from bench.scale.peaks import Peaks
from bench.scale.pictures import name_of, write_zip
from fenlei import Platform
from fenlei.app.storage import existing_store
from fenlei.settings import Settings

TIMEOUT = 900.0
"""Seconds that one call may take."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=100_000, help="at least 2,000 (default 100000)")
    parser.add_argument("--database", metavar="URL", help="an empty one; SQLite in the temporary workspace if absent")
    parser.add_argument("--blobs", metavar="URL", help="a folder or s3://BUCKET/PREFIX; in the workspace if absent")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args()
    if options.pictures < 2000:
        parser.error("--pictures: at least 2,000")
    places = {"FENLEI_DATABASE_URL": options.database, "FENLEI_BLOB_URL": options.blobs}
    environment = {name: value for name, value in places.items() if value}
    figures, before = Figures(), _loads()
    with tempfile.TemporaryDirectory(prefix="fenlei-bench-", ignore_cleanup_errors=True) as folder, Peaks() as peaks:
        _measure(Path(folder), options.pictures, environment, figures, peaks)
    loads = _loads()
    kinds = [(url or kind).partition(":")[0] for url, kind in ((options.database, "SQLite"), (options.blobs, "disk"))]
    figures.show(f"{options.pictures:,} pictures of 64 px, {' and '.join(kinds)}", markdown=options.markdown)
    print(
        f"\np50, p95 and max in ms over {CALLS} calls; memory is the peak. {os.cpu_count()} cores, load average at the "
        f"end {loads} (1, 5, 15 min), {before} at the beginning. Python {platform.python_version()}."
    )
    print("Over its bound: " + ("; ".join(figures.over) or "nothing") + ".")


def _measure(folder: Path, count: int, environment: dict[str, str], figures: Figures, peaks: Peaks) -> None:
    archive = folder / "pictures.zip"
    figures.tell(f"drawing {count:,} pictures")
    write_zip(archive, count, lambda done: figures.tell(f"  {done:,} drawn"))
    workspace = folder / "workspace"
    with PlatformProcess(workspace, port=0, workers=1, **environment) as up:
        if not up.link:
            sys.exit("The database has an owner already; name an empty one.")
        with Platform.by_link(up.link, timeout=TIMEOUT) as signed_in:
            token = signed_in.tokens.make("bench", "owner").secret or ""
        headers = {"authorization": f"Bearer {token}"}
        store = existing_store(
            Settings.at(
                workspace,
                database_url=environment.get("FENLEI_DATABASE_URL"),
                blob_url=environment.get("FENLEI_BLOB_URL"),
            )
        )
        try:
            with (
                Platform(up.base, token, timeout=TIMEOUT) as client,
                httpx.Client(base_url=f"{up.base}/api/v1", headers=headers, timeout=TIMEOUT, trust_env=False) as http,
            ):
                dataset = client.datasets.create("bench")
                doing = Doing(client, http, dataset.id, figures, peaks)
                if doing.bring_in(archive) != count:
                    raise RuntimeError("not every picture was added")
                archive.unlink()
                _memory(figures, "after the import", peaks)
                doing.split()
                labels = client.datasets.labels(dataset.id)
                figures.section()
                looking = Looking(http, store, dataset.id, figures)
                with peaks.still():
                    looking.lists(Path(name_of(count - 1)).stem, ".jpg", labels[len(labels) // 2].id)
                    looking.thumbnails(folder / "thumbnails")
                figures.section()
                doing.relabel(".jpg")
                doing.versions(labels[0].id)
                doing.check_again()
                doing.download(folder / "download.zip")
                figures.section()
                _command("gc", "fenlei gc, dry run", [], workspace, environment, figures, peaks)
                _command("backup", "fenlei backup", [folder / "backup.tar"], workspace, environment, figures, peaks)
                doing.delete()
                _memory(figures, "at the end", peaks)
        finally:
            store.close()


def _command(
    name: str,
    what: str,
    arguments: list[Path],
    workspace: Path,
    environment: dict[str, str],
    figures: Figures,
    peaks: Peaks,
) -> None:
    """A command of Fenlei, beside the running platform."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "fenlei", name, *map(str, arguments), "--json"],
        env={**os.environ, "FENLEI_WORKSPACE": str(workspace), **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"fenlei {name} ended with {done.returncode}: {done.stderr}")
    size = json.loads(done.stdout)["bytes"] / 1e6 if arguments else 0.0
    rate = f"{size / seconds:.0f} MB/s" if arguments else ""
    figures.once(what, seconds, rate, remarks=f"the whole command: {peaks.of('fenlei', name)}")
    for file in arguments:
        file.unlink()


def _loads() -> str:
    return " / ".join(f"{load:.1f}" for load in os.getloadavg())


def _memory(figures: Figures, when: str, peaks: Peaks) -> None:
    figures.once(f"server, {when}", None, remarks=f"{peaks.of('fenlei', 'up')}")
    figures.once(f"worker, {when}", None, remarks=f"{peaks.of('fenlei', 'worker')}")


if __name__ == "__main__":
    main()
