"""Options of `fenlei projects create`, `change` and `train` that say how a model shall be learned."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from fenlei.cli.aims import AIMS, Aim
from fenlei.cli.demands import Cost, Precision, by_class, price, share
from fenlei.cli.durations import seconds
from fenlei.cli.policy import Policy

SETTINGS = "settings"
"""The parameter that the options take the place of."""


def with_training_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `settings_of` in place of its parameter `settings`, which gets what they say."""
    own, options = (inspect.signature(each, eval_str=True).parameters for each in (command, settings_of))

    @functools.wraps(command)
    def asked(**said: Any) -> None:
        settings = settings_of(**{name: said.pop(name) for name in options})
        command(**said, settings=settings)

    parameters = [
        parameter for name, known in own.items() for parameter in (options.values() if name == SETTINGS else (known,))
    ]
    asked.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    asked.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return asked


def settings_of(
    *,
    goal: Annotated[str | None, typer.Option(help="fast, balanced or accurate.")] = None,
    aim: Annotated[
        Aim | None, typer.Option(help="The figure to raise.  [default: by the sizes of the classes]")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(help="Time in all, such as 30s or 10m; a larger one goes on where an earlier training ended."),
    ] = None,
    time_limit: Annotated[str | None, typer.Option(help="Time after which a run is stopped and has failed.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the split and the folds.")] = None,
    backbone: Annotated[str | None, typer.Option(help="This one only, by its id.")] = None,
    size: Annotated[int | None, typer.Option(min=32, max=1024, help="Input size in pixels, with --backbone.")] = None,
    policy: Annotated[Policy | None, typer.Option(help="Resize policy.  [default: chosen]")] = None,
    test_fraction: Annotated[
        float | None,
        typer.Option(min=0.05, max=0.5, help="Share held out for the final figures, where there is no test part."),
    ] = None,
    synthetic_parity: Annotated[
        bool | None,
        typer.Option(
            "--synthetic-parity/--no-synthetic-parity", help="Let no picture of the data set travel in the model file."
        ),
    ] = None,
    false_rejects: Annotated[
        float | None,
        typer.Option(
            min=0.001, max=0.5, help="Share of known pictures that the rule for unknown ones may call unknown."
        ),
    ] = None,
    precision: Precision = None,
    cost: Cost = None,
    fine_tune: Annotated[
        bool | None,
        typer.Option("--fine-tune/--no-fine-tune", help="With a --budget that suffices, train the network itself too."),
    ] = None,
) -> dict[str, Any]:
    """The settings of a training that were named.

    Raises:
        typer.BadParameter: a time, a share or a cost cannot be read.
    """
    shares, costs = by_class(precision, share, "--precision"), by_class(cost, price, "--cost")
    said = {
        "goal": goal,
        "aim": None if aim is None else AIMS[aim],
        "budget": None if budget is None else seconds(budget),
        "time_limit": None if time_limit is None else seconds(time_limit),
        "seed": seed,
        "backbone": backbone,
        "size": size,
        "policy": None if policy is None else policy.value,
        "test_fraction": test_fraction,
        "drawn_parity": synthetic_parity,
        "false_rejects": false_rejects,
        "precision": shares,
        "cost": costs,
        "fine_tune": fine_tune,
    }
    named: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    if shares is not None or costs is not None:
        # One of the two takes the place of the other, which the project may have.
        named |= {"precision": shares, "cost": costs}
    return named
