"""Every fault of a graph is found before it runs, with node, port and remedy, in both languages."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from fenlei.pipelines.check import check_graph
from fenlei.pipelines.errors import BadGraph, NotRunnable
from fenlei.pipelines.graph import Edge, End, Graph, Node, graph_of, read_graph
from fenlei.pipelines.node import NodeType
from fenlei.pipelines.parameters import Params, schema_of
from fenlei.pipelines.problem import Fault, Problem
from tests.support.graph_cases import CASES, Case, Found, case_types

TYPES = case_types()


def named(cases: Sequence[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


def found(problems: Sequence[Problem]) -> list[Found]:
    return [Found(each.fault, each.node, each.port, each.parameter) for each in problems]


@named(CASES.legal)
def test_a_legal_graph_has_no_problems(case: Case) -> None:
    assert check_graph(graph_of(case.graph), TYPES) == []


@named(CASES.illegal)
def test_an_illegal_graph_has_exactly_these_problems(case: Case) -> None:
    assert found(check_graph(graph_of(case.graph), TYPES)) == case.problems


@named(CASES.unreadable)
def test_what_is_no_graph_is_refused_before_it_is_checked(case: Case) -> None:
    with pytest.raises(BadGraph) as caught:
        read_graph(msgspec.json.encode(case.graph))
    assert str(caught.value).endswith(".")


def test_the_cases_show_every_fault_that_a_graph_alone_can_have() -> None:
    shown = {problem.fault for case in CASES.illegal for problem in case.problems}
    assert shown == set(Fault) - {Fault.DATA}


def test_the_names_of_cases_are_their_own() -> None:
    names = [case.name for case in (*CASES.legal, *CASES.illegal, *CASES.unreadable)]
    assert len(set(names)) == len(names)


def test_the_schemas_of_the_cases_are_what_the_parameters_are_read_by() -> None:
    for said in CASES.node_types:
        schema = schema_of(TYPES[said.name].params)
        for name, told in said.params["properties"].items():
            assert told.items() <= schema["properties"][name].items()
        assert schema["properties"].keys() == said.params["properties"].keys() if said.params["properties"] else True
        assert schema.get("required", []) == said.params["required"]
        assert schema["additionalProperties"] is False


@named(CASES.illegal)
def test_a_problem_is_told_in_both_languages_with_its_remedy(case: Case) -> None:
    graph = graph_of(case.graph)
    for problem in check_graph(graph, TYPES):
        assert problem.en.endswith(".")
        assert problem.remedy_en.endswith(".")
        for chinese in (problem.zh, problem.remedy_zh):
            assert chinese.endswith("。")
            assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
        if problem.node and (kind := TYPES.get(graph.node(problem.node).type)) is not None:
            assert kind.title.en in problem.en
            assert kind.title.zh in problem.zh
            assert kind.title.en not in problem.zh
        if problem.port:
            assert problem.port in problem.en
            assert problem.port in problem.zh
        if problem.parameter:
            assert problem.parameter in problem.en
            assert problem.parameter in problem.zh


def test_a_problem_calls_a_node_as_people_call_it() -> None:
    graph = Graph(nodes=(Node(id="a", type="shop.cut", title="My cut"),))
    assert [each.en for each in check_graph(graph, TYPES)] == ["The input `images` of My cut is joined to nothing."]


def test_a_circle_is_told_along_the_edges() -> None:
    nodes = tuple(Node(id=each, type="shop.pick", version=2, title=each.upper()) for each in "abc")
    edges = tuple(Edge(source=End(one, "images"), target=End(other, "images")) for one, other in ("ab", "bc", "ca"))
    (problem,) = check_graph(Graph(nodes=nodes, edges=edges), TYPES)
    assert problem.en == "The graph goes in a circle: A → B → C."


def test_whoever_runs_the_graph_is_asked_for_its_data_where_the_parameters_can_be() -> None:
    asked: list[str] = []

    def looks(node: Node, kind: NodeType, params: Params) -> list[Problem]:
        asked.append(node.id)
        return [Problem(fault=Fault.DATA, node=node.id, en="Gone.", zh="没了。", remedy_en="-", remedy_zh="-")]

    graph = Graph(
        nodes=(
            Node(id="later", type="shop.pictures", version=2, params={"folder": "x"}),
            Node(id="bad", type="shop.pictures"),
            Node(id="good", type="shop.pictures", params={"folder": "x"}),
            Node(id="magic", type="magic.wand"),
        )
    )
    problems = check_graph(graph, TYPES, looks)
    assert asked == ["good"]
    assert [each.fault for each in problems if each.node == "good"] == [Fault.DATA]


def test_a_graph_that_cannot_run_is_refused_with_its_first_fault_and_the_number_of_others() -> None:
    problems = check_graph(graph_of(CASES.illegal[-1].graph), TYPES)
    assert str(NotRunnable(problems[:1])) == f"{problems[0].en} {problems[0].remedy_en}"
    assert str(NotRunnable(problems[:2])).endswith(" There is one more fault.")
    assert str(NotRunnable(problems[:3])).endswith(" There are 2 more faults.")


def test_a_thousand_nodes_in_a_row_are_checked_and_in_a_circle_are_one_problem() -> None:
    ids = [f"n{number}" for number in range(1000)]
    nodes = tuple(Node(id=each, type="shop.blend") for each in ids)
    ring = [
        Edge(source=End(one, "images"), target=End(two, "one"))
        for one, two in zip(ids, [*ids[1:], ids[0]], strict=True)
    ]
    assert check_graph(Graph(nodes=nodes, edges=tuple(ring[:-1])), TYPES) == []
    (problem,) = check_graph(Graph(nodes=nodes, edges=tuple(ring)), TYPES)
    assert (problem.fault, problem.node) == (Fault.CYCLE, "n0")
