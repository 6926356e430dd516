"""The key by which a result is found again: equal where the work is equal, another where anything that counts is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.key import key_of
from fenlei.pipelines.node import MARK, Family, NodeType, node
from fenlei.pipelines.parameters import Params, param, read_params
from fenlei.pipelines.reference import Images
from fenlei.pipelines.words import Words

W = Words("Word", "词")
CATS = Images(digest="a" * 64, pictures=2, labels={"cat": 1, "dog": 1})
DOGS = Images(digest="b" * 64, pictures=2, labels={"cat": 1, "dog": 1})


class Toy(Params):
    """Some."""

    times: float = param(1.0, title=W, help=W, ge=0)
    seed: int = param(0, title=W, help=W)
    names: list[str] = param([], title=W, help=W)


def toy(one: Images, other: Images | None = None, *, params: Toy, ctx: NodeContext) -> Images:
    """Nothing."""
    raise AssertionError


def kind(name: str = "toy.node", version: int = 1) -> NodeType:
    node(name, version=version, family=Family.DATA, icon="box", title=W, help=W)(toy)
    made: NodeType = getattr(toy, MARK)
    return made


def key(inputs: dict[str, Images] | None = None, outside: str = "", of: NodeType | None = None, **said: Any) -> str:
    params, bad = read_params(Toy, said)
    assert params is not None, bad
    return key_of(of or kind(), params, {"one": CATS} if inputs is None else inputs, outside)


def test_a_default_that_is_said_is_the_default_that_is_not() -> None:
    assert key() == key(times=1.0, seed=0, names=[]) == key(times=1)


@given(st.permutations(["times", "seed", "names"]), st.booleans())
def test_order_does_not_count(names: list[str], turned: bool) -> None:
    said: dict[str, Any] = {"times": 2.5, "seed": 7, "names": ["a", "b"]}
    inputs = {"other": DOGS, "one": CATS} if turned else {"one": CATS, "other": DOGS}
    assert key(inputs, **{name: said[name] for name in names}) == key({"one": CATS, "other": DOGS}, **said)


OTHERS: dict[str, dict[str, Any]] = {
    "a parameter": {"seed": 1},
    "the order of a list": {"names": ["b", "a"]},
    "the version": {"of": kind(version=2)},
    "the type": {"of": kind("toy.other")},
    "an input": {"inputs": {"one": DOGS}},
    "another port": {"inputs": {"other": CATS}},
    "inputs the other way round": {"inputs": {"one": DOGS, "other": CATS}},
    "one input more": {"inputs": {"one": CATS, "other": CATS}},
    "no input": {"inputs": {}},
    "facts of an input": {"inputs": {"one": msgspec.structs.replace(CATS, unlabelled=1)}},
    "what is outside": {"outside": "changed"},
}


@pytest.mark.parametrize("other", OTHERS)
def test_what_counts_makes_another_key(other: str) -> None:
    keys = [key(**said) for said in ({}, *OTHERS.values(), {"names": ["a", "b"]})]
    assert keys.count(key(**OTHERS[other])) == 1


def test_a_key_is_the_same_tomorrow() -> None:
    """What was remembered by an older Fenlei is found by a newer one; whoever changes this forgets everything."""
    assert key() == "745e0d16a221cdf5821dc1d1e144410e6be0b57690add883022a3b457f8a23e0"
