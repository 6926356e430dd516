"""The command line, as a person uses it: what works, what is said, what is refused."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fenlei.cli.doctor import State, examine
from fenlei.inference.gpu import choose_engine
from tests.support.cli import environment
from tests.support.cli import invoked as fenlei
from tests.support.drawing import class_folders, png


def test_train_says_how_good_the_model_is_and_how_to_serve_it(
    photos: Path, backbone: Path, home: Path, tmp_path: Path
) -> None:
    said = fenlei("train", photos, "--backbone", backbone, workspace=home, cwd=tmp_path)
    assert said.code == 0, said.err
    assert "95 % interval" in said.out
    assert "梨" in said.out
    assert (tmp_path / "photos.fenlei").is_file()
    assert "fenlei serve photos.fenlei" in said.err
    assert "sha256" in said.err


def test_train_lists_every_skipped_file_with_its_reason(
    photos: Path, backbone: Path, home: Path, tmp_path: Path
) -> None:
    said = fenlei("train", photos, "-o", tmp_path / "m.fenlei", "--backbone", backbone, workspace=home)
    lines = [line.strip() for line in said.out.splitlines()]
    assert any(line.startswith("apple/notes.txt: ") and len(line) > 25 for line in lines)
    assert any(line.startswith("梨/broken.jpg: ") and len(line) > 25 for line in lines)


def test_the_same_seed_and_pictures_give_the_same_file(
    photos: Path, model: Path, backbone: Path, home: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.fenlei"
    assert fenlei("train", photos, "-o", again, "--backbone", backbone, workspace=home).code == 0
    assert again.read_bytes() == model.read_bytes()
    fresh = tmp_path / "fresh.fenlei"
    assert fenlei("train", photos, "-o", fresh, "--backbone", backbone, workspace=tmp_path / "empty").code == 0
    assert fresh.read_bytes() == model.read_bytes()


def test_train_prints_its_report_as_json(photos: Path, backbone: Path, home: Path, tmp_path: Path) -> None:
    said = fenlei("train", photos, "-o", tmp_path / "m.fenlei", "--backbone", backbone, "--json", workspace=home)
    report = json.loads(said.out)
    assert report["labels"] == ["apple", "plum tree", "梨"]
    assert report["evaluation"]["accuracy"] > 0.8
    assert {file["name"] for file in report["skipped"]} == {"apple/notes.txt", "梨/broken.jpg"}


@pytest.mark.parametrize(
    ("classes", "words"),
    [({}, "class"), ({"only": 5}, "at least two"), ({"a": 5, "b": 1}, "b")],
    ids=["nothing", "one class", "one picture in a class"],
)
def test_too_little_to_learn_from_is_refused_with_what_is_needed(
    classes: dict[str, int], words: str, backbone: Path, home: Path, tmp_path: Path
) -> None:
    root = tmp_path / "few"
    root.mkdir()
    class_folders(root, classes)
    target = tmp_path / "m.fenlei"
    said = fenlei("train", root, "-o", target, "--backbone", backbone, workspace=home)
    assert said.code == 1
    assert said.err.strip().splitlines()[-1].startswith("error: ")
    assert words in said.err
    assert "Traceback" not in said.err
    assert not target.exists()


def test_ctrl_c_leaves_no_half_file(backbone: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.fenlei"
    photos = class_folders(tmp_path / "many", {"apple": 700, "plum": 700}, size=24)  # it shall not be done before
    child = subprocess.Popen(
        [sys.executable, "-m", "fenlei", "train", str(photos), "-o", str(target), "--backbone", str(backbone)],
        env=environment(tmp_path / "new"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    assert child.stderr.readline()  # the first stage has begun
    os.kill(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Stopped. Nothing was half-written." in err
    assert "Traceback" not in err
    assert list(tmp_path.glob("*.fenlei")) == []
    assert list(tmp_path.glob(".*part")) == []


def test_a_place_that_cannot_be_written_is_refused_before_the_work(photos: Path, home: Path, tmp_path: Path) -> None:
    said = fenlei("train", photos, "-o", tmp_path / "absent" / "m.fenlei", workspace=home)
    assert said.code == 1
    assert "no such folder" in said.err
    assert "reading pictures" not in said.err


def test_a_device_is_no_place_for_a_model(photos: Path, home: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    said = fenlei("train", photos, "-o", pipe, workspace=home)
    assert said.code == 1
    assert "is no regular file" in said.err
    assert pipe.is_fifo()


@pytest.mark.parametrize("budget", ["soon", "0", "-5s", "3w"])
def test_a_budget_that_is_no_time_is_refused(photos: Path, home: Path, budget: str) -> None:
    said = fenlei("train", photos, f"--budget={budget}", workspace=home)
    assert said.code == 2
    assert "30s" in said.err


def test_predict_gives_a_table_json_and_csv_that_agree(photos: Path, model: Path, home: Path) -> None:
    picture = photos / "apple" / "0000.png"
    table = fenlei("predict", model, picture, workspace=home)
    assert table.code == 0
    assert "apple" in table.out
    found = json.loads(fenlei("predict", model, picture, "--json", workspace=home).out)
    assert found[0]["label"] == "apple"
    assert sum(found[0]["scores"].values()) == pytest.approx(1)
    rows = list(csv.DictReader(io.StringIO(fenlei("predict", model, picture, "--csv", workspace=home).out)))
    assert rows[0]["label"] == "apple"
    assert float(rows[0]["apple"]) == pytest.approx(found[0]["scores"]["apple"])


def test_predict_takes_folders_and_patterns(photos: Path, model: Path, home: Path) -> None:
    folder = json.loads(fenlei("predict", model, photos / "plum tree", "--json", workspace=home).out)
    pattern = json.loads(fenlei("predict", model, str(photos / "plum*" / "*.png"), "--json", workspace=home).out)
    assert len(folder) == len(pattern) == 24
    assert folder == pattern


def test_one_bad_picture_does_not_hide_the_others(photos: Path, model: Path, home: Path) -> None:
    said = fenlei("predict", model, photos / "梨", "--json", workspace=home)
    rows = json.loads(said.out)
    assert said.code == 1
    assert len(rows) == 25
    assert [Path(row["picture"]).name for row in rows if "error" in row] == ["broken.jpg"]


@pytest.mark.skipif(sys.platform != "linux", reason="only there a name may be any bytes")
@pytest.mark.parametrize("form", ["--json", "--csv", "--top=1"])
def test_a_name_that_is_no_utf_8_is_shown(photos: Path, model: Path, home: Path, tmp_path: Path, form: str) -> None:
    good = sorted((photos / "apple").glob("*.png"))[0]
    (tmp_path / os.fsdecode("狗.png".encode("gbk"))).write_bytes(good.read_bytes())
    said = fenlei("predict", model, tmp_path, form, workspace=home, PYTHONIOENCODING="utf-8:strict")
    assert said.code == 0, said.err
    assert "udcb9" in said.out


def test_pictures_that_are_not_there_are_named(model: Path, home: Path) -> None:
    said = fenlei("predict", model, "nowhere/*.jpg", workspace=home)
    assert said.code == 1
    assert "nowhere/*.jpg" in said.err


def test_a_sentence_about_a_name_moves_no_cursor(model: Path, home: Path) -> None:
    said = fenlei("predict", model, "no\x1b[2Jpe.jpg", workspace=home)
    assert "\x1b[2J" not in said.err
    assert r"no\x1b[2Jpe.jpg: there is no such file" in said.err


@pytest.mark.skipif(os.name != "posix", reason="a shell closes the outputs")
def test_predict_works_where_nobody_listens(photos: Path, model: Path, home: Path) -> None:
    picture = next((photos / "apple").glob("*.png"))
    closed = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", sys.executable, "-m", "fenlei"]
    done = subprocess.run([*closed, "predict", model, picture], env=environment(home), timeout=60, check=False)
    assert done.returncode == 0


def test_evaluate_tells_the_figures(photos: Path, model: Path, home: Path) -> None:
    text = fenlei("evaluate", model, photos, workspace=home)
    assert text.code == 0, text.err
    assert "95 % interval" in text.out
    figures = json.loads(fenlei("evaluate", model, photos, "--json", workspace=home).out)
    assert figures["pictures"] == 72
    assert figures["accuracy"] > 0.8
    assert figures["accuracy_interval"][0] <= figures["accuracy"] <= figures["accuracy_interval"][1]
    assert {"macro_f1", "per_class", "confusion", "log_loss", "expected_calibration_error"} <= set(figures)
    assert {file["name"] for file in figures["skipped"]} == {"apple/notes.txt", "梨/broken.jpg"}


def test_report_writes_one_page(model: Path, home: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert fenlei("report", model, "-o", page, workspace=home).code == 0
    text = page.read_text(encoding="utf-8")
    assert "梨" in text
    assert "<html" in text


def test_suspects_are_named_after_training_and_when_asked_for(
    photos: Path, backbone: Path, home: Path, tmp_path: Path
) -> None:
    shutil.copytree(photos, tmp_path / "photos")
    picture = sorted((tmp_path / "photos" / "apple").glob("*.png"))[0]
    shutil.copy(picture, tmp_path / "photos" / "梨" / "an apple.png")
    model = tmp_path / "m.fenlei"
    said = fenlei("train", tmp_path / "photos", "-o", model, "--backbone", backbone, workspace=home)
    assert "should be looked at again" in said.out
    assert "Next: Look at the" in said.out
    assert "梨/an apple.png: labelled 梨" in said.out
    listed = fenlei("report", model, "--suspects", workspace=home).out
    (line,) = [line for line in listed.splitlines() if line.startswith("梨/an apple.png")]
    assert f"the same as apple/{picture.name}, labelled apple" in line
    rows = json.loads(fenlei("report", model, "--suspects", "--json", workspace=home).out)
    assert {"梨/an apple.png", f"apple/{picture.name}"} <= {row["name"] for row in rows}
    assert "twin" in rows[0]["reasons"]
    refused = fenlei("report", model, "--suspects", "-o", tmp_path / "page.html", workspace=home)
    assert refused.code == 1
    assert "--suspects prints and writes no page" in refused.err


def test_a_report_does_not_take_the_place_of_its_model(model: Path, home: Path) -> None:
    before = model.read_bytes()
    said = fenlei("report", model, "-o", model, workspace=home)
    assert said.code == 1
    assert "is the model itself" in said.err
    assert model.read_bytes() == before


def test_a_model_file_that_is_something_else_is_refused(photos: Path, home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "m.fenlei"
    picture.write_bytes(png(40, 40))
    for words in (("predict", picture, picture), ("evaluate", picture, photos), ("report", picture)):
        said = fenlei(*words, workspace=home)
        assert said.code == 1
        assert "no model file" in said.err


def test_doctor_finds_this_machine_well(home: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    said = fenlei("doctor", "--port", str(free), "--json", workspace=home)
    findings = {finding["what"]: finding for finding in json.loads(said.out)}
    assert said.code == 0, said.out
    assert {"version", "cores", "engine openvino", "engine onnxruntime", "engine in use", "workspace", "port"} <= set(
        findings
    )
    assert all(finding["state"] == "good" for finding in findings.values() if finding["what"] != "disk")


@pytest.mark.parametrize(
    ("engine", "state", "said"),
    [
        ("onnxruntime", State.GOOD, "onnxruntime, because FENLEI_ENGINE says so"),
        ("gpu", State.BAD, "'gpu', which is none"),
        ("auto", State.NOTE if choose_engine().remedy else State.GOOD, choose_engine().why),
    ],
)
def test_doctor_names_the_engine_in_use_and_why(tmp_path: Path, engine: str, state: State, said: str) -> None:
    (found,) = [each for each in examine(tmp_path, "127.0.0.1", 0, engine) if each.what == "engine in use"]
    assert found.state is state
    assert said in found.found
    assert "onnxruntime-cuda" in found.remedy or state is not State.BAD


def test_doctor_says_what_to_do_about_a_taken_port_and_a_bad_workspace(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = fenlei("doctor", "--port", str(taken.getsockname()[1]), workspace=file / "workspace")
    assert said.code == 1
    assert "--port" in said.out
    assert "--workspace" in said.out


def test_backbones_are_listed_with_licence_and_state(home: Path) -> None:
    rows = {row["id"]: row for row in json.loads(fenlei("backbones", "list", "--json", workspace=home).out)}
    assert rows["efficientnet-lite0"]["licence"] == "Apache-2.0"
    assert 224 in rows["efficientnet-lite0"]["sizes"]
    assert fenlei("backbones", "list", workspace=home).code == 0


def test_a_backbone_nobody_knows_is_refused(home: Path) -> None:
    said = fenlei("backbones", "fetch", "no-such-net", workspace=home)
    assert said.code == 1
    assert "efficientnet-lite0" in said.err


def test_help_and_version_are_there() -> None:
    for words in (["--help"], ["train", "--help"], ["--version"]):
        assert fenlei(*words, workspace=Path("unused")).code == 0
