"""The node types of this package are found without heavy imports, and those of other packages by an entry point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from fenlei.pipelines.parameters import allowed_of, schema_of
from fenlei.pipelines.registry import GROUP, node_types

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


def installed(folder: Path, points: dict[str, str], modules: dict[str, str]) -> Path:
    """A distribution as an installer leaves it: modules, and beside them a dist-info that names entry points."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    told = folder / "their_nodes-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: their-nodes\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(
        f"[{GROUP}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
    )
    return folder


def asked(program: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What a fresh interpreter says, with that folder among its packages."""
    env = os.environ | ({} if path is None else {"PYTHONPATH": str(path)})
    return subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False, timeout=120
    )


NAMES = """
import json
from fenlei.pipelines.errors import BadNodeType
from fenlei.pipelines.registry import node_types
try:
    print(json.dumps({name: each.version for name, each in node_types().items()}))
except BadNodeType as exc:
    print(json.dumps(str(exc)))
"""


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
    found = json.loads(asked(NAMES, tmp_path).stdout)
    assert found["theirs.mirror"] == 2
    assert found.keys() >= node_types().keys()
    assert list(found) == sorted(found)


def test_another_package_brings_one_function(tmp_path: Path) -> None:
    installed(tmp_path, {"mirror": "their_module:mirror"}, {"their_module": GOOD})
    assert json.loads(asked(NAMES, tmp_path).stdout)["theirs.mirror"] == 2


def test_a_package_that_breaks_is_named(tmp_path: Path) -> None:
    installed(tmp_path, {"mirror": "their_module"}, {"their_module": "import a_module_that_there_is_not"})
    told = json.loads(asked(NAMES, tmp_path).stdout)
    assert told == (
        "The node types of 'their_module' of the package 'their-nodes' cannot be loaded: No module named "
        "'a_module_that_there_is_not'."
    )


def test_a_package_that_brings_nothing_is_named(tmp_path: Path) -> None:
    installed(tmp_path, {"mirror": "their_module"}, {"their_module": "def mirror(): ..."})
    told = json.loads(asked(NAMES, tmp_path).stdout)
    assert told.startswith("'their_module' of the package 'their-nodes' is named under 'fenlei.nodes' and brings no")


def test_a_package_that_takes_a_name_of_ours_is_named(tmp_path: Path) -> None:
    installed(tmp_path, {"mirror": "their_module"}, {"their_module": GOOD.replace("theirs.mirror", "data.split")})
    told = json.loads(asked(NAMES, tmp_path).stdout)
    assert told.startswith("There are two node types 'data.split', of fenlei.pipelines.nodes.split and their_module")


def test_every_node_type_is_told_in_both_languages_and_its_parameters_too() -> None:
    for kind in node_types().values():
        assert all((*kind.title, *kind.help, kind.icon)), kind.name
        for name, said in schema_of(kind.params).get("properties", {}).items():
            assert all(said.get(key) for key in ("title", "title_zh", "description", "description_zh")), (
                kind.name,
                name,
            )
            assert "another value" not in allowed_of(kind.params, name).en, (kind.name, name)
