"""A graph is carried out in its order, side by side, each node once; what fails or is cancelled stops no more than it
must, and what is known is not worked out again."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import NotRunnable, PipelineError
from fenlei.pipelines.graph import Graph, Node
from fenlei.pipelines.memory import Memory, Remembered
from fenlei.pipelines.node import NodeType
from fenlei.pipelines.node_run import WELL, NodeRun, NodeState
from fenlei.pipelines.parameters import NoParams, Params, param
from fenlei.pipelines.reference import Images, Model, Report, Split
from fenlei.pipelines.registry import NodeTypes
from fenlei.pipelines.runner import Extent, Runner
from fenlei.store import Blobs
from tests.support.toy_nodes import WORD, declared, graph, images
from tests.support.workbench import OutOfReach

LONG = 60
"""Seconds after which a test gives up on what should have happened."""


class Toy(Params):
    """Says who it is, and what it shall do."""

    word: str = param("", title=WORD, help=WORD)
    fails: bool = param(False, title=WORD, help=WORD)


class Stage:
    """Node types that note what they do, and a runner for them.

    Attributes:
        worked: words of the nodes that worked, in the order in which they began.
        told: everything that was told.
        act: what nodes of the type `toy.act` do besides.
    """

    def __init__(self) -> None:
        self.worked: list[str] = []
        self.told: list[NodeRun] = []
        self.act: Callable[[str, NodeContext], object] = lambda word, ctx: None
        self.outside: Callable[[str], str] = lambda word: ""
        self.cancelled = threading.Event()
        self.types = NodeTypes([*self._types()])

    def _types(self) -> list[NodeType]:
        def act(one: Images | None, other: Images | None, *, params: Toy, ctx: NodeContext) -> Images:
            self.worked.append(params.word)
            self.act(params.word, ctx)
            if params.fails:
                raise PipelineError(f"{params.word} cannot.")
            return images(params.word, one, other)

        def publish(one: Images | None, *, params: Toy, ctx: NodeContext) -> Images:
            return act(one, None, params=params, ctx=ctx)

        def outside(params: Toy, ctx: NodeContext) -> str:
            return self.outside(params.word)

        return [
            declared(act, "toy.act", outside=outside),
            declared(publish, "toy.publish", remembered=False),
        ]

    def run(
        self,
        graph: Graph,
        memory: Memory | None = None,
        *,
        node: str | None = None,
        extent: Extent = Extent.ALL,
        side_by_side: int = 2,
        told: Callable[[NodeRun], None] | None = None,
        types: NodeTypes | None = None,
    ) -> dict[str, NodeRun]:
        """Carry it out; what was noted before is forgotten."""
        self.worked.clear()
        self.told.clear()

        def context(node: Node, progress: Callable[[str, float], None]) -> NodeContext:
            return NodeContext(
                Blobs("nowhere"), Path("nowhere"), OutOfReach(), progress=progress, cancelled=self.cancelled.is_set
            )

        def hear(run: NodeRun) -> None:
            self.told.append(run)
            if told is not None:
                told(run)

        runner = Runner(
            graph,
            types or self.types,
            Remembered() if memory is None else memory,
            context,
            told=hear,
            cancelled=self.cancelled.is_set,
            side_by_side=side_by_side,
        )
        return runner.run(node, extent)

    def said(self, node: str) -> list[NodeState]:
        """The states of a node, in the order in which they were told."""
        return [run.state for run in self.told if run.node == node]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def act(word: str, **said: Any) -> tuple[str, dict[str, Any]]:
    return "toy.act", {"word": word, **said}


def states(runs: dict[str, NodeRun]) -> dict[str, str]:
    return {node: run.state.value for node, run in runs.items()}


CHAIN = graph({each: act(each) for each in "cba"}, "a.images>b.one b.images>c.one")
DIAMOND = graph(
    {each: act(each) for each in ("end", "left", "right", "start")},
    "start.images>left.one start.images>right.one left.images>end.one right.images>end.other",
)


def test_nodes_work_in_the_order_of_the_edges(stage: Stage) -> None:
    runs = stage.run(CHAIN)
    assert stage.worked == ["a", "b", "c"]
    assert states(runs) == {"c": "done", "b": "done", "a": "done"}
    assert list(runs) == ["c", "b", "a"]
    assert runs["c"].outputs == {"images": images("c", images("b", images("a", None, None), None), None)}


def test_in_a_diamond_each_works_once_and_the_end_takes_both_sides_by_their_ports(stage: Stage) -> None:
    runs = stage.run(DIAMOND)
    assert Counter(stage.worked) == Counter(["start", "left", "right", "end"])
    assert (stage.worked[0], stage.worked[-1]) == ("start", "end")
    start = images("start", None, None)
    sides = [images(each, start, None) for each in ("left", "right")]
    assert runs["end"].outputs["images"] == images("end", *sides)


def test_branches_work_side_by_side(stage: Stage) -> None:
    both = threading.Barrier(2)

    def meet(word: str, ctx: NodeContext) -> None:
        if word in ("left", "right"):
            both.wait(LONG)  # each waits for the other; one after the other would never meet

    stage.act = meet
    assert stage.run(DIAMOND)["end"].state is NodeState.DONE


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_nodes_work_at_once_than_may(stage: Stage, limit: int) -> None:
    lock, together, now, most = threading.Lock(), threading.Barrier(limit), 0, 0

    def count(word: str, ctx: NodeContext) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(LONG)
        with lock:
            now -= 1

    stage.act = count
    wide = graph({f"n{number}": act(str(number)) for number in range(4 * limit)})
    runs = stage.run(wide, side_by_side=limit)
    assert set(states(runs).values()) == {"done"}
    assert most == limit


def test_nodes_that_take_the_whole_machine_work_one_at_a_time_and_others_beside_them(stage: Stage) -> None:
    lock, working, most = threading.Lock(), 0, 0
    beside = {str(number): threading.Barrier(2) for number in range(3)}

    def large(one: Images | None, *, params: Toy, ctx: NodeContext) -> Images:
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
        beside[params.word].wait(LONG)  # a light node is at work while this one is
        with lock:
            working -= 1
        return images(params.word)

    def light(one: Images | None, *, params: Toy, ctx: NodeContext) -> Images:
        beside[params.word].wait(LONG)
        return images(params.word)

    types = NodeTypes([declared(large, "toy.large", whole_machine=True), declared(light, "toy.light")])
    nodes = {f"{kind}{word}": (f"toy.{kind}", {"word": word}) for kind in ("light", "large") for word in beside}
    runs = stage.run(graph(nodes, "large0.images>large1.one"), types=types, side_by_side=4)
    assert set(states(runs).values()) == {"done"}, runs
    assert most == 1


def test_a_node_that_takes_the_whole_machine_does_not_wait_for_light_ones(stage: Stage) -> None:
    begun: list[str] = []

    def large(*, params: Toy, ctx: NodeContext) -> Images:
        begun.append("large")
        return images("large")

    def light(*, params: Toy, ctx: NodeContext) -> Images:
        begun.append("light")
        return images(params.word)

    types = NodeTypes([declared(large, "toy.large", whole_machine=True), declared(light, "toy.light")])
    nodes: dict[str, Any] = {f"l{number}": ("toy.light", {"word": str(number)}) for number in range(5)}
    stage.run(graph(nodes | {"last": "toy.large"}), types=types, side_by_side=1)
    assert begun == ["large", *["light"] * 5]


def test_a_node_tells_when_it_began_and_how_far_memory_rose_while_it_worked(stage: Stage) -> None:
    def hold(word: str, ctx: NodeContext) -> None:
        np.ones({"a": 60_000_000, "b": 25_000_000, "c": 10}[word], np.uint8).sum()

    stage.act = hold
    before = time.time()
    memory = Remembered()
    runs = stage.run(CHAIN, memory)
    assert before <= runs["a"].began <= runs["b"].began <= runs["c"].began <= time.time()
    if sys.platform == "linux":
        rose = {node: run.memory or 0 for node, run in runs.items()}
        assert rose["a"] > 50_000_000
        # What `a` gave back counts for none of those that came after it, and hides nothing of what they take.
        if os.access("/proc/self/clear_refs", os.W_OK):
            assert 20_000_000 < rose["b"] < 40_000_000
        assert 0 <= rose["c"] < 10_000_000
    assert {(run.began, run.memory) for run in stage.run(CHAIN, memory.of_another_run()).values()} == {(0, None)}


def test_a_node_that_fails_stops_only_what_depends_on_it(stage: Stage) -> None:
    runs = stage.run(
        graph(
            {
                "bad": act("bad", fails=True),
                "next": act("next"),
                "last": act("last"),
                "free": act("free"),
                "far": act("far"),
            },
            "bad.images>next.one free.images>next.other next.images>last.one free.images>far.one",
        )
    )
    assert states(runs) == {"bad": "failed", "next": "skipped", "last": "skipped", "free": "done", "far": "done"}
    assert runs["bad"].why == "bad cannot."
    assert runs["next"].why == "It depends on bad, which did not end well."
    assert runs["last"].why == "It depends on next, which did not end well."
    assert Counter(stage.worked) == Counter(["bad", "free", "far"])


def test_a_node_that_breaks_down_is_a_node_that_fails(stage: Stage) -> None:
    stage.act = lambda word, ctx: 1 / 0
    runs = stage.run(CHAIN)
    assert runs["a"].why == "It broke down: ZeroDivisionError: division by zero"
    assert states(runs) == {"a": "failed", "b": "skipped", "c": "skipped"}


def test_what_failed_is_tried_again_in_the_same_run(stage: Stage) -> None:
    memory = Remembered()
    stage.act = lambda word, ctx: 1 / 0 if word == "b" else None
    assert states(stage.run(CHAIN, memory)) == {"a": "done", "b": "failed", "c": "skipped"}
    stage.act = lambda word, ctx: None
    assert states(stage.run(CHAIN, memory)) == {"a": "done", "b": "done", "c": "done"}
    assert stage.worked == ["b", "c"]


def test_who_cancels_between_nodes_is_obeyed(stage: Stage) -> None:
    def told(run: NodeRun) -> None:
        if run.node == "a" and run.state is NodeState.DONE:
            stage.cancelled.set()

    runs = stage.run(CHAIN, told=told)
    assert states(runs) == {"a": "done", "b": "cancelled", "c": "cancelled"}
    assert stage.worked == ["a"]
    assert runs["b"].why == "The run was called off."


def test_who_cancels_while_a_node_works_is_obeyed_by_nodes_that_ask(stage: Stage) -> None:
    def ask(word: str, ctx: NodeContext) -> None:
        ctx.progress("asking", 0.5)
        while True:
            ctx.check()

    def told(run: NodeRun) -> None:
        if run.stage == "asking":
            stage.cancelled.set()

    stage.act = ask
    memory = Remembered()
    assert states(stage.run(CHAIN, memory, told=told)) == {"a": "cancelled", "b": "cancelled", "c": "cancelled"}
    stage.cancelled.clear()
    stage.act = lambda word, ctx: None
    stage.run(CHAIN, memory)
    assert stage.worked == ["a", "b", "c"]


def test_what_a_node_returns_after_it_was_cancelled_may_be_half_of_it_and_is_not_kept(stage: Stage) -> None:
    memory = Remembered()
    stage.act = lambda word, ctx: stage.cancelled.set()
    runs = stage.run(CHAIN, memory)
    assert runs["a"].state is NodeState.CANCELLED
    assert memory.find(runs["a"].key) is None
    assert memory.finished("a", runs["a"].key) is None


def test_a_run_to_here_runs_what_the_node_depends_on_and_no_more(stage: Stage) -> None:
    runs = stage.run(DIAMOND, node="left", extent=Extent.TO_HERE)
    assert states(runs) == {"left": "done", "start": "done"}
    assert {run.node for run in stage.told} == {"left", "start"}


def test_a_fault_that_is_not_on_the_way_does_not_stop_a_run_to_here(stage: Stage) -> None:
    broken = graph({"a": act("a"), "b": act("b"), "c": act("c", nonsense=1)}, "a.images>b.one b.images>c.one")
    assert states(stage.run(broken, node="b", extent=Extent.TO_HERE)) == {"a": "done", "b": "done"}
    with pytest.raises(NotRunnable, match="there is no such parameter"):
        stage.run(broken)
    assert stage.told == []


def test_one_node_alone_runs_on_what_is_there(stage: Stage) -> None:
    memory = Remembered()
    stage.run(CHAIN, memory, node="b", extent=Extent.TO_HERE)
    runs = stage.run(CHAIN, memory.of_another_run(), node="c", extent=Extent.THIS)
    assert states(runs) == {"c": "done", "b": "cached", "a": "cached"}
    assert stage.worked == ["c"]


def test_one_node_alone_says_what_is_not_there(stage: Stage) -> None:
    runs = stage.run(CHAIN, node="c", extent=Extent.THIS)
    assert states(runs) == {"c": "skipped", "b": "skipped", "a": "failed"}
    assert runs["a"].why == "Its result is not there; run the graph up to it first."
    assert stage.worked == []


def test_one_node_alone_that_needs_nothing_runs(stage: Stage) -> None:
    assert states(stage.run(CHAIN, node="a", extent=Extent.THIS)) == {"a": "done"}


@pytest.mark.parametrize("extent", [Extent.TO_HERE, Extent.THIS])
def test_a_node_that_is_not_there_is_refused(stage: Stage, extent: Extent) -> None:
    for node in ("z", None):
        with pytest.raises(PipelineError, match="There is no node"):
            stage.run(CHAIN, node=node, extent=extent)


def test_what_another_graph_worked_out_is_not_worked_out_again(stage: Stage) -> None:
    memory = Remembered()
    first = stage.run(CHAIN, memory)
    other = graph({"x": act("a"), "y": act("b"), "z": act("other")}, "x.images>y.one y.images>z.one")
    runs = stage.run(other, memory.of_another_run())
    assert states(runs) == {"x": "cached", "y": "cached", "z": "done"}
    assert stage.worked == ["other"]
    assert (runs["y"].key, runs["y"].outputs) == (first["b"].key, first["b"].outputs)
    assert stage.said("x") == [NodeState.WAITING, NodeState.CACHED]


def test_another_parameter_of_the_last_node_reruns_that_node_only(stage: Stage) -> None:
    memory = Remembered()
    stage.run(CHAIN, memory)
    changed = graph({"c": act("new"), "b": act("b"), "a": act("a")}, "a.images>b.one b.images>c.one")
    assert states(stage.run(changed, memory.of_another_run())) == {"c": "done", "b": "cached", "a": "cached"}
    assert stage.worked == ["new"]


def test_what_changed_outside_is_worked_out_again_and_so_is_what_depends_on_it(stage: Stage) -> None:
    memory = Remembered()
    two = graph({"a": act("a"), "b": act("b"), "c": act("c")}, "a.images>b.one")
    stage.run(two, memory)
    stage.outside = lambda word: "changed" if word == "a" else ""
    runs = stage.run(two, memory.of_another_run())
    # `a` gave the same as before, so what depends on it is known.
    assert states(runs) == {"a": "done", "b": "cached", "c": "cached"}


def test_what_is_outside_and_not_to_be_had_fails_the_node(stage: Stage) -> None:
    def gone(word: str) -> str:
        raise PipelineError("The folder is gone.")

    stage.outside = gone
    runs = stage.run(CHAIN)
    assert (runs["a"].state, runs["a"].why) == (NodeState.FAILED, "The folder is gone.")


def test_what_acts_outside_acts_in_every_run_and_once_in_each(stage: Stage) -> None:
    memory = Remembered()
    acting = graph({"a": act("a"), "p": ("toy.publish", {"word": "p"})}, "a.images>p.one")
    stage.run(acting, memory)
    assert stage.worked == ["a", "p"]
    assert states(stage.run(acting, memory)) == {"a": "done", "p": "done"}
    assert stage.worked == []
    assert states(stage.run(acting, memory.of_another_run())) == {"a": "cached", "p": "done"}
    assert stage.worked == ["p"]


def test_equal_nodes_of_one_run_work_once(stage: Stage) -> None:
    everybody = threading.Barrier(8)

    def together(word: str) -> str:
        everybody.wait(LONG)
        return ""

    def slowly(word: str, ctx: NodeContext) -> None:
        for _ in range(200):
            time.sleep(0)  # lets the others have their turn, if they take one

    stage.outside, stage.act = together, slowly
    runs = stage.run(graph({f"n{number}": act("same") for number in range(8)}), side_by_side=8)
    assert stage.worked == ["same"]
    assert Counter(states(runs).values()) == {"done": 1, "cached": 7}


def test_equal_nodes_that_act_outside_act_each(stage: Stage) -> None:
    stage.run(graph({"one": ("toy.publish", {}), "two": ("toy.publish", {})}))
    assert len(stage.worked) == 2


def test_states_are_told_in_their_order(stage: Stage) -> None:
    stage.act = lambda word, ctx: ctx.progress("half", 0.5)
    stage.run(graph({"a": act("a"), "b": act("b", fails=True)}, "a.images>b.one"))
    assert [(run.node, run.state.value, run.stage, run.progress) for run in stage.told] == [
        ("a", "waiting", "", 0.0),
        ("b", "waiting", "", 0.0),
        ("a", "running", "", 0.0),
        ("a", "running", "half", 0.5),
        ("a", "done", "half", 1.0),
        ("b", "running", "", 0.0),
        ("b", "running", "half", 0.5),
        ("b", "failed", "half", 0.5),
    ]
    assert [bool(run.key) for run in stage.told] == [False, False, *[True] * 6]
    assert all(run.outputs for run in stage.told if run.state is NodeState.DONE)
    assert all(run.seconds > 0 for run in stage.told if run.state in (NodeState.DONE, NodeState.FAILED))


@pytest.mark.parametrize(("said", "told"), [(-1, 0.0), (2, 1.0), (float("nan"), 0.0)])
def test_progress_stays_between_nothing_and_all(stage: Stage, said: float, told: float) -> None:
    stage.act = lambda word, ctx: ctx.progress("odd", said)
    stage.run(graph({"a": act("a")}))
    assert [run.progress for run in stage.told if run.state is NodeState.RUNNING] == [0.0, told]


def test_a_late_word_of_a_node_does_not_undo_its_end(stage: Stage) -> None:
    """A node's own threads may report when the node has returned already."""
    left: list[Callable[[str, float], None]] = []

    def late(word: str, ctx: NodeContext) -> None:
        for progress in left:
            progress("too late", 0.9)
        left.append(ctx.progress)

    stage.act = late
    assert set(states(stage.run(CHAIN)).values()) == {"done"}
    assert stage.said("a") == [NodeState.WAITING, NodeState.RUNNING, NodeState.DONE]


