"""`fenlei train DIR`: a folder of pictures becomes a model file."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fenlei.cli.aims import AIMS, Aim
from fenlei.cli.console import err, out, printable, say, shell_quote
from fenlei.cli.demands import Cost, Precision, by_class, price, share
from fenlei.cli.durations import seconds
from fenlei.cli.enough import listening
from fenlei.cli.figures import (
    print_classes,
    print_confusions,
    print_decision,
    print_headline,
    print_skipped,
    print_unknown,
)
from fenlei.cli.leaderboard import print_board, print_line
from fenlei.cli.options import Workspace
from fenlei.cli.policy import Policy
from fenlei.cli.progress import progress
from fenlei.cli.suspects import print_first
from fenlei.cli.versus import print_since
from fenlei.contract.errors import FenleiError

if TYPE_CHECKING:
    from fenlei.training.report import CandidateResult, Report


class Goal(StrEnum):
    """What matters most."""

    FAST = "fast"
    BALANCED = "balanced"
    ACCURATE = "accurate"


GOOD = "good"
WORDS = {"doubtful": "Doubtful", "next": "Next", "note": "Note"}
"""What stands before a sentence of advice; what is good is seen above it."""


def train(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Class folders, or train/ and test/ (or val/) of class folders, or a zip of these.",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Model file to write.  [default: DIR's name + .fenlei, here]")
    ] = None,
    goal: Annotated[Goal, typer.Option(help="What matters most: speed of answers, or being right.")] = Goal.BALANCED,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Time to spend: 30s, 10m, 2h.  [default: what the goal asks for]")
    ] = None,
    aim: Annotated[
        Aim | None, typer.Option(help="The figure to raise.  [default: by the sizes of the classes]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same pictures, same machine: same model file.")] = 0,
    backbone: Annotated[
        str | None,
        typer.Option(help="Use this backbone only: a name of `fenlei backbones list`, a file, or hf:org/name."),
    ] = None,
    size: Annotated[int | None, typer.Option(min=32, max=1024, help="Input size in pixels, with --backbone.")] = None,
    policy: Annotated[Policy | None, typer.Option(help="Resize policy.  [default: chosen]")] = None,
    test_fraction: Annotated[
        float, typer.Option(min=0.05, max=0.5, help="Share held out for the final figures, where DIR has no test/.")
    ] = 0.2,
    synthetic_parity: Annotated[
        bool, typer.Option("--synthetic-parity", help="Let no picture of yours travel in the model file.")
    ] = False,
    false_rejects: Annotated[
        float,
        typer.Option(
            min=0.001, max=0.5, help="Share of known pictures that the rule for unknown ones may call unknown."
        ),
    ] = 0.05,
    precision: Precision = None,
    cost: Cost = None,
    reference_backbone: Annotated[
        bool,
        typer.Option("--reference-backbone", help="Leave the backbone out of the model file; find it by digest."),
    ] = False,
    since: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL",
            help="Go on from this model file: its way of learning is tried early, what judged it judges the new "
            "one too, and the two are compared.",
        ),
    ] = None,
    fine_tune: Annotated[
        bool,
        typer.Option("--fine-tune/--no-fine-tune", help="With a --budget that suffices, train the network itself too."),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
    workspace: Workspace = None,
) -> None:
    """Learn from a folder of pictures and write a model file."""
    from fenlei.model import train as learn
    from fenlei.settings import Settings
    from fenlei.training.progress import Cancelled

    shares, costs = by_class(precision, share, "--precision"), by_class(cost, price, "--cost")
    target = _target(directory, output)
    time_given = seconds(budget) if budget is not None else None
    settings = Settings.at(workspace)
    _tell_engine(settings.engine)
    started = time.monotonic()
    with progress(quiet=as_json) as report, listening() as enough:

        def heard(result: CandidateResult) -> None:
            if time_given is not None and not as_json:
                print_line(result)
            enough.something = time_given is not None

        try:
            model = learn(
                directory,
                goal=goal.value,
                budget=time_given,
                seed=seed,
                backbone=backbone,
                size=size,
                policy=policy.value if policy else None,
                test_fraction=test_fraction,
                synthetic_parity=synthetic_parity,
                embed_backbone=not reference_backbone,
                aim=None if aim is None else AIMS[aim],
                false_rejects=false_rejects,
                precision=shares,
                cost=costs,
                since=since,
                fine_tune=fine_tune,
                keep=target,
                workspace=settings.workspace,
                progress=report,
                cancelled=lambda: enough.dropped,
                enough=enough,
                heard=heard,
                outlook=lambda outlook: report.time(*outlook),
            )
        except Cancelled:
            raise KeyboardInterrupt from None
        if enough.dropped:
            raise KeyboardInterrupt
    with model:
        try:
            digest = model.save(target)
        except OSError as exc:
            raise FenleiError(
                f"{target} cannot be written ({exc.strerror or exc}). What was computed is kept: "
                "training again into another place takes little time."
            ) from exc
        if as_json:
            typer.echo(model.report_json)
        else:
            summarise(model.report)
        took = time.monotonic() - started
        err.print()
        say(f"{target}  {target.stat().st_size / 1e6:.1f} MB  sha256 {digest[:16]}…  {took:.1f} s", style="bold")
        say("Look at the report:  fenlei report " + shell_quote(target))
        say("Serve it:            fenlei serve " + shell_quote(target))


def _tell_engine(kind: str) -> None:
    """Where there is a GPU, say whether it is used, and what to do where it is not."""
    from fenlei.inference.gpu import AUTO, choose_engine

    if kind != AUTO or choose_engine().device is None:
        return
    choice = choose_engine()
    say(f"Networks run on {choice.kind}: {choice.why}")
    if choice.remedy:
        say(f"  → {choice.remedy}")


def _target(directory: Path, output: Path | None) -> Path:
    """Where the model goes; a place that cannot be written is refused before the work, not after it."""
    from fenlei.model import default_path

    output = output or default_path(directory)
    if output.is_dir():
        raise FenleiError(f"{output} is a folder; --output needs the name of a file, such as {output / 'm.fenlei'}.")
    if output.exists() and not output.is_file():
        raise FenleiError(f"{output} is no regular file; --output needs the name of a file that may be replaced.")
    folder = output.resolve().parent
    if not folder.is_dir():
        raise FenleiError(f"{folder}: there is no such folder to write the model file into; make it first.")
    probe = folder / f".{output.name}.probe"
    try:
        probe.touch()
        probe.unlink()
    except OSError as exc:
        raise FenleiError(f"{folder} cannot be written to ({exc.strerror}); choose another place by --output.") from exc
    return output


def summarise(report: Report) -> None:
    """Print what a person wants to know first."""
    origin = " that you set aside" if report.test_origin == "folder" else " held out, that nothing else saw"
    out.print()
    print_headline(report.evaluation, origin)
    chosen = report.recipe
    out.print(
        f"{chosen.backbone} at {chosen.size} px ({chosen.policy}), {chosen.head}; "
        f"learned from {chosen.fitted_on} pictures.",
        markup=False,
        soft_wrap=True,
    )
    if any(each.seconds is not None for each in report.candidates):
        print_board(report.candidates)
    if report.since is not None:
        print_since(report.since)
    print_classes(report.evaluation, [count.train for count in report.counts])
    print_confusions(report.evaluation)
    print_first(report)
    print_unknown(report.unknown, report.no_unknown)
    print_decision(report.decision)
    for sentence in report.advice:
        if sentence.kind != GOOD:
            out.print(f"{WORDS[sentence.kind]}: {printable(sentence.en)}", markup=False, soft_wrap=True)
    print_skipped([(file.name, file.reason) for file in report.skipped])
