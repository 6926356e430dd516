"""How far scores are off before and after calibration, as a report tells it, against what the model says of the test
part picture by picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import fenlei
from tests.support.drawing import tinted_scenes
from tests.support.networks import tiny_network

CLASSES = ("a", "b", "c")


def expected_calibration_error(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Of the best score, in 15 bins of equal width (Guo et al. 2017), by its definition."""
    best, right = scores.max(1), scores.argmax(1) == truth
    off = 0.0
    for number in range(15):
        inside = (best > number / 15) & (best <= (number + 1) / 15)
        if inside.any():
            off += abs(best[inside].mean() - right[inside].mean()) * inside.sum()
    return float(off / len(best))


def test_the_calibration_error_before_and_after_is_told_and_is_that_of_the_scores_of_the_test_part(
    tmp_path: Path,
) -> None:
    tinted_scenes(tmp_path / "photos" / "train", dict.fromkeys(CLASSES, 40), size=32)
    tinted_scenes(tmp_path / "photos" / "test", dict.fromkeys(CLASSES, 60), size=32, seed=1)
    (tmp_path / "tiny.onnx").write_bytes(tiny_network(width=48))
    with fenlei.train(
        tmp_path / "photos", backbone=str(tmp_path / "tiny.onnx"), workspace=tmp_path / "workspace"
    ) as model:
        files = [path for name in CLASSES for path in sorted((tmp_path / "photos" / "test" / name).iterdir())]
        truth = np.array([CLASSES.index(path.parent.name) for path in files])
        answers = model.predict(list(files))
        told, page = json.loads(model.report_json), model.report_html
        temperature = model.manifest.calibration.temperature
    assert told["calibration"]["method"] == "temperature"

    after = np.array([[answer.scores[name] for name in CLASSES] for answer in answers])
    before = after**temperature  # the scores at a temperature of one, but for their sum
    before /= before.sum(1, keepdims=True)
    errors = [expected_calibration_error(scores, truth) for scores in (before, after)]
    figures = told["calibration"]["error_before"], told["calibration"]["error_after"]
    assert figures == pytest.approx(errors, abs=1e-3)
    assert told["evaluation"]["expected_calibration_error"] == figures[1]
    bins = told["calibration"]["reliability_before"]
    assert sum(abs(each["confidence"] - each["accuracy"]) * each["count"] for each in bins) / len(
        files
    ) == pytest.approx(errors[0], abs=1e-3)
    losses = [-np.log(scores[np.arange(len(truth)), truth]).mean() for scores in (before, after)]
    assert [told["calibration"][f"log_loss_{when}"] for when in ("before", "after")] == pytest.approx(losses, abs=1e-3)

    # No two figures that could stand for each other are alike.
    others = [told["calibration"][f"held_out_error_{when}"] for when in ("before", "after")]
    assert min(abs(one - other) for one in figures for other in (*others, *figures) if one is not other) > 0.002

    off, left = (f"{100 * each:.1f}" for each in figures)
    assert f"Without calibration the claims were off by {off} points on these pictures, with it by {left}: " in page
    assert f"不做校准时，在这些图片上平均相差 {off} 个百分点，校准后为 {left}：" in page
