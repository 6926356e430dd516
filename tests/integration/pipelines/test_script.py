"""A graph as a Python script: every node once, in an order that works, and nothing that is as by default."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from fenlei.pipelines.errors import NotRunnable
from fenlei.pipelines.graph import Graph
from fenlei.pipelines.registry import node_types
from fenlei.pipelines.script import as_script
from fenlei.pipelines.source_text import Call, Code, name_of, statement
from fenlei.pipelines.templates.shelf import TEMPLATES
from tests.support.toy_nodes import graph

TWO_BRANCHES = graph(
    {
        "judge": "judge.compare",
        "pictures": ("data.folder", {"path": "photos"}),
        "split": ("data.split", {"test": 0.2, "validation": 0.1, "seed": 7}),
        "quick": ("train.linear", {"head": "prototypes"}),
        "slow": "train.neighbours",
        "small": "finish.optimise",
        "publish": ("finish.publish", {"name": "fruit"}),
    },
    "pictures.images>split.images split.split>quick.split split.split>slow.split quick.model>judge.first "
    "slow.model>judge.second split.split>judge.split slow.model>small.model split.split>small.split "
    "small.model>publish.model",
)

SCRIPT = '''"""A graph of Fenlei as a script: run alone, it makes the same model files.

    python SCRIPT [FOLDER]

They are saved in FOLDER, or in the current one, and their SHA-256 is printed.
"""

import sys
from pathlib import Path

import fenlei

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")

with fenlei.Bench() as bench:
    pictures = bench.data.folder(path="photos")
    split = bench.data.split(pictures, validation=0.1, seed=7)
    quick = bench.train.linear(split, head="prototypes")
    print("quick.fenlei", bench.save(quick.model, FOLDER / "quick.fenlei"))
    slow = bench.train.neighbours(split)
    judge = bench.judge.compare(quick.model, slow.model, split=split)
    print("judge", judge.headline)
    small = bench.finish.optimise(slow.model, split)
    print("small.fenlei", bench.save(small.model, FOLDER / "small.fenlei"))
    bench.finish.publish(small.model, name="fruit")
'''


def test_a_graph_becomes_calls_in_an_order_that_works_and_saves_every_model_that_none_is_made_of() -> None:
    assert as_script(TWO_BRANCHES, node_types()) == SCRIPT


def odd(title: str, note: str, path: str, *classes: str) -> Graph:
    """A graph whose texts are such as people write them."""
    made = graph(
        {"import": ("data.folder", {"path": path}), "n2": ("data.filter", {"classes": list(classes)})},
        "import.images>n2.images",
    )
    first, second = made.nodes
    nodes = (msgspec.structs.replace(first, title=title, note=note), msgspec.structs.replace(second, title=title))
    return msgspec.structs.replace(made, nodes=nodes, name="coding: latin-1", note=note)


HOSTILE = [
    odd("bench", "# fmt: off\nimport os\r\x0cx = 1\u2028y", 'C:\\new\\"folder"\'s\n\x00\u202e', ""),
    odd("猫 图片", "注释" * 80, "图片", "猫", '"', "'" * 40, "d" * 120),
    odd("2 fast 2 furious, " * 200, " word" * 60, "p" * 200, "x" * 40, "y" * 40),
    odd('"""', '"""\\', "\\", "{}"),
]


@pytest.mark.parametrize("made", HOSTILE)
def test_whatever_people_write_stays_text_and_the_script_is_as_formatters_leave_it(made: Graph) -> None:
    written = as_script(made, node_types())
    calls = [each for each in ast.walk(ast.parse(written.encode())) if isinstance(each, ast.Call)]
    said = {word.arg: ast.literal_eval(word.value) for call in calls for word in call.keywords}
    assert len(calls) == 3
    assert said == made.nodes[0].params | made.nodes[1].params
    ruff = [sys.executable, "-m", "ruff"]
    for words in (["check", "--isolated", "--select=E4,E7,E9,F,I,W"], ["format", "--isolated", "--check"]):
        ended = subprocess.run(
            [*ruff, *words, "-"], input=written.encode(), capture_output=True, timeout=60, check=False
        )
        assert ended.returncode == 0, (ended.stdout + ended.stderr).decode()


def test_what_was_drawn_elsewhere_or_told_otherwise_is_the_same_code() -> None:
    moved = [msgspec.structs.replace(node, position=(5.0, 5.0)) for node in TWO_BRANCHES.nodes]
    again = msgspec.structs.replace(TWO_BRANCHES, nodes=tuple(moved), edges=TWO_BRANCHES.edges[::-1])
    assert as_script(again, node_types()) == SCRIPT


def test_a_node_type_that_is_not_here_cannot_be_written() -> None:
    unknown = graph({"pictures": ("data.folder", {"path": "photos"}), "dim": "acme.dim"}, "pictures.images>dim.images")
    with pytest.raises(NotRunnable, match=r"There is no node type 'acme\.dim' here\. Install the package"):
        as_script(unknown, node_types())


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Linear head", "linear_head"),
        ("print", "print_"),
        ("class", "class_"),
        ("a-b", "a_b"),
        ("3 nets", "node_3_nets"),
        ("拆分 A", ""),
        ("---", ""),
    ],
)
def test_names_are_made_of_words_and_hide_nothing(words: str, name: str) -> None:
    assert name_of(words) == name


def test_arguments_whose_names_python_cannot_say_are_given_all_the_same() -> None:
    call = Call("f", [(None, Code("x")), ("from", 1), ("b", [None, True])])
    assert statement(call, "", "y = ") == ['y = f(x, b=[None, True], **{"from": 1})']


@pytest.mark.parametrize("guide", ["guide.en.md", "guide.zh.md"])
def test_the_guide_shows_the_script_of_a_template(guide: str) -> None:
    drawn = TEMPLATES["quick-classifier"].graph(publish="photos")
    written = as_script(msgspec.structs.replace(drawn, name="", note=""), node_types())
    text = (Path(__file__).parents[3] / "docs" / guide).read_text("utf-8")
    assert f"```python\n{written[written.index('import sys') :]}```" in text
