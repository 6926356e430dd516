"""Real backbones are exported once per run of the tests; the tiny ones are made where they are used."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.backbones import Backbone, open_backbone
from fenlei.inference import open_engine

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def real_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that all tests with real weights share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def lite0(real_cache: Path) -> Backbone:
    return open_backbone("efficientnet-lite0", cache=real_cache)


@pytest.fixture
def features() -> Callable[[Backbone, NDArray[np.uint8]], NDArray[np.float32]]:
    """Run pictures through a backbone."""

    def run(backbone: Backbone, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        engine = open_engine(backbone.network, size=(backbone.size, backbone.size), streams=2)
        try:
            return engine.infer(pictures)
        finally:
            engine.close()

    return run


@pytest.fixture(scope="session")
def transformers() -> Any:
    """The library; what it says while it is imported is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library: Any = importlib.import_module("transformers")
    library.utils.logging.set_verbosity_error()
    library.utils.logging.disable_progress_bar()
    return library


@pytest.fixture(scope="session")
def tiny_vit(transformers: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `save_pretrained` writes it: a ViT of a few kilobytes with random weights, and its preprocessing."""
    import torch

    torch.manual_seed(5)
    folder = tmp_path_factory.mktemp("published") / "tiny-vit"
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8
    )
    transformers.ViTModel(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        '{"do_normalize": true, "do_rescale": true, "rescale_factor": 0.00392156862745098, "do_resize": true,'
        ' "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4], "size": {"height": 32, "width": 32}}'
    )
    return folder


def interpreter(code: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter from the root of the checkout."""
    command = [sys.executable, "-W", "error", "-c", code, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, check=False)
