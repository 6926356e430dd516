"""A name is one node type's, whether it is its name now or was before."""

from __future__ import annotations

import pytest

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import BadNodeType
from fenlei.pipelines.parameters import NoParams
from fenlei.pipelines.reference import Images
from fenlei.pipelines.registry import NodeTypes
from tests.support.toy_nodes import declared


def toy(*, params: NoParams, ctx: NodeContext) -> Images:
    """Nothing."""
    raise AssertionError


ONE = declared(toy, "toy.one", replaces=("toy.former",))


def test_a_type_is_found_by_its_name_and_by_those_that_it_had() -> None:
    types = NodeTypes([ONE])
    assert types["toy.one"] is types.find("toy.one") is types.find("toy.former") is ONE
    assert types.find("toy.two") is None
    assert "toy.former" not in types
    assert list(types) == ["toy.one"]
    assert len(types) == 1


def test_looking_one_up_changes_nothing() -> None:
    types = NodeTypes([ONE])
    types.get("toy.two")
    types.find("toy.former")
    assert list(types) == ["toy.one"]


def test_two_of_one_name_are_refused_and_it_is_said_whose_they_are() -> None:
    with pytest.raises(BadNodeType, match=f"two node types 'toy.one', of {__name__} and {__name__}"):
        NodeTypes([ONE, ONE])


def test_none_replaces_what_is_still_there() -> None:
    with pytest.raises(BadNodeType, match="'toy.two' replaces 'toy.one', which is still there"):
        NodeTypes([declared(toy, "toy.two", replaces=("toy.one",)), ONE])
    with pytest.raises(BadNodeType, match="'toy.two' replaces 'toy.two', which is still there"):
        NodeTypes([declared(toy, "toy.two", replaces=("toy.two",))])


def test_two_do_not_replace_the_same() -> None:
    with pytest.raises(BadNodeType, match="'toy.one' and 'toy.two' both replace 'toy.former'"):
        NodeTypes([ONE, declared(toy, "toy.two", replaces=("toy.former",))])
