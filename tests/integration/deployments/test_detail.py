"""The page of a deployment: its URL, what may be sent, programs that run, and a try."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fenlei.contract import Code, Envelope, StatusStyle
from fenlei.projects.deployments import Published, Wishes, change, publish, stop
from fenlei.projects.detail import detail
from fenlei.projects.front import State
from fenlei.projects.keys import make_key, revoke_key
from fenlei.projects.snippets import samples
from fenlei.projects.try_out import NoPicture, try_out
from fenlei.store import NotFound, Store
from tests.support.counter import Counter
from tests.support.drawing import jpeg
from tests.support.front_suite import OPEN
from tests.support.versions import add_version

SECONDS = 120
"""For one program: Go and Java compile theirs first, on a busy machine."""


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    return sqlite_store


@pytest.fixture
def published(store: Store, counter: Counter) -> Published:
    return publish(store, counter.front, add_version(store).id, "cats")


def test_the_url_is_complete_while_the_key_is_known_and_shows_its_beginning_later(
    store: Store, counter: Counter, published: Published
) -> None:
    id_, made = published.deployment.id, published.made_key
    assert made is not None
    url = f"{counter.base}/api/image/cats"
    now = detail(store, counter.front, counter.base, id_, secret=made.secret)
    assert (now.url, now.complete) == (f"{url}?neu_app_key={made.secret}", True)
    assert all(made.secret in sample.text for sample in now.samples)
    later = detail(store, counter.front, counter.base, id_)
    assert (later.url, later.complete) == (f"{url}?neu_app_key={made.row.beginning}…", False)
    assert not any(made.secret in sample.text for sample in later.samples)
    another = make_key(store, counter.front, id_)
    assert detail(store, counter.front, counter.base, id_).url.endswith(f"={another.row.beginning}…")
    for key in (another, made):
        revoke_key(store, counter.front, key.row.id)
    assert (detail(store, counter.front, counter.base, id_).url, now.complete) == (url, True)
    change(store, counter.front, id_, OPEN)
    opened = detail(store, counter.front, counter.base, id_)
    assert (opened.url, opened.complete) == (url, True)


def test_the_limits_are_those_of_the_contract(store: Store, counter: Counter, published: Published) -> None:
    limits = detail(store, counter.front, counter.base, published.deployment.id).limits
    assert (limits.max_file_bytes, limits.min_side, limits.max_side, limits.max_ratio) == (4194304, 30, 4096, 3)
    assert {code.number for code in limits.codes} == {code.number for code in Code}
    assert {code.number: code.status for code in limits.codes}[10441] == 200
    change(store, counter.front, published.deployment.id, Wishes(status=StatusStyle.REST))
    limits = detail(store, counter.front, counter.base, published.deployment.id).limits
    assert {code.number: code.status for code in limits.codes}[10441] == 413


def test_it_says_how_the_deployment_stands(store: Store, counter: Counter, published: Published) -> None:
    id_ = published.deployment.id
    here = detail(store, counter.front, counter.base, id_)
    assert (here.condition.state, here.condition.model_version_id) == (State.SERVING, here.version.id)
    assert here.condition.engine == "onnxruntime"
    assert here.model.name == "cats"
    stop(store, counter.front, id_)
    assert detail(store, counter.front, counter.base, id_).condition.state is State.STOPPED
    bad = add_version(store, parity_shift=0.01)
    with store.writing() as work:
        work.deployments.change(id_, model_version_id=bad.id, state="running")
    counter.front.follow(id_)
    failed = detail(store, counter.front, counter.base, id_).condition
    assert failed.state is State.FAILED
    assert f"model version {bad.id} does not score here" in failed.reason
    with pytest.raises(NotFound, match="dp_none"):
        detail(store, counter.front, counter.base, "dp_none")


RUN: dict[str, Callable[[Path], list[str]]] = {
    "curl": lambda file: ["bash", str(file)],
    "python": lambda file: ["python3", str(file)],
    "java": lambda file: ["java", str(file)],
    "javascript": lambda file: ["node", str(file)],
    "go": lambda file: ["go", "run", str(file)],
    "php": lambda file: ["php", str(file)],
}
"""What runs a sample; the picture lies beside it under the name that stands in it."""


@pytest.mark.parametrize("language", RUN)
def test_a_sample_runs_as_it_is(
    language: str, store: Store, counter: Counter, published: Published, tmp_path: Path
) -> None:
    sample = next(each for each in samples(published.url(counter.base)) if each.language == language)
    file = tmp_path / sample.file
    file.write_text(sample.text, encoding="utf-8")
    command = RUN[language](file)
    if shutil.which(command[0]) is None or (language == "curl" and shutil.which("curl") is None):
        pytest.skip(f"no {command[0]} on this machine runs the sample")
    (tmp_path / "picture.jpg").write_bytes(jpeg(200, 150))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["code"] == 10000
    assert [row["name"] for row in said["predictResult"]["thresholdList"]] == ["cat", "dog", "鸟"]
    (tmp_path / "picture.jpg").write_bytes(b"no picture")
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert json.loads(refused.stdout)["code"] == 10440


def test_no_url_breaks_out_of_a_sample() -> None:
    """Quotes, a dollar sign and a backslash do not belong into a URL, and do no harm when they come."""
    url = "http://h/'\"$x\\"
    texts = {sample.language: sample.text for sample in samples(url)}
    assert """'http://h/'"'"'"$x\\'""" in texts["curl"]
    assert r"""'http://h/\'"$x\\';""" in texts["php"]
    for language in ("python", "java", "javascript", "go"):
        assert r'''"http://h/'\"$x\\"''' in texts[language]


def test_a_try_goes_through_the_public_door_and_agrees_with_the_model(
    store: Store, counter: Counter, published: Published
) -> None:
    tried = try_out(store, counter.front, published.deployment.id)
    assert (tried.status, tried.answer["code"], tried.agrees) == (200, 10000, True)
    assert tried.picture == jpeg(80, 60, seed=0)
    assert tried.seconds > 0
    change(store, counter.front, published.deployment.id, Wishes(envelope=Envelope.GATEWAY))
    assert try_out(store, counter.front, published.deployment.id).agrees is True
    own = try_out(store, counter.front, published.deployment.id, b"no picture")
    assert (own.answer["data"]["code"], own.agrees) == (10440, None)
    stop(store, counter.front, published.deployment.id)
    stopped = try_out(store, counter.front, published.deployment.id)
    assert (stopped.answer["code"], stopped.agrees) == (1100, False)


def test_a_try_that_another_model_answers_does_not_agree(store: Store, counter: Counter, published: Published) -> None:
    """The database has moved on, and this server has not heard of it yet."""
    other = add_version(store, head_seed=4)
    with store.writing() as work:
        work.deployments.change(published.deployment.id, model_version_id=other.id)
    tried = try_out(store, counter.front, published.deployment.id)
    assert (tried.answer["code"], tried.agrees) == (10000, False)


def test_a_model_without_pictures_needs_one_to_be_tried(store: Store, counter: Counter) -> None:
    id_ = publish(store, counter.front, add_version(store, "bare", parity=0).id, "bare").deployment.id
    with pytest.raises(NoPicture, match="send one of your own"):
        try_out(store, counter.front, id_)
    assert try_out(store, counter.front, id_, jpeg(50, 50)).answer["code"] == 10000
