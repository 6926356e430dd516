"""Runs of graphs on the wire: what is asked for, what became of each node, two of them side by side."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from fenlei.api.wire.base import EXAMPLE, Given, Shown
from fenlei.api.wire.comparison import ComparedValue
from fenlei.api.wire.graphs import ANodeId
from fenlei.api.wire.projects import Seconds
from fenlei.pipelines.node_run import NodeState
from fenlei.pipelines.runner import Extent


class NewGraphRun(Given):
    """A graph to run."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"node": "train", "extent": "to here"}]})

    revision: int | None = Field(None, ge=1, lt=2**31, description="Of the graph; null: the latest.", examples=[3])
    node: ANodeId | None = Field(None, description="Up to which, or which alone; not needed for all of it.")
    extent: Extent = Field(
        Extent.ALL,
        description="All of it; up to the node; or the node alone, with what is there already. What was computed "
        "before is not computed again in any case.",
    )
    priority: int = Field(0, ge=-100, le=100, description="Greater ones go first.")
    time_limit: Seconds | None = Field(None, description="Seconds after which the run is stopped and has failed.")


class NodeOut(Shown):
    """What became of one node in one run."""

    node: str = Field(description="Its id.", examples=["train"])
    state: NodeState
    key: str = Field(
        description="By which its result is found again, in whichever graph; empty until its inputs are there.",
        examples=["60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"],
    )
    outputs: dict[str, Any] = Field(
        description="By port, what it left behind: the kind, a digest and a few facts.",
        examples=[{"images": {"kind": "images", "digest": "9f86d0…", "pictures": 210, "labels": {"ok": 105}}}],
    )
    stage: str = Field(description="What it is busy with.", examples=["computing features"])
    progress: float = Field(ge=0, le=1, examples=[0.4])
    seconds: float = Field(description="That it took.", examples=[2.4])
    memory: int | None = Field(
        description="Bytes by which the memory of its process rose at its highest.", examples=[37_000_000]
    )
    why: str = Field(description="Why it failed or did not run.", examples=[""])
    began_at: datetime | None
    changed_at: datetime


class PreviewOut(Shown):
    """What there is to see of an output; which fields there are depends on `kind`."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"kind": "deployment", "name": "cats", "url": "/predict/cats"}]}
    )

    kind: Literal["pictures", "features", "model", "evaluation", "report", "deployment"] = Field(
        description="`pictures`: counts by class and part, and a few pictures; `features`: pictures as points of a "
        "map; `model`: its card; `evaluation`: confusion matrix, figures by class, reliability; `report`: what it "
        "says; `deployment`: where the model answers."
    )


class ComparedGraphRun(Shown):
    """One of the two runs."""

    id: str = Field(examples=[f"rn_{EXAMPLE}"])
    number: int = Field(examples=[3])
    project_id: str = Field(examples=[f"pr_{EXAMPLE}"])
    revision: int = Field(description="Of the graph that it ran.", examples=[2])
    state: str = Field(examples=["done"])
    seconds: float | None = Field(description="From its beginning to its end.", examples=[12.5])


class ComparedInputs(Shown):
    """Edges that end at a node in one of the two graphs only."""

    a: list[str] = Field(examples=[[]])
    b: list[str] = Field(examples=[["few.images → images"]])


class ComparedNodeRow(Shown):
    """What became of a node in one of them."""

    state: str = Field(examples=["done"])
    seconds: float = Field(examples=[2.4])
    memory: int | None = Field(examples=[37_000_000])
    why: str = Field(examples=[""])


class ComparedNodeFigure(Shown):
    """A figure of a report or a model that both have."""

    name: str = Field(description="Port and figure.", examples=["report.accuracy"])
    a: float = Field(examples=[0.95])
    b: float = Field(examples=[0.97])
    difference: float = Field(description="b - a.", examples=[0.02])


class ComparedNode(Shown):
    """A node in both of them; nodes are paired by their ids."""

    node: str = Field(examples=["train"])
    type: tuple[str | None, str | None] = Field(
        description="In the first and in the second; null where it is absent.", examples=[["train.auto", "train.auto"]]
    )
    change: Literal["same", "changed", "added", "removed"]
    params: list[ComparedValue] = Field(description="Those that differ.")
    inputs: ComparedInputs
    rows: tuple[ComparedNodeRow | None, ComparedNodeRow | None] = Field(examples=[[None, None]])
    same_result: bool | None = Field(
        description="Whether both left the same behind; null where one left nothing.", examples=[True]
    )
    figures: list[ComparedNodeFigure]


class GraphComparison(Shown):
    """Two runs of graphs side by side, node by node."""

    runs: list[ComparedGraphRun]
    same_graph: bool = Field(description="Whether both did the same, wherever their nodes are drawn.")
    nodes: list[ComparedNode]