def test_what_ended_is_kept_before_anybody_hears_of_it(stage: Stage) -> None:
    memory = Remembered()
    heard = 0

    def told(run: NodeRun) -> None:
        nonlocal heard
        if run.state is NodeState.DONE:
            heard += 1
            assert memory.finished(run.node, run.key) == run.outputs

    assert set(states(stage.run(DIAMOND, memory, told=told)).values()) == {"done"}
    assert heard == 4


class Died(BaseException):
    """What a process that is killed does not get to do."""


def test_nodes_that_had_ended_when_a_run_was_killed_are_not_run_again(stage: Stage) -> None:
    memory = Remembered()

    def kill(word: str, ctx: NodeContext) -> None:
        if word == "c":
            raise Died

    stage.act = kill
    with pytest.raises(Died):
        stage.run(CHAIN, memory)
    stage.act = lambda word, ctx: None
    runs = stage.run(CHAIN, memory)
    assert states(runs) == {"c": "done", "b": "done", "a": "done"}
    assert stage.worked == ["c"]
    assert stage.said("a") == [NodeState.WAITING, NodeState.DONE]


def test_where_nobody_can_be_told_the_run_ends_and_nothing_more_begins(stage: Stage) -> None:
    class NoPower(Exception):
        """The one who is told is gone."""

    first: list[str] = []

    def told(run: NodeRun) -> None:
        if run.state is not NodeState.WAITING:
            first.append(run.node)
            if run.node == first[0]:
                raise NoPower

    # Whoever comes next may have begun before the word was out; each takes a moment, so they cannot all have.
    stage.act = lambda word, ctx: threading.Event().wait(0.05)
    wide = graph({f"n{number}": act(str(number)) for number in range(20)})
    with pytest.raises(NoPower):
        stage.run(wide, told=told, side_by_side=1)
    assert len(stage.worked) < 19


