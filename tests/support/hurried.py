"""`fenlei` with a search that is soon over and a recipe for a network that knows nothing yet, to be killed while it
tunes it: `python -m tests.support.hurried STEPS train DIR …` writes into the file STEPS what it begins."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from fenlei.training import ladder, search
from fenlei.training.finetune import choice
from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.progress import Stage, Watch
from tests.support.tuning import SETTINGS


def hurry(put: Callable[[object, str, object], None] = setattr, settings: TuneSettings = SETTINGS) -> None:
    """Shorten what comes before the last stage, and tune at rates for a network that does not know any photographs."""
    put(choice, "ON_CPU", (settings,))
    for module in (search, ladder):
        put(module, "KINDS", choice.LINEAR)
    put(search, "IN_VAIN", 0)


def note_steps(path: Path) -> None:
    """Write down every step of tuning as `done total`, before it is taken."""
    take = Watch.step

    def step(self: Watch, stage: Stage, done: int, total: int) -> None:
        if stage is Stage.TUNE:
            with path.open("a") as out:
                out.write(f"{done} {total}\n")
        take(self, stage, done, total)

    Watch.step = step  # type: ignore[method-assign]


if __name__ == "__main__":
    from fenlei.cli import main

    hurry()
    note_steps(Path(sys.argv[1]))
    sys.argv = ["fenlei", *sys.argv[2:]]
    main()
