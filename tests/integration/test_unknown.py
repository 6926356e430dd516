"""Pictures of nothing known and thresholds, from a folder to Python, the command line and the export."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import fenlei
from fenlei.cli import app
from fenlei.contract.errors import FenleiError
from fenlei.modelfile import read
from fenlei.serving.export import export
from tests.support.drawing import class_folders, jpeg
from tests.support.networks import tiny_network

CLASSES = {"apple": 30, "other": 24, "pear": 30, "梨": 30}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four classes, and strangers: other drawings in a folder of a class that no model learns."""
    place = tmp_path_factory.mktemp("unknown")
    class_folders(place / "photos", CLASSES)
    fresh = dict.fromkeys(CLASSES, 40)
    class_folders(place / "fresh", fresh)
    for name, count in CLASSES.items():  # the first ones were learned from
        for picture in sorted((place / "fresh" / name).iterdir())[:count]:
            picture.unlink()
    strangers = place / "fresh" / "stranger"
    strangers.mkdir()
    for number in range(30):
        (strangers / f"{number}.jpg").write_bytes(jpeg(80, 64, seed=5000 + number))
    (place / "tiny.onnx").write_bytes(tiny_network(width=48))
    return place


@pytest.fixture(scope="module")
def model(place: Path) -> Iterator[fenlei.Model]:
    with fenlei.train(
        place / "photos", backbone=str(place / "tiny.onnx"), workspace=place / "workspace", precision=0.9
    ) as model:
        model.save(place / "m.fenlei")
        yield model


@pytest.fixture(scope="module")
def typed(place: Path, model: fenlei.Model) -> Any:
    runner = CliRunner(env={"FENLEI_WORKSPACE": str(place / "workspace"), "COLUMNS": "200"})

    def run(*words: str | Path, code: int = 0) -> str:
        result = runner.invoke(app, [*map(str, words)])
        assert result.exit_code == code, (result.output, result.exception)
        failed = code and result.exception is not None and not isinstance(result.exception, SystemExit)
        return str(result.exception) if failed else result.stdout if not code else result.output

    return run


def pictures(place: Path, folder: str) -> list[Path]:
    return sorted((place / "fresh" / folder).iterdir())


def test_strangers_are_told_from_pictures_of_known_classes(model: fenlei.Model, place: Path) -> None:
    judged = model.judge(place / "fresh")
    figures = judged.strangers
    assert figures is not None
    assert (figures.known, figures.strange) == (46, 30)
    assert figures.auroc is not None
    assert figures.auroc > 0.9
    assert figures.found >= 20
    assert figures.rejected <= 10
    assert len([name for name, reason in judged.skipped if "knows no class 'stranger'" in reason]) == 30


def test_a_prediction_says_how_strange_its_picture_is(model: fenlei.Model, place: Path) -> None:
    known = model.predict(list(pictures(place, "apple")))
    strange = model.predict(list(pictures(place, "stranger")))
    for answer in [*known, *strange]:
        assert answer.strangeness is not None
        assert answer.unknown == (answer.strangeness > 1)
        assert answer.score == max(answer.scores.values())
    assert np.median([each.strangeness for each in strange if each.strangeness is not None]) > 1


def test_unknown_pictures_are_answered_with_the_class_that_is_named(model: fenlei.Model, place: Path) -> None:
    plain = model.predict(list(pictures(place, "stranger")))
    named = model.predict(list(pictures(place, "stranger")), unknown_as="other")
    for before, after in zip(plain, named, strict=True):
        assert after.scores == before.scores
        assert after.label == ("other" if before.unknown else before.label)
        assert after.score == after.scores[after.label]
    assert any(each.unknown and each.label != "other" for each in plain)
    with pytest.raises(FenleiError, match=r"no class 'anything'.*apple, other, pear, 梨"):
        model.predict(pictures(place, "apple")[0], unknown_as="anything")


def test_thresholds_have_a_say_where_they_are_asked(model: fenlei.Model, place: Path) -> None:
    decision = model.manifest.decision
    assert decision is not None
    everything = [path for folder in ("apple", "pear", "stranger") for path in pictures(place, folder)]
    plain = model.predict(list(everything))
    decided = model.predict(list(everything), unknown_as="other", decide=True)
    alone = model.predict(list(everything), decide=True)
    labels = model.labels
    for before, after, only in zip(plain, decided, alone, strict=True):
        enough = before.score >= decision.thresholds[labels.index(before.label)]
        assert after.label == (before.label if enough and not before.unknown else "other")
        assert only.label == before.label


def test_the_report_tells_all_of_it(model: fenlei.Model) -> None:
    report = model.report
    calibration, unknown, decision = report.calibration, report.unknown, report.decision
    assert calibration is not None
    assert calibration.error_after == report.evaluation.expected_calibration_error
    assert sum(each.count for each in calibration.reliability_before) == report.test_pictures
    assert unknown is not None
    assert {each.rule for each in unknown.compared} >= {"relative Mahalanobis", "neighbours", "energy"}
    assert unknown.test_pictures == report.test_pictures
    assert unknown.test_interval[0] <= unknown.test_rejected / unknown.test_pictures <= unknown.test_interval[1]
    assert decision is not None
    assert (decision.method, decision.asked) == ("precision", "0.9")
    assert [each.label for each in decision.classes] == report.labels
    page = model.report_html
    for words in ("Pictures of nothing it knows", "不认识的图片", "When a score is enough", "得分多高才作答", "校准"):
        assert words in page