class Both(NamedTuple):
    """Two outputs."""

    split: Split
    report: Report


SPLIT = Split(digest="0" * 64, labels={}, parts={})
REPORT = Report(digest="1" * 64, about="evaluation")
MODEL = Model(digest="2" * 64, labels=[], bytes=0)


@pytest.mark.parametrize("given", [None, "images", SPLIT, (images(1),), [images(1)]], ids=repr)
def test_a_node_that_gives_something_else_than_it_said_fails(stage: Stage, given: Any) -> None:
    def one(*, params: NoParams, ctx: NodeContext) -> Images:
        return given  # type: ignore[no-any-return]

    runs = stage.run(graph({"a": "toy.one"}), types=NodeTypes([declared(one, "toy.one")]))
    assert (runs["a"].state, runs["a"].outputs) == (NodeState.FAILED, {})
    assert runs["a"].why == "The node type 'toy.one' gave something else than `images` as `images`."


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "gave 1 values; its outputs are `split`, `report`."),
        (SPLIT, "gave 1 values; its outputs are `split`, `report`."),
        ((SPLIT, REPORT, MODEL), "gave 3 values; its outputs are `split`, `report`."),
        ((SPLIT, None), "gave something else than `report` as `report`."),
        (Both(MODEL, REPORT), "gave something else than `split` as `split`."),  # type: ignore[arg-type]
    ],
    ids=["nothing", "one", "three", "none", "another kind"],
)
def test_a_node_that_gives_something_else_than_its_several_outputs_fails(stage: Stage, given: Any, why: str) -> None:
    def both(*, params: NoParams, ctx: NodeContext) -> Both:
        return given  # type: ignore[no-any-return]

    runs = stage.run(graph({"a": "toy.both"}), types=NodeTypes([declared(both, "toy.both")]))
    assert runs["a"].state is NodeState.FAILED
    assert runs["a"].why == f"The node type 'toy.both' {why}"


