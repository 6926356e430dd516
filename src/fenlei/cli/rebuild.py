"""`fenlei rebuild MODEL DIR`: make a model again, and say whether it came out the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from fenlei.cli.console import out, say
from fenlei.cli.options import AsJson, Workspace
from fenlei.cli.progress import progress
from fenlei.contract.errors import FenleiError

if TYPE_CHECKING:
    from fenlei.model.rebuild import Rebuilt


def rebuild(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.")],
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The pictures that it was made of, wherever they lie now.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Model file to write.  [default: MODEL's name + .rebuilt.fenlei, here]"),
    ] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Make a model again from its pictures, by the recipe in its file and without a search.

    On the machine that made it, by the same engine, the new file is the same, byte for byte. Elsewhere the figures are:
    within a thousandth; of a fine-tuned network, which is learned again with other roundings, but for noise, picture by
    picture of the test part. Exit code 1 when they are not. Backbones are needed as they were: that of a fine-tuned
    network, or of a model on several, is exported again where it is not kept, and refused when it comes out otherwise.
    """
    from fenlei.model.rebuild import compare_files
    from fenlei.model.rebuild import rebuild as make
    from fenlei.settings import Settings

    target = output or Path(f"{model.name.removesuffix('.fenlei')}.rebuilt.fenlei")
    if target.is_dir() or target.resolve() == model.resolve():
        raise FenleiError(f"{target} cannot be replaced; name another file by --output.")
    with (
        progress(quiet=as_json) as report,
        make(model, directory, workspace=Settings.at(workspace).workspace, progress=report) as made,
    ):
        made.save(target)
    found = compare_files(model.read_bytes(), target.read_bytes())
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    elif found.same:
        say(f"{target}: the same file, sha256 {found.sha256[:16]}…", style="bold")
    else:
        say(f"{target}: sha256 {found.sha256[:16]}…, where {model} has {found.original[:16]}…", style="bold")
        out.print(f"These parts differ: {', '.join(found.differs)}.", markup=False, soft_wrap=True)
        for name, (old, new) in found.versions.items():
            out.print(f"It was made with {name} {old}; here it is {new}.", markup=False, soft_wrap=True)
        for name, (before, after) in found.figures.items():
            if before != after:
                out.print(f"{name}: {before:.4f} then, {after:.4f} now.", markup=False, soft_wrap=True)
        say(_verdict(found))
    if not found.same_figures:
        raise typer.Exit(1)


def _verdict(found: Rebuilt) -> str:
    """The sentence that says whether the figures are the same, and by which measure."""
    if found.paired is None:
        if found.same_figures:
            return "The figures are the same within a thousandth."
        return "The figures differ by more than a thousandth."
    seen = found.paired
    low, high = seen.difference_interval
    measured = (
        f"of {seen.pictures} test pictures {seen.only_old} were right only then and {seen.only_new} only now "
        f"({seen.difference:+.1%}, 95 % interval {low:+.1%} to {high:+.1%})"
    )
    if found.same_figures:
        return f"The network was fine-tuned again and is right as often, but for noise: {measured}."
    return f"The network was fine-tuned again and is not right as often: {measured}."
