"""The documentation says what the sources say: the generated part to the letter, the guides in what they name."""

from __future__ import annotations

import re

import pytest
from docs.generate import REFERENCE, pages
from docs.reference_cli import commands
from typer.testing import CliRunner

from fenlei.cli import app
from fenlei.contract import Code
from fenlei.settings import Settings

DOCS = REFERENCE.parent
GUIDES = ["guide.en.md", "guide.zh.md"]
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
CODE_SAMPLE = re.compile(r"^```(?:bash|python|javascript|java|go|php)\n.*?^```$", re.M | re.S)

KNOWN = {command.name: command for command in commands()}
OPTIONS = {word for command in KNOWN.values() for p in command.parameters for word in p.name.split(", ")}


@pytest.mark.parametrize("name", ["cli.md", "python.md", "nodes.md", "codes.md", "openapi.json"])
def test_the_reference_is_what_the_sources_say(name: str) -> None:
    written = (REFERENCE / name).read_text("utf-8")
    assert written == pages()[name], f"docs/reference/{name} is stale: run `python -m docs.generate`"


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_the_reference_knows_the_options_that_help_shows(name: str) -> None:
    shown = CliRunner().invoke(app, [*name.split(), "--help"]).output
    # Help texts may name options of other commands; those that can be given stand at the beginning of a line.
    lines = re.findall(r"^ +(?:-\w, )?(--[a-z-]+)(?: / (--[a-z-]+))?", shown, re.M)
    given = {word for pair in lines for word in pair if word} - {"--help"}
    assert given == {
        word
        for parameter in KNOWN[name].parameters
        if parameter.kind == "option"
        for word in parameter.name.split(", ")
        if word.startswith("--")
    }


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_names_no_command_and_no_option_that_does_not_exist(guide: str) -> None:
    text = (DOCS / guide).read_text("utf-8")
    for line in re.findall(r"^\$ (fenlei .*)$", text, re.M) + re.findall(r"`(fenlei [^`]*)`", text):
        words = line.split("#")[0].split()[1:]
        if words[0].startswith("[") or words == ["--version"]:
            continue
        name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in KNOWN), None)
        if name is None and words[0].split("|")[0] == "backbones":
            continue
        assert name is not None, f"`{line}` is no command"
        given = {word for p in KNOWN[name].parameters for word in p.name.split(", ")}
        assert {word for word in words if word.startswith("-")} <= given, line
    ours = re.sub(CODE_SAMPLE, "", text)
    foreign = {"--data-binary", "--self-test"}
    assert set(OPTION.findall(ours)) <= OPTIONS | foreign


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_says_what_to_do_about_every_code(guide: str) -> None:
    rows = re.findall(r"^\| (-?\d+) \|", (DOCS / guide).read_text("utf-8"), re.M)
    assert [int(row) for row in rows] == [code.number for code in Code if code is not Code.SUCCESS]


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_names_every_setting_with_its_default(guide: str) -> None:
    text = (DOCS / guide).read_text("utf-8")
    rows = dict(re.findall(r"^\| `FENLEI_(\w+)` \| `?([^`|]+?)`? \|", text, re.M))
    assert {name.lower() for name in rows} == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        if field.default_factory is None and field.default is not None:
            default = f"{field.default:g}" if isinstance(field.default, float) else str(field.default).lower()
            assert rows[name.upper()] == default


def test_both_guides_show_the_same_code() -> None:
    english, chinese = (CODE_SAMPLE.findall((DOCS / guide).read_text("utf-8")) for guide in GUIDES)
    assert len(english) >= 9
    assert english == chinese


@pytest.mark.parametrize("guide", GUIDES)
def test_the_python_of_a_guide_compiles(guide: str) -> None:
    for sample in CODE_SAMPLE.findall((DOCS / guide).read_text("utf-8")):
        if sample.startswith("```python"):
            compile(sample.split("\n", 1)[1].rsplit("\n", 1)[0], guide, "exec")


@pytest.mark.parametrize("page", ["guide.en.md", "guide.zh.md", "reference/cli.md", "reference/codes.md"])
def test_links_lead_somewhere(page: str) -> None:
    path = DOCS / page
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (path.parent / target).is_file(), f"{page} links to {target}"


@pytest.mark.parametrize("guide", GUIDES)
def test_the_contents_of_a_guide_are_its_headings(guide: str) -> None:
    text = re.sub(r"^```.*?^```$", "", (DOCS / guide).read_text("utf-8"), flags=re.M | re.S)
    headings = {_anchor(heading) for heading in re.findall(r"^#{2,3} (.+)$", text, re.M)}
    listed = re.findall(r"\]\(#([^)]+)\)", text)
    assert len(listed) >= 14
    assert set(listed) <= headings


def _anchor(heading: str) -> str:
    """What a heading is called in a link, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
