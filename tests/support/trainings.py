"""Trainings that are under way, without a process: held by a worker of nowhere, with a model that they have found."""

from __future__ import annotations

from typing import Any

import msgspec

from fenlei.modelfile.file import pack
from fenlei.pipelines.reference import Model
from fenlei.projects.best_so_far import BEST
from fenlei.projects.leaderboard import CANDIDATE
from fenlei.runs import transitions
from fenlei.store import Store, now
from tests.support.models import LABELS, tiny_model

LINE: dict[str, Any] = {
    "backbone": "tiny",
    "size": 32,
    "policy": "squash",
    "head": "logistic regression",
    "copies": "none",
    "aim": "accuracy",
    "score": 0.8,
    "score_interval": [0.7, 0.9],
    "accuracy": 0.8,
    "accuracy_interval": [0.7, 0.9],
    "log_loss": 0.5,
    "milliseconds": 0.2,
    "bytes": 4000,
    "seconds": 0.1,
    "chosen": True,
    "left_out": None,
    "key": "0123456789abcdef",
}
"""Of a leaderboard."""


def under_way(store: Store, run_id: str, lines: int = 2) -> str:
    """A queued training is begun, has tried so many candidates, each better than the one before, and found a model.

    Returns:
        SHA-256 of its file.
    """
    data = pack(tiny_model(head_seed=11))
    digest = store.blobs.put(data)
    learned = {
        "sha256": digest,
        "bytes": len(data),
        "labels": list(LABELS),
        "metrics": {"accuracy": 0.8},
        "recipe": {},
        "backbone": {},
        "dataset_digest": "",
        "versions": {},
        "candidates": [LINE],
    }
    with store.writing() as work:
        job = work.jobs.lock(run_id)
        job.state, job.fence, job.claimed_at = "held", job.fence + 1, work.jobs.time()
        work.jobs.renew(job, 600)
        transitions.begin(work, job)
        for number in range(lines):
            name = f"{CANDIDATE}{number}: tiny"
            work.steps.finish(run_id, name, {**LINE, "score": 0.8 + number / 100}, work.jobs.time())
        work.steps.finish(run_id, BEST, learned, work.jobs.time())
    return digest


def node_done(store: Store, run_id: str, node: str) -> None:
    """A node of a queued run of a graph has left a model behind."""
    data = pack(tiny_model(head_seed=12))
    model = Model(digest=store.blobs.put(data), labels=list(LABELS), bytes=len(data))
    with store.writing() as work:
        work.nodes.say(run_id, node, now(), position=0, state="done", outputs=msgspec.to_builtins({"model": model}))
