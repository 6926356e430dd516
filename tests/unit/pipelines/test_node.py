"""A node type is a function with a label: its ports are its arguments, and what cannot be one is refused at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from pydantic import Field

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import BadNodeType
from fenlei.pipelines.kinds import Kind
from fenlei.pipelines.node import MARK, Family, NodeType, Port, node
from fenlei.pipelines.parameters import NoParams, Params, param
from fenlei.pipelines.reference import Features, Images, Model, Reference, Report, Split
from fenlei.pipelines.words import Words

if TYPE_CHECKING:
    from somewhere import Unknown  # type: ignore[import-not-found]

W = Words("Word", "词")


class Half(NamedTuple):
    """Two outputs."""

    model: Model
    told: Report


class Maybe(NamedTuple):
    """One of them may be None, which no output may."""

    model: Model
    told: Report | None


class Mixed(NamedTuple):
    """One of them is no reference."""

    model: Model
    number: int


class Sized(Params):
    """A parameter."""

    size: int = param(3, title=W, help=W, ge=1)


class Untold(Params):
    """It does not say what it is."""

    size: int = 3


class English(Params):
    """It does not say so in Chinese."""

    size: int = Field(3, title="Size", description="How large.")


class Beyond(Params):
    """Its default is out of its own bounds."""

    size: int = param(3, title=W, help=W, le=2)


def declare(function: Callable[..., Any], name: str = "toy.node", **said: Any) -> NodeType:
    told: dict[str, Any] = {"version": 1, "family": Family.DATA, "icon": "box", "title": W, "help": W} | said
    assert node(name, **told)(function) is function
    made = getattr(function, MARK)
    assert isinstance(made, NodeType)
    return made


def good(images: Images, *, params: NoParams, ctx: NodeContext) -> Split:
    """Nothing."""
    raise AssertionError


def test_inputs_are_the_arguments_and_the_output_is_called_for_its_kind() -> None:
    made = declare(good)
    assert made.inputs == (Port("images", Kind.IMAGES),)
    assert made.outputs == (Port("split", Kind.SPLIT),)
    assert made.params is NoParams
    assert not made.several
    assert made.input("images") is made.inputs[0]
    assert made.input("split") is None
    assert made.output("split") is made.outputs[0]
    assert made.output("images") is None


def test_an_input_that_may_be_none_is_optional_and_a_named_tuple_is_several_outputs() -> None:
    def learn(
        split: Split, hints: Features | None, model: Model | None = None, *, params: Sized, ctx: NodeContext
    ) -> Half:
        raise AssertionError

    made = declare(learn)
    assert made.inputs == (
        Port("split", Kind.SPLIT),
        Port("hints", Kind.FEATURES, required=False),
        Port("model", Kind.MODEL, required=False),
    )
    assert made.outputs == (Port("model", Kind.MODEL), Port("told", Kind.REPORT))
    assert made.several
    assert made.params is Sized


def test_a_function_without_inputs_is_a_root() -> None:
    def source(*, params: NoParams, ctx: NodeContext) -> Images:
        raise AssertionError

    assert declare(source).inputs == ()


def untold(images: Images, *, params: Untold, ctx: NodeContext) -> Images:
    raise AssertionError


def english(images: Images, *, params: English, ctx: NodeContext) -> Images:
    raise AssertionError


def beyond(images: Images, *, params: Beyond, ctx: NodeContext) -> Images:
    raise AssertionError


def no_params(images: Images, *, ctx: NodeContext) -> Images:
    raise AssertionError


def no_context(images: Images, *, params: NoParams) -> Images:
    raise AssertionError


def context_by_position(images: Images, ctx: NodeContext, *, params: NoParams) -> Images:
    raise AssertionError


def params_of_another_kind(images: Images, *, params: dict[str, int], ctx: NodeContext) -> Images:
    raise AssertionError


def input_by_keyword(*, images: Images, params: NoParams, ctx: NodeContext) -> Images:
    raise AssertionError


def any_number(*images: Images, params: NoParams, ctx: NodeContext) -> Images:
    raise AssertionError


def anything(images: Images, *, params: NoParams, ctx: NodeContext, **more: Images) -> Images:
    raise AssertionError


def number(images: int, *, params: NoParams, ctx: NodeContext) -> Images:
    raise AssertionError


def bare_reference(images: Reference, *, params: NoParams, ctx: NodeContext) -> Images:
    raise AssertionError


def two_kinds(images: Images | Split, *, params: NoParams, ctx: NodeContext) -> Images:
    raise AssertionError


def nothing(images: Images, *, params: NoParams, ctx: NodeContext) -> None:
    raise AssertionError


def perhaps(images: Images, *, params: NoParams, ctx: NodeContext) -> Images | None:
    raise AssertionError


def plain_tuple(images: Images, *, params: NoParams, ctx: NodeContext) -> tuple[Images, Report]:
    raise AssertionError


def maybe(images: Images, *, params: NoParams, ctx: NodeContext) -> Maybe:
    raise AssertionError


def mixed(images: Images, *, params: NoParams, ctx: NodeContext) -> Mixed:
    raise AssertionError


def unresolved(images: Unknown, *, params: NoParams, ctx: NodeContext) -> Images:
    raise AssertionError


def unannotated(images, *, params: NoParams, ctx: NodeContext) -> Images:  # type: ignore[no-untyped-def]
    raise AssertionError


REFUSED: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "a name without a family": (
        good,
        {"name": "split"},
        "'split' cannot be called that; `family.name` in small letters",
    ),
    "a name in capitals": (good, {"name": "Data.Split"}, "'Data.Split' cannot be called that"),
    "a version of nothing": (good, {"version": 0}, "has the version 0; versions begin with 1"),
    "a title in English only": (
        good,
        {"title": Words("Split", "")},
        "lacks a title or a help in English or in Chinese",
    ),
    "no help": (good, {"help": Words("", "")}, "lacks a title or a help"),
    "replaces is a text": (good, {"replaces": "old.name"}, r"as a tuple: `\('old.name',\)`"),
    "no function": (Sized, {}, "is to be a function"),
    "a parameter that says nothing": (untold, {}, "The parameter `size` of the node type 'toy.node' lacks a title"),
    "a parameter in English only": (english, {}, "The parameter `size` of the node type 'toy.node' lacks a title"),
    "a default out of bounds": (
        beyond,
        {},
        "default of the parameter `size` .* cannot be so: it says 3. Allowed: .* at most 2",
    ),
    "an example with parameters that there are not": (
        good,
        {"example": {"size": 3}},
        "The example of the node type 'toy.node' cannot be: of `size`, there is no such parameter. Allowed: .* none",
    ),
    "no params": (no_params, {}, "is to take `params` by keyword"),
    "no context": (no_context, {}, "is to take `ctx` by keyword"),
    "context by position": (context_by_position, {}, "is to take `ctx` by keyword"),
    "params of another kind": (params_of_another_kind, {}, "annotated with a `Params` model"),
    "an input by keyword": (input_by_keyword, {}, "takes `images` by keyword"),
    "any number of inputs": (any_number, {}, "takes `images` by keyword, or any number"),
    "inputs of any name": (anything, {}, "takes `more` by keyword, or any number"),
    "an input that is a number": (number, {}, "The input `images` .* is not annotated as a reference"),
    "an input of no kind": (bare_reference, {}, "The input `images` .* is not annotated as a reference"),
    "an input of two kinds": (two_kinds, {}, "The input `images` .* is not annotated as a reference"),
    "an input without an annotation": (unannotated, {}, "The input `images` .* is not annotated as a reference"),
    "an annotation of nowhere": (
        unresolved,
        {},
        "annotation of the node type 'toy.node' cannot be resolved: name 'Unknown'",
    ),
    "no output": (nothing, {}, "is to return a reference, or a NamedTuple of references"),
    "an output that may be none": (perhaps, {}, "is to return a reference"),
    "a plain tuple": (plain_tuple, {}, "is to return a reference"),
    "one of several outputs may be none": (maybe, {}, "is to return a reference"),
    "one of several outputs is no reference": (mixed, {}, "is to return a reference"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_whoever_declares_it_wrongly_is_told_at_once(name: str) -> None:
    function, said, words = REFUSED[name]
    with pytest.raises(BadNodeType, match=words) as caught:
        declare(function, **said)
    assert said.get("name", "toy.node") in str(caught.value)
