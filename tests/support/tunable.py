"""A tiny network with torch weights, and pictures that it must learn to see: for tests of fine-tuning."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIDE = 32


def transformers() -> Any:
    """The library; what it says while it is imported is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library: Any = importlib.import_module("transformers")
    library.utils.logging.set_verbosity_error()
    library.utils.logging.disable_progress_bar()
    return library


def tiny_resnet(folder: Path, seed: int = 3) -> Path:
    """A ResNet of some kilobytes with random weights, as `save_pretrained` writes it."""
    import torch

    library = transformers()
    torch.manual_seed(seed)
    config = library.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic", hidden_act="relu"
    )
    library.ResNetModel(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        '{"do_normalize": true, "do_rescale": true, "rescale_factor": 0.00392156862745098, "do_resize": true,'
        ' "image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25],'
        f' "size": {{"height": {SIDE}, "width": {SIDE}}}}}'
    )
    return folder


def leaning_folders(root: Path, per_class: int, kinds: int = 3) -> Path:
    """Class folders of waves that lean one way or another, of any colour, length and place: no mean of the picture
    tells them apart."""
    across, down = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    for number in range(kinds):
        folder = root / f"lean{number}"
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(per_class):
            rng = np.random.default_rng([number, index])
            angle = np.pi * number / kinds + rng.uniform(-0.2, 0.2)
            along = across * np.cos(angle) + down * np.sin(angle)
            wave = np.sin(2 * np.pi * along / rng.uniform(5, 9) + rng.uniform(0, 2 * np.pi))
            colours = rng.uniform(40, 215, (2, 3))
            picture = colours[0] + (wave[..., None] + 1) / 2 * (colours[1] - colours[0])
            noisy = picture + rng.normal(0, 25, picture.shape)
            Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(folder / f"{index:03d}.png")
    return root
