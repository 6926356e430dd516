"""`fenlei train --budget`, killed while it tunes the network, goes on where it was and loses nothing that it had."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import torch

from fenlei.modelfile import read
from fenlei.training.report import from_json
from tests.support.cli import LONG, environment
from tests.support.until import until

ROOT = Path(__file__).parents[3]
TUNED = "fine-tuned network"


def begun(steps: Path, *words: str | Path, workspace: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.hurried", str(steps), *map(str, words)],
        env=environment(workspace),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def steps_of(path: Path) -> list[tuple[int, int]]:
    return [(int(done), int(total)) for done, total in map(str.split, path.read_text().splitlines())]


def tried(workspace: Path) -> dict[str, bytes]:
    """What the search has written down of every candidate that it has judged."""
    folder = workspace / "cache" / "searches"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.judged")}


def test_a_command_killed_while_it_tunes_goes_on_from_the_checkpoint_and_keeps_board_and_best(
    leaning: Path, network: Path, tmp_path: Path
) -> None:
    workspace, best = tmp_path / "workspace", tmp_path / "best.fenlei"
    words = ("train", leaning, "-o", best, "--budget", "15m", "--goal", "accurate", "--backbone", network)
    child = begun(tmp_path / "first", *words, workspace=workspace)
    try:
        checkpoint = until(lambda: next((workspace / "cache").rglob("epoch.ckpt"), None), LONG, "an epoch is done")
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=30)
    assert child.returncode == -signal.SIGKILL
    assert checkpoint is not None
    state = torch.load(checkpoint, weights_only=True)
    before, board = read(best), tried(workspace)
    assert not str(before.manifest.recipe["head"]).startswith(TUNED)
    assert len(board) >= 2

    # Where it goes on, the folder has another name, as after a copy to another machine.
    workspace = workspace.rename(tmp_path / "brought here")
    again = begun(tmp_path / "second", *words, workspace=workspace)
    try:
        out, err = again.communicate(timeout=LONG)
    finally:
        again.kill()
    assert again.returncode == 0, err

    # Not an epoch more than the one in which it was killed is learned again.
    total = steps_of(tmp_path / "first")[-1][1]
    assert 0 < state["step"] < total
    resumed = [done for done, of in steps_of(tmp_path / "second") if of == total]
    ended = next((place for place, done in enumerate(resumed) if done < state["step"]), len(resumed))  # others follow
    assert resumed[:ended] == list(range(state["step"], state["step"] + ended))

    # What had been judged was not judged again, and stands on the board; the best is replaced by a better one only.
    after = tried(workspace)
    assert board.items() <= after.items()
    report = from_json(read(best).report["report.json"])
    lines = [each for each in report.candidates if each.log_loss is not None]
    assert len(lines) == len(after)
    chosen = [each.head for each in lines if each.chosen]
    assert len(chosen) == 1
    assert chosen[0].startswith(TUNED)
    assert chosen[0].endswith("anew from everything")
    assert report.recipe.head == f"{TUNED}, anew from everything"
    assert "pictures by a network that was fine-tuned without them, and carried over" in out
