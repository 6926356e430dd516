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
        began: when it began to work, in seconds since 1970; 0 where it did not.
        seconds: that it took.
        memory: bytes by which the memory of the process rose at its highest while the node worked, over what it was
            when the node began; nodes that work side by side share a process, so each counts what the others took too.
            None where the system does not tell, and where it did not work.
        why: why it failed or was skipped, in a sentence.
    """

    node: str
    state: NodeState = NodeState.WAITING
    key: str = ""
    outputs: dict[str, AnyReference] = {}
    progress: float = 0.0
    stage: str = ""
    began: float = 0.0
    seconds: float = 0.0
    memory: int | None = None
    why: str = ""
