"""The first model of a search is made beside other work, and is the same to the last bit as without that."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from fenlei.modelfile.head_file import to_safetensors
from fenlei.training.finish import Trained
from fenlei.training.report import CandidateResult
from fenlei.training.train import train
from tests.support.drawing import scene
from tests.support.networks import tiny_network

SIDE, A_CLASS = 96, 14


def cropped(picture: Image.Image) -> Image.Image:
    return picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=(8, 2, SIDE - 4, SIDE - 7))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "tiny.onnx"
    path.write_bytes(tiny_network(size=32, width=48))
    return path


def scenes(folder: Path, *, copies: int) -> Path:
    """Two classes of photographs, of some of which cropped copies lie beside them."""
    for label, name in enumerate(("day", "night")):
        (folder / name).mkdir(parents=True)
        for number in range(A_CLASS):
            tint = np.eye(3)[label] * 40
            drawn = scene(SIDE, 100 * label + number) + tint
            picture = Image.fromarray(np.clip(drawn, 0, 255).astype(np.uint8))
            picture.save(folder / name / f"{number:02d}.png")
            if number < copies:
                cropped(picture).save(folder / name / f"{number:02d} copy.png")
    return folder


class Known(NamedTuple):
    """What came out of a search that was ended after its first candidate."""

    first: CandidateResult
    made: Trained


def searched(folder: Path, cache: Path, network: Path, *, tell: bool) -> Known:
    heard: list[CandidateResult] = []
    made = train(
        folder,
        cache=cache,
        backbone=str(network),
        size=32,
        policy="squash",
        budget=600,
        fine_tune=False,
        heard=heard.append,
        better=(lambda found: None) if tell else None,
        enough=lambda: bool(heard),
    )
    return Known(heard[0], made)


def sure(result: CandidateResult) -> tuple[object, ...]:
    return result.score, result.score_interval, result.log_loss


@pytest.mark.parametrize("copies", [0, 5])
def test_the_first_candidate_is_judged_the_same_while_copies_are_looked_for_as_after(
    tmp_path: Path, network: Path, copies: int
) -> None:
    folder = scenes(tmp_path / "scenes", copies=copies)
    after = searched(folder, tmp_path / "one", network, tell=False)
    beside = searched(folder, tmp_path / "other", network, tell=True)
    assert sure(beside.first) == sure(after.first)
    assert beside.made.report.evaluation == after.made.report.evaluation
    assert beside.made.report.duplicates == after.made.report.duplicates
    assert copies <= after.made.report.duplicates.groups <= 2 * copies
    ours, theirs = beside.made.model, after.made.model
    assert to_safetensors(ours.head) == to_safetensors(theirs.head)
    assert [each.data for each in ours.parity] == [each.data for each in theirs.parity]
    np.testing.assert_array_equal([each.scores for each in ours.parity], [each.scores for each in theirs.parity])


def test_pictures_that_cannot_be_used_after_all_do_not_travel(tmp_path: Path, network: Path) -> None:
    folder = scenes(tmp_path / "scenes", copies=0)
    usable = searched(folder, tmp_path / "one", network, tell=True).made
    first = folder / "day" / "000 broken.png"  # among those that travel, if it were whole
    whole = (folder / "day" / "00.png").read_bytes()
    first.write_bytes(whole[: len(whole) // 2])
    trained = searched(folder, tmp_path / "other", network, tell=True).made
    assert [each.name for each in trained.report.skipped] == ["day/000 broken.png"]
    assert [each.data for each in trained.model.parity] == [each.data for each in usable.model.parity]
