"""The node types of this package are found without heavy imports, and those of other packages by an entry point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from fenlei.pipelines.parameters import allowed_of, schema_of
from fenlei.pipelines.registry import node_types
from tests.support.third_party import installed

GOOD = """
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import NoParams
from fenlei.pipelines.reference import Images
from fenlei.pipelines.words import Words

WORD = Words("Mirror", "镜像")

@node("theirs.mirror", version=2, family=Family.DATA, icon="flip", title=WORD, help=WORD)
def mirror(images: Images, *, params: NoParams, ctx: NodeContext) -> Images:
    return images

also = mirror
"""


def asked(program: str, path: Path | None = None, *words: str) -> subprocess.CompletedProcess[str]:
    """What a fresh interpreter says, with that folder among its packages."""
    env = os.environ | ({} if path is None else {"PYTHONPATH": str(path)})
    return subprocess.run(
        [sys.executable, "-c", program, *words], env=env, capture_output=True, text=True, check=False, timeout=120
    )


NAMES = """
import json
from fenlei.pipelines.registry import node_types
found = node_types()
print(json.dumps([{name: each.version for name, each in found.items()}, found.broken]))
"""


def types_and_broken(path: Path) -> tuple[dict[str, int], list[str]]:
    """Versions by name, and what is said of packages whose node types are not there."""
    said = asked(NAMES, path)
    assert said.returncode == 0, said.stderr
    found, broken = json.loads(said.stdout)
    return found, broken


def test_finding_the_node_types_loads_neither_torch_nor_scipy() -> None:
    said = asked(
        "import sys\n"
        "from fenlei.pipelines.registry import node_types\n"
        "found = node_types()\n"
        "heavy = {'torch', 'transformers', 'scipy', 'sklearn', 'openvino', 'onnxruntime', 'optuna'}\n"
        "print(len(found) > 5, sorted(heavy & {name.split('.')[0] for name in sys.modules}))\n"
    )
    assert said.stdout == "True []\n", said.stderr


def test_checking_a_graph_needs_no_node_type_of_this_package() -> None:
    said = asked(
        "import sys\nimport fenlei.pipelines.check, fenlei.pipelines.upgrade\n"
        "print([name for name in sys.modules if name.startswith('fenlei.pipelines.nodes.')])"
    )
    assert said.stdout == "[]\n", said.stderr


def test_another_package_brings_a_module_of_node_types(tmp_path: Path) -> None:
    installed(tmp_path, {"mirror": "their_module"}, {"their_module": GOOD})
    found, broken = types_and_broken(tmp_path)
    assert broken == []
    assert found["theirs.mirror"] == 2
    assert found.keys() >= node_types().keys()
    assert list(found) == sorted(found)


def test_another_package_brings_one_function(tmp_path: Path) -> None:
    installed(tmp_path, {"mirror": "their_module:mirror"}, {"their_module": GOOD})
    assert types_and_broken(tmp_path)[0]["theirs.mirror"] == 2


def test_what_cannot_be_had_of_another_package_is_told_and_everything_else_is_there(tmp_path: Path) -> None:
    modules = {
        "a_breaks": "import a_module_that_there_is_not",
        "b_leaves": "raise SystemExit",
        "c_nothing": "def mirror(): ...",
        "d_ours": GOOD.replace("theirs.mirror", "data.split"),
        "e_good": GOOD,
        "f_again": GOOD,
        "g_former": GOOD.replace("theirs.mirror", "theirs.other").replace(
            "version=2", "version=2, replaces=('data.split',)"
        ),
    }
    installed(tmp_path, {name: name for name in modules}, modules)
    found, broken = types_and_broken(tmp_path)
    assert found == {each.name: each.version for each in node_types().values()} | {"theirs.mirror": 2}
    package = "of the package 'their-nodes'"
    assert broken == [
        f"The node types of 'a_breaks' {package} cannot be loaded: No module named 'a_module_that_there_is_not'.",
        f"The node types of 'b_leaves' {package} cannot be loaded: SystemExit.",
        f"'c_nothing' {package} is named under 'fenlei.nodes' and brings no node type; declare one with `node`.",
        "There are two node types 'data.split', of fenlei.pipelines.nodes.split and d_ours; a name is one node type's.",
        "There are two node types 'theirs.mirror', of e_good and f_again; a name is one node type's.",
        "The node type 'theirs.other' replaces 'data.split', which is still there.",
    ]


DOORS = """
import json, sys
from pathlib import Path
from typer.testing import CliRunner
from fenlei.cli import app
from fenlei.cli.doctor import examine
graph = Path(sys.argv[1])
graph.write_text(json.dumps({"nodes": [{"id": "a", "type": "theirs.mirror"}]}))
said = CliRunner().invoke(app, ["run", str(graph), "--check", "--workspace", str(graph.parent / "ws")])
doctor = [each.found for each in examine(graph.parent, "127.0.0.1", 0, "auto") if each.what == "node types"]
print(json.dumps([said.stderr, said.stdout, doctor]))
"""


def test_the_doors_tell_of_a_package_that_cannot_be_loaded(tmp_path: Path) -> None:
    installed(tmp_path, {"mirror": "their_module"}, {"their_module": "import nowhere_to_be_found"})
    said = asked(DOORS, tmp_path, str(tmp_path / "graph.json"))
    assert said.returncode == 0, said.stderr
    err, out, doctor = json.loads(said.stdout)
    sentence = "The node types of 'their_module' of the package 'their-nodes' cannot be loaded: No module named"
    assert " ".join(err.split()).startswith(sentence)
    assert f"It may be one of those that are installed and could not be loaded: {sentence}" in " ".join(out.split())
    assert [each.startswith(sentence) for each in doctor] == [False, True]


def test_every_node_type_is_told_in_both_languages_and_its_parameters_too() -> None:
    for kind in node_types().values():
        assert all((*kind.title, *kind.help, kind.icon)), kind.name
        for name, said in schema_of(kind.params).get("properties", {}).items():
            assert all(said.get(key) for key in ("title", "title_zh", "description", "description_zh")), (
                kind.name,
                name,
            )
            assert "another value" not in allowed_of(kind.params, name).en, (kind.name, name)
