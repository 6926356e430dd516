"""What is wrong with a graph, on the wire."""

from __future__ import annotations

from pydantic import Field

from fenlei.api.wire.base import Shown
from fenlei.pipelines.problem import Fault


class ProblemOut(Shown):
    """One thing that is wrong with a graph, and what mends it."""

    fault: Fault = Field(description="What kind of fault it is; programs decide by this.")
    node: str = Field(description="Id of the node; empty where it is the graph's.", examples=["judge"])
    port: str = Field(description="Name of the port; empty where it is none's.", examples=["model"])
    parameter: str = Field(description="Name of the parameter; empty where it is none's.", examples=[""])
    en: str = Field(description="What is wrong.", examples=["Evaluate needs a model, and none is joined to it."])
    zh: str = Field(description="The same in Chinese.", examples=["“评估”需要一个模型，但没有连线。"])
    remedy_en: str = Field(description="What mends it.", examples=["Join an output of the kind Model to it."])
    remedy_zh: str = Field(description="The same in Chinese.", examples=["请把“模型”类型的输出连到它。"])
    stops: bool = Field(description="Whether the graph cannot run as long as this is so.")
