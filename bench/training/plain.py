"""What others would do with the same pictures: scikit-learn on the same features, and torch by a plain recipe.

Both are written down here and tuned for no set. Logistic regression: features of the default backbone standardised, the
strength by five-fold cross-validation. Torch: the default backbone with a new layer on top, all of it trained for ten
epochs by AdamW at a rate of 0.001 that falls by a cosine, pictures cropped and mirrored by chance.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones import load_backbone
from fenlei.imaging import Policy
from fenlei.training.evaluation import evaluate
from fenlei.training.finetune.pixels import Pixels
from fenlei.training.finetune.source import normaliser, planes
from fenlei.training.look import Picture
from fenlei.training.progress import Watch
from fenlei.training.view import one
from fenlei.training.workshop import Workshop

BACKBONE, SIDE = "efficientnet-lite0", 224
EPOCHS, BATCH, RATE, DECAY = 10, 32, 1e-3, 0.01


class Figures(NamedTuple):
    """On `test/`: shares between 0 and 1, and seconds from the first picture to the last score."""

    accuracy: float
    macro_f1: float
    seconds: float


class Halves(NamedTuple):
    """Pictures and class numbers of both parts."""

    train: Sequence[Picture]
    truth: NDArray[np.int64]
    test: Sequence[Picture]
    test_truth: NDArray[np.int64]
    labels: list[str]


def by_scikit_learn(halves: Halves, cache: Path) -> Figures:
    """Standardised features, logistic regression, strength by cross-validation."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    started = time.perf_counter()
    with Workshop(cache, Watch()) as workshop:
        view = one(BACKBONE, SIDE, Policy.SQUASH)
        features = [workshop.features(view, part).features for part in (halves.train, halves.test)]
    folds = min(5, int(np.bincount(halves.truth).min()))
    head = LogisticRegressionCV(
        Cs=np.logspace(-5, 0, 6), l1_ratios=(0.0,), cv=folds, scoring="neg_log_loss", max_iter=1000,
        use_legacy_attributes=False,
    )  # fmt: skip
    model = make_pipeline(StandardScaler(), head).fit(features[0], halves.truth)
    return _judged(model.predict_proba(features[1]), halves, started)


def by_torch(halves: Halves, cache: Path) -> Figures:
    """All of the network with a new layer on top."""
    import kornia.augmentation as kornia
    import torch

    started = time.perf_counter()
    torch.manual_seed(0)
    chance = np.random.default_rng(0)
    loaded = load_backbone(BACKBONE, size=SIDE, cache=cache)
    network: Any = torch.nn.Sequential(loaded.module, torch.nn.LazyLinear(len(halves.labels)))
    alter = kornia.AugmentationSequential(
        kornia.RandomResizedCrop((SIDE, SIDE), scale=(0.5, 1.0)), kornia.RandomHorizontalFlip(), data_keys=["input"]
    )
    normalise = normaliser(loaded.normalisation, torch.device("cpu"))
    with Workshop(cache, Watch()) as workshop:
        spec = workshop.spec(one(BACKBONE, SIDE, Policy.SQUASH))
    with Pixels(halves.train, spec) as pixels:
        network(normalise(planes(next(iter(pixels.batches([np.arange(2)]))), "cpu")))  # the layer finds its width
        network.to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
        steps = EPOCHS * -(-len(halves.train) // BATCH)
        pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
        network.train()
        for _ in range(EPOCHS):
            order = chance.permutation(len(halves.train))
            parts = [order[place : place + BATCH] for place in range(0, len(order), BATCH)]
            for rows, batch in zip(parts, pixels.batches(parts), strict=True):
                shown = normalise(alter(planes(batch, "cpu") / 255).clamp(0, 1) * 255)
                loss: Any = torch.nn.functional.cross_entropy(network(shown), torch.from_numpy(halves.truth[rows]))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                pace.step()
    network.eval()
    order = np.arange(len(halves.test))
    parts = [order[place : place + BATCH] for place in range(0, len(order), BATCH)]
    with Pixels(halves.test, spec) as pixels, torch.no_grad():
        logits = [network(normalise(planes(batch, "cpu"))) for batch in pixels.batches(parts)]
    return _judged(torch.cat(logits).softmax(1).numpy(), halves, started)


def _judged(scores: NDArray[np.floating], halves: Halves, started: float) -> Figures:
    seen = evaluate(np.asarray(scores, np.float64), halves.test_truth, halves.labels)
    return Figures(seen.accuracy, seen.macro_f1, time.perf_counter() - started)