def test_the_command_line_says_it_too(typed: Any, place: Path) -> None:
    model, stranger = place / "m.fenlei", place / "fresh" / "stranger"
    rows = json.loads(typed("predict", model, stranger, "--json", "--unknown-as", "other"))
    assert all(row["label"] == "other" for row in rows if row["unknown"])
    assert sum(row["strangeness"] > 1 for row in rows) >= 20
    table = list(csv.DictReader(io.StringIO(typed("predict", model, stranger, "--csv"))))
    assert [row["unknown"] for row in table] == [str(row["unknown"]).lower() for row in rows]
    assert "unknown" in typed("predict", model, stranger)
    said = json.loads(typed("evaluate", model, place / "fresh", "--json"))
    assert said["unknown"]["strange"] == 30
    assert said["decision"]["method"] == "precision"
    assert "AUROC" in typed("evaluate", model, place / "fresh")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--precision", "1.2"], "between 0 and 1"),
        (["--precision", "much"], "a share such as"),
        (["--precision", "0.9", "--precision", "apple=0.8"], "each must name one"),
        (["--precision", "grape=0.9"], "no class 'grape'"),
        (["--cost", "1"], "two numbers"),
        (["--cost", "1:10", "--precision", "0.9"], "not by both"),
    ],
)
def test_demands_that_cannot_be_are_refused(typed: Any, place: Path, words: list[str], reason: str) -> None:
    code = 2 if reason in ("a share such as", "each must name one", "two numbers") else 1
    said = typed("train", place / "photos", "-o", place / "no.fenlei", *words, code=code)
    assert reason in " ".join(said.replace("│", " ").split())
    assert not (place / "no.fenlei").exists()


def test_costs_by_class_travel_in_the_model(typed: Any, place: Path) -> None:
    path = place / "dear.fenlei"
    backbone = place / "tiny.onnx"
    typed("train", place / "photos", "-o", path, "--backbone", backbone, "--cost", "梨=1:9", "--false-rejects", "0.2")
    found = read(path)
    assert found.manifest.decision is not None
    assert found.manifest.decision.method == "cost"
    assert found.manifest.decision.weights == [2, 2, 2, 10]
    assert found.unknown is not None
    assert found.unknown.false_rejects == 0.2
    with fenlei.load(path, workspace=place / "workspace") as cheap, fenlei.load(path) as _:
        assert cheap.manifest.unknown is not None


def test_the_export_tells_strangers_as_the_model_does(model: fenlei.Model, place: Path, tmp_path: Path) -> None:
    import importlib.util
    import zipfile

    made = export(read(place / "m.fenlei"), "m", cache=tmp_path / "cache", engine="onnxruntime")
    with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
        archive.extractall(tmp_path / "away")
    found = importlib.util.spec_from_file_location("away_run", tmp_path / "away" / "run.py")
    assert found is not None
    assert found.loader is not None
    program = importlib.util.module_from_spec(found)
    found.loader.exec_module(program)
    classifier = program.Classifier(tmp_path / "away")
    for path in [*pictures(place, "apple")[:5], *pictures(place, "stranger")[:5]]:
        _, strangeness = classifier.judge(path.read_bytes())
        answer = model.predict(path)
        assert strangeness == pytest.approx(answer.strangeness, rel=0.05, abs=0.05)
    about = json.loads((tmp_path / "away" / "about.json").read_text())
    assert about["unknown"]["rule"] == model.manifest.unknown.rule  # type: ignore[union-attr]


def test_two_pictures_of_a_class_are_too_few_for_a_rule_and_the_report_says_so(
    typed: Any, place: Path, tmp_path: Path
) -> None:
    for name in ("apple", "pear"):
        (tmp_path / "few" / "train" / name).mkdir(parents=True)
        (tmp_path / "few" / "test" / name).mkdir(parents=True)
        files = sorted((place / "photos" / name).iterdir())
        for picture in files[:2]:
            shutil.copy(picture, tmp_path / "few" / "train" / name)
        shutil.copy(files[2], tmp_path / "few" / "test" / name)
    said = typed("train", tmp_path / "few", "-o", tmp_path / "few.fenlei", "--backbone", place / "tiny.onnx")
    assert "There is no rule for pictures of nothing it knows: too few could be held out" in said
    with fenlei.load(tmp_path / "few.fenlei", workspace=place / "workspace") as model:
        assert model.manifest.unknown is None
        assert model.report.no_unknown is not None
        assert model.predict(pictures(place, "apple")[0]).unknown is None
        assert "There is no rule for pictures of nothing it knows" in model.report_html
        with pytest.raises(FenleiError, match="no rule for unknown pictures"):
            model.predict(pictures(place, "apple")[0], unknown_as="pear")
