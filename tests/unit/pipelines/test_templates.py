"""Templates are graphs without faults, whatever gives the pictures."""

from __future__ import annotations

import pytest

from fenlei.pipelines.check import check_graph
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.graph import Node, read_graph, write_graph
from fenlei.pipelines.kinds import Kind
from fenlei.pipelines.registry import node_types
from fenlei.pipelines.templates.shelf import TEMPLATES, template
from fenlei.pipelines.templates.template import Template

EACH = pytest.mark.parametrize("made", TEMPLATES.values(), ids=list(TEMPLATES))
SOURCES = (
    Node(id="folder", type="data.folder", params={"path": "somewhere"}),
    Node(id="pictures", type="data.dataset", params={"dataset": "birds"}),
)


def test_there_are_six_of_them() -> None:
    assert list(TEMPLATES) == [
        "quick-classifier",
        "compare-three-backbones",
        "clean-then-train",
        "few-pictures",
        "imbalanced",
        "edge-device",
    ]
    with pytest.raises(PipelineError, match="no template 'slow'; there are quick-classifier, compare"):
        template("slow")


@EACH
def test_a_template_is_free_of_faults_with_any_source_and_is_written_as_any_graph(made: Template) -> None:
    for source in SOURCES:
        graph = made.graph(source)
        assert check_graph(graph, node_types()) == []
        assert read_graph(write_graph(graph)) == graph
        assert graph.node(source.id).params == source.params
    assert check_graph(made.graph(publish=None), node_types()) == []


@EACH
def test_a_template_ends_in_a_model_that_is_judged_and_published(made: Template) -> None:
    graph = made.graph(publish="birds")
    joined = {(graph.node(edge.target.node).type, edge.source) for edge in graph.edges}
    published = next(source for kind, source in joined if kind == "finish.publish")
    assert ("judge.evaluate", published) in joined
    gives = node_types()[graph.node(published.node).type].output(published.port)
    assert gives is not None
    assert gives.kind is Kind.MODEL
    assert [each.params for each in graph.nodes if each.type == "finish.publish"] == [{"name": "birds"}]
    assert all(each.type != "finish.publish" for each in made.graph(publish=None).nodes)


@EACH
def test_a_template_is_drawn_from_left_to_right_and_no_node_on_another(made: Template) -> None:
    graph = made.graph()
    places = {each.id: each.position for each in graph.nodes}
    assert len(set(places.values())) == len(places)
    assert all(places[edge.source.node][0] < places[edge.target.node][0] for edge in graph.edges)


@EACH
def test_a_template_tells_what_it_is_for_in_both_languages(made: Template) -> None:
    assert all((*made.title, *made.help))
    assert made.graph(language="zh").name == made.title.zh
    assert made.graph(language="zh").meaning == made.graph().meaning
