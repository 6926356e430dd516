"""What became of one node in one run."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fenlei.pipelines.reference import AnyReference


class NodeState(StrEnum):
    """Where a node is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


OVER = frozenset(NodeState) - {NodeState.WAITING, NodeState.RUNNING}
WELL = frozenset({NodeState.DONE, NodeState.CACHED})


class NodeRun(msgspec.Struct, frozen=True, kw_only=True):
    """One node in one run.

    Attributes:
        node: its id.
        state: where it is.
        key: by which its result is kept; "" until its inputs are there.
        outputs: by the names of its ports, where it is done or cached.
        progress: of it while it runs, 0 to 1.
        stage: what it is busy with.
        seconds: that it took.
        why: why it failed or was skipped, in a sentence.
    """

    node: str
    state: NodeState = NodeState.WAITING
    key: str = ""
    outputs: dict[str, AnyReference] = {}
    progress: float = 0.0
    stage: str = ""
    seconds: float = 0.0
    why: str = ""
