"""The pages that state the contract: their tables say what the code says, and their examples run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenlei.contract import Code, read, render
from tests.support import drawing
from tests.support.loopback import serving
from tests.support.reference import LABELS, Place, ReferenceServer

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["contract.en.md", "contract.zh.md"]


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


EXAMPLES = [
    pytest.param(language, block, id=f"{page}-{language}-{number}")
    for page in PAGES
    for language in ("bash", "python")
    for number, block in enumerate(blocks(page, language), 1)
]


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """A server that has the deployment and the key of the examples."""
    with serving(ReferenceServer({"cats": Place("YOUR-KEY")}).answer) as loopback:
        yield loopback.base


@pytest.mark.parametrize(("language", "example"), EXAMPLES)
def test_an_example_prints_a_prediction(language: str, example: str, base: str, tmp_path: Path) -> None:
    if language == "bash" and not (shutil.which("curl") and shutil.which("bash")):
        pytest.skip("this example needs bash and curl")
    (tmp_path / "cat.jpg").write_bytes(drawing.jpeg(64, 48))
    assert "http://127.0.0.1:8000" in example
    here = example.replace("http://127.0.0.1:8000", base)
    command = [sys.executable, "-c", here] if language == "python" else ["bash", "-euo", "pipefail", "-c", here]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert any(label in ran.stdout for label in LABELS), ran.stdout
    if language == "bash":
        assert json.loads(ran.stdout)["code"] == 10000


@pytest.mark.parametrize("page", PAGES)
def test_the_table_of_codes_is_the_codes(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    rows = re.findall(r"^\| (-?\d+) \| (.*?) ?\| .+ \| (\d+) \| (\d+) \|$", text, flags=re.MULTILINE)
    written = [(int(code), message, int(http), int(rest)) for code, message, http, rest in rows]
    assert written == [(code.number, code.message, code.http_status, code.rest_status) for code in Code]


@pytest.mark.parametrize("page", PAGES)
def test_the_answers_shown_are_answers_as_they_are_written(page: str) -> None:
    plain, wrapped = blocks(page, "json")
    assert render(read(plain.encode()))[1].decode() == plain.strip()
    assert json.loads(wrapped)["data"] == json.loads(render(read(wrapped.encode()))[1])


def test_both_pages_have_the_same_parts() -> None:
    first, second = ((DOCS / page).read_text(encoding="utf-8") for page in PAGES)
    for mark in ("\n## ", "\n### ", "\n|", "\n```"):
        assert first.count(mark) == second.count(mark)
    english, chinese = (blocks(page, "bash") for page in PAGES)
    assert english == chinese
