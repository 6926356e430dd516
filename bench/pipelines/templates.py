"""Each template from a folder of real pictures to a URL that answers, and its script to the same model files.

    python -m bench.pipelines.templates [--data ../shared/data/open] [--only NAME]

Everything goes through the command line, as a user has it: `fenlei up` in a workspace of its own, `fenlei login`,
`fenlei run --template`, a picture of the test part sent to the URL that was told. Then `fenlei run --script`, and the
script alone by an interpreter of its own, in a workspace that knows no result of the first; it publishes too. `same`
counts the model files that are equal to the last byte. Exit code 1 where one differs or a URL does not answer.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import fenlei
from fenlei.client.management import Platform
from fenlei.modelfile import read

DATA = Path(__file__).parents[3] / "shared" / "data" / "open"
UNEVEN = "weather, of one class an eighth"
SETS = {
    "quick-classifier": "weather",
    "compare-three-backbones": "weather",
    "clean-then-train": "weather",
    "few-pictures": "receipts_tiny",
    "imbalanced": UNEVEN,
    "edge-device": "weather",
}
"""By template, the set that suits it."""
SECONDS = 900
"""That a command may take."""


class Row(NamedTuple):
    """One template."""

    template: str
    pictures: str
    seconds: float
    accuracy: float
    class_sent: str
    answer: str
    script_seconds: float
    same: int
    files: int


class House(NamedTuple):
    """Where everything is: a platform, a workspace that talks to it, another one for scripts."""

    place: Path
    base: str

    def run(self, *words: str | Path, workspace: str) -> subprocess.CompletedProcess[str]:
        """One process of Python to its end, in one of the workspaces.

        Raises:
            RuntimeError: it ended badly.
        """
        ended = subprocess.run(
            [sys.executable, *words],
            env=environment(self.place / workspace),
            cwd=self.place,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if ended.returncode:
            raise RuntimeError(f"{words} ended with {ended.returncode}: {ended.stderr}")
        return ended


def main() -> None:
    """Print the table."""
    said = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    said.add_argument("--data", type=Path, default=DATA)
    said.add_argument("--only", choices=list(SETS), action="append")
    asked = said.parse_args()
    with tempfile.TemporaryDirectory(prefix="fenlei-bench-") as name, platform(Path(name)) as house:
        uneven(asked.data / "weather", house.place / UNEVEN)
        rows = []
        for template in asked.only or SETS:
            folder = house.place / UNEVEN if SETS[template] == UNEVEN else asked.data / SETS[template]
            rows.append(one(house, template, folder))
            print(rows[-1], file=sys.stderr)
    print("| template | pictures | to the URL, s | accuracy | sent | answer | script, s | same files |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| `{row.template}` | {row.pictures} | {row.seconds:.0f} | {row.accuracy:.1%} | {row.class_sent} | "
            f"{row.answer} | {row.script_seconds:.0f} | {row.same} of {row.files} |"
        )
    sys.exit(any(row.same < row.files for row in rows))


def one(house: House, template: str, folder: Path) -> Row:
    """One template on one set."""
    words = ("-m", "fenlei", "run", "--template", template, "--data", folder, "--publish", template)
    script = house.place / f"{template}.py"
    house.run(*words, "--script", script, workspace="pipelines")
    code = script.read_text("utf-8")
    files = re.findall(r'FOLDER / "(\w+)\.fenlei"', code)
    published = re.findall(r"bench\.finish\.publish\(\s*(\w+)\.model", code)[0]
    saved = house.place / template
    saves = [f"--save={each}={saved / each}.fenlei" for each in files]
    saved.mkdir()
    began = time.monotonic()
    told = house.run(*words, *saves, workspace="pipelines").stderr
    seconds = time.monotonic() - began

    url = next(word.rstrip(";") for word in told.split() if word.startswith(f"{house.base}/api/image/{template}?"))
    picture = sorted((folder / "test").glob("*/*"))[0]
    with fenlei.Client(url) as client:
        answer = client.predict(picture.read_bytes()).label

    began = time.monotonic()
    house.run(script, house.place / f"{template} by script", workspace="scripts")
    script_seconds = time.monotonic() - began
    same = [digest(saved, each) == digest(house.place / f"{template} by script", each) for each in files]
    accuracy = float(read(saved / f"{published}.fenlei").manifest.metrics["accuracy"])
    return Row(
        template, folder.name, seconds, accuracy, picture.parent.name, answer, script_seconds, sum(same), len(files)
    )


def digest(folder: Path, name: str) -> str:
    """SHA-256, hex, of a model file."""
    return hashlib.sha256((folder / f"{name}.fenlei").read_bytes()).hexdigest()


def uneven(source: Path, target: Path) -> None:
    """The same set with an eighth of the pictures to learn from of its first class."""
    shutil.copytree(source / "test", target / "test")
    for number, folder in enumerate(sorted((source / "train").iterdir())):
        (target / "train" / folder.name).mkdir(parents=True)
        for picture in sorted(folder.iterdir())[:: 8 if number == 0 else 1]:
            shutil.copy2(picture, target / "train" / folder.name)


def environment(workspace: Path) -> dict[str, str]:
    """Of a user who has nothing set but a workspace."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FENLEI_")}
    return {**kept, "FENLEI_WORKSPACE": str(workspace)}


@contextmanager
def platform(place: Path) -> Iterator[House]:
    """A platform of its own on a free port of this machine; ended with the block."""
    command = [sys.executable, "-m", "fenlei", "up", "--port", "0"]
    with (place / "platform.log").open("wb") as log:
        child = subprocess.Popen(
            command, env=environment(place / "platform"), stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert child.stdout is not None
        base = child.stdout.readline().split()[0]
        link = next(word for line in child.stdout for word in line.split() if "#link=" in word)
        with Platform.by_link(link) as entered:
            token = str(entered.tokens.make("templates", "owner").secret)
        house = House(place, base)
        for workspace in ("pipelines", "scripts"):
            house.run("-m", "fenlei", "login", base, "--token", token, workspace=workspace)
        yield house
    finally:
        child.terminate()
        child.wait(60)


if __name__ == "__main__":
    main()
