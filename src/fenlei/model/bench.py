"""Graphs as plain code: each node is a call, carried out at once, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, get_type_hints

import msgspec
from rich.console import Console

from fenlei.model.calls import Calls, bound, followers, named, type_named
from fenlei.model.graphs import Workbench
from fenlei.model.node_lines import NodeLines
from fenlei.model.signed import Signed
from fenlei.pipelines.check import check_graph
from fenlei.pipelines.data_look import look_at_folders
from fenlei.pipelines.errors import NotRunnable, PipelineError
from fenlei.pipelines.given import PORT, given
from fenlei.pipelines.graph import Edge, End, Graph, Node
from fenlei.pipelines.node import NodeType
from fenlei.pipelines.node_run import WELL, NodeState
from fenlei.pipelines.reference import Model, Reference, Report
from fenlei.pipelines.registry import NodeTypes
from fenlei.settings import Settings

__all__ = ["Bench"]


class Bench:
    """Carries nodes out, one call after the other; results are kept in the workspace, where graphs find them too.

        with fenlei.Bench() as bench:
            pictures = bench.data.folder(path="photos")
            split = bench.data.split(pictures, test=0.2)
            made = bench.train.linear(split)
            bench.judge.evaluate(made.model, split)
            bench.save(made.model, "photos.fenlei")

    Any node type can be called by its name, those of other packages too. Its inputs are given by position or by name,
    its parameters by name. A call returns a reference to what came of it, which the next ones take; of a node with
    several outputs a NamedTuple of references. A call whose result is known returns it at once.

    A node that cannot be carried out raises `FenleiError`, with the sentence that a graph would be told. In a `with`
    block nobody clears up (`fenlei gc`) what its references name.

    Args:
        workspace: where results are kept; the default is FENLEI_WORKSPACE or `~/.fenlei`.
        server: the platform of which nodes ask something; the default is FENLEI_SERVER or that of the last login.
        token: for that platform; the default is FENLEI_TOKEN or that of the login.
        tell: told a line whenever a node has ended or says something; None: they go to stderr, and on a terminal what
            is at work is shown below them. The URL of something published is told in such a line, with its key.
    """

    def __init__(
        self,
        workspace: str | Path | None = None,
        *,
        server: str | None = None,
        token: str | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._settings = Settings.at(workspace)
        self._workbench = Workbench(self._settings)
        self._reach = Signed(self._workbench.blobs, server, token)
        self._screen = Console(stderr=True, highlight=False, soft_wrap=True) if tell is None else None
        self._tell = tell
        self._calls = 0
        self._held = ExitStack()

    def __enter__(self) -> Bench:
        self._held.enter_context(self._workbench.held())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def __getattr__(self, name: str) -> Calls:
        if name.startswith("_"):
            raise AttributeError(name)
        return named(self._workbench.types, name, self._called)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *followers(self._workbench.types, "")})

    def node(self, name: str) -> Calls:
        """A node type by its name, such as `"train.linear"`: for names that are no words of Python.

        Raises:
            FenleiError: there is none of this name.
        """
        return Calls(self._workbench.types, type_named(self._workbench.types, name).name, self._called)

    def save(self, what: Model | Report, path: str | Path) -> str:
        """Write a model file, a report as JSON, or an export's zip.

        Args:
            what: a node gave.
            path: of the file; folders are made.

        Returns:
            SHA-256, hex, of the file.

        Raises:
            FenleiError: it is none of these, or the file cannot be written.
        """
        if not isinstance(what, Model | Report):
            raise PipelineError(f"A model or a report can be saved, and {_shown(what)} is neither.")
        target = Path(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise PipelineError(f"{target.parent} cannot be made: {exc.strerror or exc}.") from exc
        self._workbench.blobs.save_to(what.digest, target)
        return what.digest

    def read(self, report: Report) -> dict[str, Any]:
        """What a report says.

        Raises:
            FenleiError: it is no report, or an export, which is a zip.
        """
        if not isinstance(report, Report):
            raise PipelineError(f"A report can be read, and {_shown(report)} is none.")
        if report.about == "export":
            raise PipelineError("An export is a zip; it can be saved, not read.")
        said: dict[str, Any] = msgspec.json.decode(self._workbench.blobs.get(report.digest))
        return said

    def _called(self, found: NodeType, inputs: tuple[Any, ...], said: dict[str, Any]) -> Any:
        """Carry one node out on what is there."""
        taken, params = bound(found, inputs, said)
        self._calls += 1
        # A call is a node of its own: what acts outside acts each time.
        own = Node(id=f"call-{self._calls}", type=found.name, version=found.version, params=params)
        there = [given(each, number) for number, each in enumerate(taken.values())]
        before = [Node(id=f"given-{number}", type=each.name) for number, each in enumerate(there)]
        graph = Graph(
            nodes=(*before, own),
            edges=tuple(
                Edge(source=End(node.id, PORT), target=End(own.id, port))
                for node, port in zip(before, taken, strict=True)
            ),
        )
        types = NodeTypes([*self._workbench.types.values(), *there], self._workbench.types.broken)
        faults = [each for each in check_graph(graph, types, look_at_folders) if each.stops]
        if faults:
            raise NotRunnable(faults)
        return self._carried_out(found, own, graph, types)

    def _carried_out(self, found: NodeType, own: Node, graph: Graph, types: NodeTypes) -> Any:
        with NodeLines({own.id: found.name}, self._tell or self._say, self._screen) as lines:
            runs = self._workbench.run(graph, reach=self._reach, types=types, told=lines.heard, log=lines.log)
        run = runs[own.id]
        if run.state not in WELL:
            raise PipelineError(f"{found.title.en}: {run.why}" if run.state is NodeState.FAILED else run.why)
        if not found.several:
            return next(iter(run.outputs.values()))
        return get_type_hints(found.function)["return"](**run.outputs)

    def _say(self, line: str) -> None:
        if self._screen is not None:
            self._screen.print(line, markup=False)


def _shown(value: object) -> str:
    return f"`{value.kind}`" if isinstance(value, Reference) else f"a value of the type `{type(value).__name__}`"
