"""Over HTTP an answer keeps its shape and its scores; which class it names is the deployment's to say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fenlei.app.build import ServedModel, ServeError, build
from fenlei.contract import encode_request
from fenlei.modelfile import Decision, HeadMeasure, Unknown
from fenlei.settings import Settings
from tests.support.cli import invoked as fenlei
from tests.support.drawing import jpeg
from tests.support.models import write_tiny
from tests.support.server import Server

LABELS = ("cat", "dog", "other")
NAMED = "dog"
HALF = Unknown("best score", HeadMeasure("best score", 1.3), -1.0, -0.5, 0.05)
"""Unknown is what no class gets more than half of."""

THRESHOLDS = Decision(method="precision", thresholds=[0.8, 0.8, 0.8])
HEADERS = {"Content-Type": "application/json"}
BODIES = [encode_request(jpeg(80, 60, seed=number)) for number in range(40)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("named") / "m.fenlei", LABELS, unknown=HALF, decision=THRESHOLDS)


@pytest.fixture(scope="module")
def plain(path: Path) -> Iterator[list[dict[str, Any]]]:
    """What a deployment answers that asked for nothing."""
    with Server([(path, "m")], path.parent / "workspace", open_=True) as server:
        yield answers(server)


def answers(server: Server) -> list[dict[str, Any]]:
    return [server.call("POST", "/api/image/m", HEADERS, body)[2] for body in BODIES]


def best(answer: dict[str, Any]) -> tuple[str, float]:
    row = max(answer["predictResult"]["thresholdList"], key=lambda each: each["threshold"])
    return row["name"], row["threshold"]


def test_by_default_the_largest_score_is_the_answer(plain: list[dict[str, Any]]) -> None:
    assert all(answer["predictResult"]["prediction"] == best(answer)[0] for answer in plain)
    # The pictures are of all three kinds, and not answered with the named class anyway, or the tests below would show
    # nothing.
    scores = [score for name, score in map(best, plain) if name != NAMED]
    assert any(score < 0.49 for score in scores)
    assert any(0.51 < score < 0.79 for score in scores)
    assert any(score > 0.81 for score in scores)


def test_unknown_pictures_are_answered_with_the_class_that_was_named(path: Path, plain: list[dict[str, Any]]) -> None:
    with Server([(path, "m")], path.parent / "workspace", open_=True, unknown_as=NAMED) as server:
        for before, after in zip(plain, answers(server), strict=True):
            name, score = best(before)
            expected = NAMED if score < 0.5 else name
            assert after == {
                "code": 10000,
                "predictResult": {**before["predictResult"], "prediction": expected},
            }


def test_thresholds_answer_the_named_class_below_them(path: Path, plain: list[dict[str, Any]]) -> None:
    with Server([(path, "m")], path.parent / "workspace", open_=True, unknown_as=NAMED, decide=True) as server:
        for before, after in zip(plain, answers(server), strict=True):
            name, score = best(before)
            assert after["predictResult"]["prediction"] == (name if score >= 0.8 else NAMED)


def test_thresholds_without_a_named_class_leave_the_largest_score(path: Path, plain: list[dict[str, Any]]) -> None:
    with Server([(path, "m")], path.parent / "workspace", open_=True, decide=True) as server:
        assert answers(server) == plain


def test_what_a_model_cannot_answer_is_refused_before_it_serves(path: Path, tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path / "workspace", engine="onnxruntime")
    without = write_tiny(tmp_path / "without.fenlei", LABELS)
    for model, wishes, words in (
        (path, {"unknown_as": "bird"}, r"no class 'bird'.*cat, dog, other"),
        (without, {"unknown_as": "other"}, "no rule for unknown pictures"),
        (without, {"decide": True}, "no thresholds"),
    ):
        with pytest.raises(ServeError, match=words):
            build([ServedModel(model)], settings, key=None, **wishes)


def test_the_command_refuses_it_too(path: Path, tmp_path: Path) -> None:
    said = fenlei("serve", path, "--unknown-as", "bird", "--port", "0", workspace=tmp_path / "workspace")
    assert said.code == 1
    assert "no class 'bird'" in said.err
