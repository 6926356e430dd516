"""The same pictures through `fenlei predict MODEL`, `fenlei.load` and HTTP: the same classes and scores."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import fenlei
from fenlei.client import BadKey
from tests.support import drawing
from tests.support.cli import environment, running
from tests.support.cli import fenlei as command

MODES = ("RGB", "L", "RGBA", "CMYK", "P", "LA")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 pictures of many sizes, shapes, colour modes and both formats."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(200):
        width, height = 40 + 7 * (number % 29), 40 + 11 * (number % 17)
        width, height = min(width, 3 * height), min(height, 3 * width)
        mode = MODES[number % len(MODES)]
        if mode in {"RGB", "L", "CMYK"} and number % 4:
            exif = (
                b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes([1 + number % 8]) + b"\0\0\0\0\0\0"
            )
            data, ending = drawing.jpeg(width, height, mode, number, exif=exif), "jpg"
        else:
            data, ending = drawing.png(width, height, "RGB" if mode == "CMYK" else mode, number), "png"
        (folder / f"{number:03d}.{ending}").write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def url(model: Path, home: Path) -> Iterator[str]:
    """`fenlei serve` runs; this is what it printed."""
    with running("serve", model, "--port", "0", workspace=home) as server:
        assert server.stdout is not None
        line = server.stdout.readline().strip()
        # Whatever it logs must be taken off its hands, or a full pipe would stop it.
        assert server.stderr is not None
        drain = threading.Thread(target=server.stderr.read, daemon=True)
        drain.start()
        assert line.startswith("http://127.0.0.1:")
        yield line


def test_command_python_and_http_agree_on_200_pictures(model: Path, home: Path, pictures: Path, url: str) -> None:
    files = sorted(pictures.iterdir())
    local = json.loads(command("predict", model, pictures, "--json", workspace=home).out)
    remote = json.loads(command("predict", url, pictures, "--json", workspace=home).out)
    with fenlei.load(model, workspace=home) as loaded:
        python = loaded.predict(list(files))
    assert len(local) == len(remote) == len(python) == 200
    assert len({row["label"] for row in local}) > 1
    for path, here, there, direct in zip(files, local, remote, python, strict=True):
        assert Path(here["picture"]) == Path(there["picture"]) == path
        assert here["label"] == there["label"] == direct.label
        assert list(here["scores"]) == list(there["scores"]) == list(direct.scores)
        for label, score in direct.scores.items():
            assert here["scores"][label] == pytest.approx(score, abs=1e-6)
            assert there["scores"][label] == pytest.approx(score, abs=1e-4)


def test_the_printed_url_needs_only_the_documented_header_and_body(url: str, pictures: Path) -> None:
    """The curl line of the README, as a shell runs it."""
    picture = sorted(pictures.glob("*.jpg"))[0]
    line = (
        f"(printf '{{\"base64\":\"'; base64 < {picture} | tr -d '\\n'; printf '\"}}') | "
        f"curl -s -H 'Content-Type: application/json;charset=UTF-8' --data-binary @- '{url}'"
    )
    said = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30, check=True).stdout
    assert json.loads(said)["code"] == 10000


def test_a_wrong_key_is_refused_and_the_client_says_so(url: str, pictures: Path) -> None:
    with fenlei.Client(url.partition("?")[0], "no-such-key") as client, pytest.raises(BadKey) as refused:
        client.predict(sorted(pictures.iterdir())[0])
    assert refused.value.code == 2000


def test_a_taken_port_is_named_with_the_option(url: str, model: Path, home: Path) -> None:
    port = str(urlsplit(url).port)
    said = command("serve", model, "--port", port, workspace=home)
    assert said.code == 1
    assert port in said.err
    assert "--port" in said.err
    assert "Traceback" not in said.err


def test_serving_and_importing_load_neither_torch_nor_scikit_learn(model: Path, home: Path) -> None:
    """A fresh interpreter that imports fenlei and serves a model, asked at its end what it has loaded."""
    program = """
import os, signal, sys, threading
import fenlei
from fenlei.client import BadKey
from pathlib import Path
from urllib.parse import urlsplit
from fenlei.app import ServedModel, serve
from fenlei.settings import Settings
def stop(ready):
    os.kill(os.getpid(), signal.SIGTERM)
serve([ServedModel(Path(sys.argv[1]))], Settings(), port=0, on_ready=stop)
heavy = {"torch", "transformers", "sklearn", "scipy", "onnx", "huggingface_hub", "pandas", "matplotlib"}
print(sorted(heavy & {name.split(".")[0] for name in sys.modules}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(model)],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"
