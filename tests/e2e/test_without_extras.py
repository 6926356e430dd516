"""An installation without the `train` extra serves and predicts, and says what training needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.cli import LONG, environment

BLOCK = """
import importlib.abc, sys
ABSENT = {"torch", "transformers", "sklearn", "scipy", "onnx", "threadpoolctl", "huggingface_hub"}
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
sys.argv = ["fenlei", *sys.argv[1:]]
from fenlei.cli import main
main()
"""


def bare(*words: str | Path, workspace: Path, program: str = BLOCK, **extra: str) -> subprocess.CompletedProcess[str]:
    """`fenlei` in an interpreter that finds none of the packages of the extra."""
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        env=environment(workspace, **extra),
        cwd=os.sep,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def test_predict_evaluate_and_report_need_no_extra(photos: Path, model: Path, home: Path, tmp_path: Path) -> None:
    assert bare("predict", model, photos / "apple" / "0000.png", workspace=home).returncode == 0
    assert bare("evaluate", model, photos, workspace=home).returncode == 0
    assert bare("report", model, "-o", tmp_path / "page.html", workspace=home).returncode == 0
    assert bare("backbones", "list", workspace=home).returncode == 0


def test_training_says_what_is_missing(photos: Path, home: Path, tmp_path: Path) -> None:
    said = bare("train", photos, "-o", tmp_path / "m.fenlei", workspace=home)
    assert said.returncode == 1
    assert "pip install 'fenlei[train]'" in said.stderr
    assert "bug" not in said.stderr
    assert "Traceback" not in said.stderr


def test_a_gradient_map_says_what_is_missing_and_what_works_without(
    photos: Path, model: Path, home: Path, tmp_path: Path
) -> None:
    words = ("explain", model, photos / "apple" / "0000.png", "-o", tmp_path / "map.png")
    said = bare(*words, "--method", "gradient", workspace=home)
    assert said.returncode == 1
    assert "torch is needed to draw a gradient map" in said.stderr
    assert "`occlusion`" in said.stderr
    assert not (tmp_path / "map.png").exists()
    assert bare(*words, workspace=home).returncode == 0


def test_with_onnx_runtime_alone_one_can_train_and_predict(photos: Path, backbone: Path, tmp_path: Path) -> None:
    """On a machine that OpenVINO does not support, `FENLEI_ENGINE` chooses the other engine for everything."""
    program = re.sub(r"ABSENT = .*", 'ABSENT = {"openvino"}', BLOCK)
    path = tmp_path / "m.fenlei"
    trained = bare(
        *("train", photos, "-o", path, "--backbone", backbone),
        workspace=tmp_path,
        program=program,
        FENLEI_ENGINE="onnxruntime",
    )
    assert trained.returncode == 0, trained.stderr
    picture = photos / "apple" / "0000.png"
    said = bare("predict", path, picture, workspace=tmp_path, program=program, FENLEI_ENGINE="onnxruntime")
    assert said.returncode == 0, said.stderr
    assert "apple" in said.stdout