def test_several_outputs_go_each_to_its_port(stage: Stage) -> None:
    def both(*, params: NoParams, ctx: NodeContext) -> Both:
        return Both(SPLIT, REPORT)

    def take(report: Report, split: Split, *, params: NoParams, ctx: NodeContext) -> Images:
        assert (report, split) == (REPORT, SPLIT)
        return images("well")

    types = NodeTypes([declared(both, "toy.both"), declared(take, "toy.take")])
    runs = stage.run(graph({"a": "toy.both", "b": "toy.take"}, "a.split>b.split a.report>b.report"), types=types)
    assert states(runs) == {"a": "done", "b": "done"}
    assert runs["a"].outputs == {"split": SPLIT, "report": REPORT}


def test_an_empty_graph_is_refused(stage: Stage) -> None:
    with pytest.raises(NotRunnable, match="no nodes"):
        stage.run(graph({}))


@st.composite
def acyclic(draw: st.DrawFn) -> tuple[Graph, set[str]]:
    """A graph of up to twelve nodes, each with up to two inputs from earlier ones, and those of them that fail."""
    ids = [f"n{number}" for number in range(draw(st.integers(1, 12)))]
    failing = {each for each in ids if draw(st.integers(0, 5)) == 0}
    edges = [
        f"{draw(st.sampled_from(ids[:number]))}.images>{each}.{port}"
        for number, each in enumerate(ids)
        for port in ("one", "other")
        if number and draw(st.booleans())
    ]
    nodes = {each: act(each, fails=each in failing) for each in draw(st.permutations(ids))}
    return graph(nodes, " ".join(edges)), failing


@given(acyclic(), st.integers(1, 4))
@examples(max_examples=40)
def test_whatever_the_graph_each_node_ends_as_what_it_depends_on_allows(
    case: tuple[Graph, set[str]], side_by_side: int
) -> None:
    said, failing = case
    stage, memory = Stage(), Remembered()
    runs = stage.run(said, memory, side_by_side=side_by_side)
    before = {each.id: {edge.source.node for edge in said.edges if edge.target.node == each.id} for each in said.nodes}
    for node, run in runs.items():
        if any(runs[each].state not in WELL for each in before[node]):
            assert run.state is NodeState.SKIPPED
        else:
            assert run.state is (NodeState.FAILED if node in failing else NodeState.DONE)
            place = stage.worked.index(node)
            assert all(stage.worked.index(each) < place for each in before[node])
    assert max(Counter(stage.worked).values(), default=1) == 1
    again = stage.run(said, memory.of_another_run(), side_by_side=side_by_side)
    assert set(stage.worked) == {node for node, run in runs.items() if run.state is NodeState.FAILED}
    assert {node for node, run in again.items() if run.state is NodeState.CACHED} == {
        node for node, run in runs.items() if run.state is NodeState.DONE
    }
