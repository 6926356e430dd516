"""A data set with very many pictures behind which there are no files: for lists and counts."""

from __future__ import annotations

import random

from fenlei.datasets.create import create_dataset
from fenlei.store import Store, now

CHECKS = {"blank": 0.0005, "exact-duplicates": 0.5}
"""Share of the pictures that a finding is about."""

CLASSES = 10


def crowd(store: Store, count: int, name: str = "crowd") -> str:
    """Make one; returns its id. One picture in eleven has no class, one in ten no part, one in fifty is removed."""
    dataset = create_dataset(store, name)
    rng = random.Random(name)
    at = now()
    with store.writing() as work:
        labels = list(work.pictures.declare_labels(dataset.id, [f"class {n:02}" for n in range(CLASSES)]).values())
        rows = [
            {
                "dataset_id": dataset.id,
                "name": f"class_{rng.randrange(CLASSES):02}/IMG_2024{rng.randrange(1000, 9999)}_{number:06}.JPG",
                "sha256": f"{rng.getrandbits(256):064x}",
                "label_id": rng.choice([*labels, None]),
                "split": rng.choices([None, "train", "validation", "test"], [1, 7, 1, 1])[0],
                "width": 640,
                "height": 480,
                "bytes": 54_321,
                "format": "JPEG",
                "import_id": "im_01hzy3k8m9n0p1q2r3s4t5v6w7",
                "added_at": at,
                "removed_at": at if rng.random() < 0.02 else None,
            }
            for number in range(count)
        ]
        work.pictures.add_many(rows)
    with store.writing() as work:
        pictures = [each.id for each in work.browse.all(dataset.id)]
        for check, share in CHECKS.items():
            findings = [
                {"picture_id": each, "cluster": each // 4, "detail": {}} for each in pictures if rng.random() < share
            ]
            work.findings.replace(dataset.id, check, 1, findings)
    return dataset.id
