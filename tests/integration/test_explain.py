"""Where a model looks: on networks of which one knows what they see."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import fenlei
from fenlei.imaging import InputSpec, Policy
from fenlei.model.source import PictureUnreadable
from fenlei.modelfile import BackboneRef, Head, Manifest, ModelFile, write
from fenlei.serving.explain import LONGEST, NoSuchClass
from tests.support.drawing import opened, png
from tests.support.models import CORNERS, SIZE, write_corners
from tests.support.networks import corner_network


def one_bright_corner(width: int = 120, height: int = 80) -> NDArray[np.uint8]:
    """Dark, and bright at the top left."""
    picture = np.full((height, width, 3), 30, np.uint8)
    picture[: height // 2, : width // 2] = 240
    return picture


@pytest.fixture(scope="module")
def corners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that names the brightest corner."""
    return write_corners(tmp_path_factory.mktemp("corners") / "corners.fenlei")


def quarters(heat: NDArray[np.float32]) -> dict[str, float]:
    rows, columns = heat.shape[0] // 2, heat.shape[1] // 2
    return {
        "top_left": float(heat[:rows, :columns].mean()),
        "top_right": float(heat[:rows, columns:].mean()),
        "bottom_left": float(heat[rows:, :columns].mean()),
        "bottom_right": float(heat[rows:, columns:].mean()),
    }


def test_what_decides_is_warm_and_the_map_lies_on_the_picture(corners: Path, workspace: Path) -> None:
    with fenlei.load(corners, workspace=workspace) as model:
        heat = model.explain(one_bright_corner())
        again = model.explain(one_bright_corner())
        other = model.explain(one_bright_corner(), label="bottom_right")
    assert heat.shape == (80, 120)
    assert heat.dtype == np.float32
    found = quarters(heat)
    assert found["top_left"] == max(found.values())
    assert found["top_left"] > 0.05
    np.testing.assert_array_equal(heat, again)
    # The bright corner speaks against the dark one.
    against = quarters(other)
    assert against["top_left"] == min(against.values())
    assert against["top_left"] < -0.05


def test_a_map_over_its_picture_is_warm_where_the_answer_comes_from(corners: Path, workspace: Path) -> None:
    with fenlei.load(corners, workspace=workspace) as model:
        found = model.explanation(one_bright_corner())
    assert (found.label, found.answer) == ("top_left", "top_left")
    assert sum(found.scores.values()) == pytest.approx(1)
    drawn = np.asarray(opened(found.png), np.int64)
    assert drawn.shape == (80, 120, 3)
    redness = drawn[..., 0] - drawn[..., 2]
    warmest, elsewhere = redness[10:30, 15:45].mean(), redness[50:70, 75:105].mean()
    assert warmest > elsewhere + 30, (warmest, elsewhere)
    cells = np.array(found.cells())
    assert cells.shape == (16, 16)
    assert cells[:8, :8].mean() == pytest.approx(found.heat[:40, :60].mean(), abs=0.02)


@pytest.mark.parametrize("policy", [Policy.CROP, Policy.LETTERBOX])
def test_what_the_network_does_not_see_is_left_blank(policy: Policy, workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.fenlei"
    network = corner_network(SIZE)
    weight = np.zeros((12, 2), np.float32)
    weight[[0, 4, 8], 0] = 4.0  # how bright the first quarter of the input is
    backbone = BackboneRef(
        id="corners", digest=hashlib.sha256(network).hexdigest(), licence="Apache-2.0", size=SIZE, width=12
    )
    spec = InputSpec(height=SIZE, width=SIZE, policy=policy)
    manifest = Manifest(labels=["bright", "dark"], input=spec, backbone=backbone)
    write(path, ModelFile(manifest, Head.linear(weight, np.array([-3, 0], np.float32)), network))
    wide = np.full((60, 180, 3), 30, np.uint8)
    wide[:30, 60:90] = 240  # first quarter of the middle
    with fenlei.load(path, workspace=workspace) as model:
        heat = model.explain(wide, label="bright")
    assert heat.shape == (60, 180)
    if policy is Policy.CROP:
        assert not heat[:, :60].any()
        assert not heat[:, 120:].any()
        assert heat[:30, 60:90].mean() > heat[30:, 90:120].mean() + 0.02
    else:
        assert heat[:30, 60:90].mean() > max(heat[:30, :30].mean(), heat[:30, 150:].mean()) + 0.05


def test_a_large_picture_has_a_smaller_map_of_the_same_shape(corners: Path, workspace: Path) -> None:
    with fenlei.load(corners, workspace=workspace) as model:
        assert model.explain(one_bright_corner(3000, 1500)).shape == (LONGEST // 2, LONGEST)


def test_pictures_are_taken_as_files_bytes_and_arrays(corners: Path, workspace: Path, tmp_path: Path) -> None:
    Image.fromarray(one_bright_corner()).save(tmp_path / "corner.png")
    with fenlei.load(corners, workspace=workspace) as model:
        expected = model.explain(one_bright_corner())
        for source in (tmp_path / "corner.png", str(tmp_path / "corner.png"), (tmp_path / "corner.png").read_bytes()):
            np.testing.assert_allclose(model.explain(source), expected, atol=1e-5)


def test_what_cannot_be_explained_is_refused_in_words(corners: Path, workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.png").write_bytes(png(64, 64)[:200])
    with fenlei.load(corners, workspace=workspace) as model:
        with pytest.raises(NoSuchClass, match=f"no class 'middle'; it knows {', '.join(CORNERS)}"):
            model.explain(one_bright_corner(), label="middle")
        with pytest.raises(PictureUnreadable, match=r"cut\.png: "):
            model.explain(tmp_path / "cut.png")
        with pytest.raises(PictureUnreadable, match=r"absent\.png: there is no such file"):
            model.explain(tmp_path / "absent.png")
