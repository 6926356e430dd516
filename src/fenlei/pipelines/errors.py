"""What can go wrong with graphs and node types.

FenleiError
└── PipelineError      the branch of this room
    ├── BadGraph       a file or a body is no graph
    ├── BadNodeType    a node type is not declared as one; whoever wrote it is told
    └── NotRunnable    a graph has faults that must be mended before it runs
"""

from __future__ import annotations

from collections.abc import Sequence

from fenlei.contract.errors import FenleiError
from fenlei.pipelines.problem import Problem


class PipelineError(FenleiError):
    """A graph or a node cannot be worked with."""


class BadGraph(PipelineError):
    """This is no graph that Fenlei reads."""


class BadNodeType(PipelineError):
    """A node type is not declared as one must be."""


class NotRunnable(PipelineError):
    """A graph has faults.

    Attributes:
        problems: all of them.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        others = len(problems) - 1
        more = "" if not others else " There is one more fault." if others == 1 else f" There are {others} more faults."
        super().__init__(f"{problems[0].en} {problems[0].remedy_en}{more}")
        self.problems = list(problems)
