"""A training with a budget on a running platform: watched, killed, published early, ended with its best."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fenlei import Client
from fenlei.client.management import Platform
from tests.support.cli import Said, fenlei
from tests.support.drawing import class_folders, jpeg
from tests.support.platform_process import PlatformProcess
from tests.support.until import until

CLASSES = {"apple": 60, "pear": 60, "plum": 60}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("data") / "fruit", CLASSES, size=40)


def pid_of(workspace: Path, run_id: str) -> int | None:
    """The process that carries a run out, once it says so."""
    with closing(sqlite3.connect(f"file:{workspace / 'fenlei.db'}?mode=ro", uri=True)) as file:
        row = file.execute("SELECT pid FROM jobs WHERE run_id = ? AND state = 'held'", (run_id,)).fetchone()
    return None if row is None else row[0]


def test_a_search_is_watched_killed_published_early_and_ended_with_the_best(
    tmp_path: Path, pictures: Path, backbone: Path
) -> None:
    workspace = tmp_path / "workspace"
    with PlatformProcess(workspace, FENLEI_BACKBONE=str(backbone), FENLEI_ENGINE="onnxruntime") as platform:
        with Platform.by_link(platform.link) as entered:
            token = str(entered.tokens.make("search", "owner").secret)

        def said(*words: str) -> Said:
            return fenlei(*words, workspace=workspace, FENLEI_SERVER=platform.base, FENLEI_TOKEN=token)

        with Platform(platform.base, token) as here:
            dataset = here.datasets.create("fruit")
            here.datasets.bring(dataset.id, pictures)
            project = here.projects.create("fruit", dataset.id, goal="fast", budget=3600, aim="macro-F1")
            run = here.projects.train(project.id)

            until(lambda: len(here.runs.leaderboard(run.id)) >= 2, 60, "two lines on the board")
            early = here.runs.keep_best(run.id)
            first = pid_of(workspace, run.id)
            assert first is not None
            os.kill(first, signal.SIGKILL)
            until(lambda: pid_of(workspace, run.id) not in {None, first}, 60, "another process goes on")
            published = here.deployments.publish(early.id, "fruit")
            with Client(str(published.url), published.key) as client:
                assert client.predict(jpeg(60, 60)).label in CLASSES
            assert here.runs.get(run.id).state == "running", "it was through before it was ended"

            asked = said("runs", "finish", run.id)
            assert asked.code == 0, asked.err
            followed = said("runs", "follow", run.id)
            assert followed.code == 0, followed.err
            assert "<- the best so far" in followed.err
            assert "left" in followed.err
            assert "train is done." in followed.out

            done = here.runs.get(run.id)
            assert (done.result or {})["model_version_id"] != early.id
            events = list(here.runs.events(run.id))
            keys = [event.data["key"] for event in events if event.kind == "candidate"]
            assert len(keys) == len(set(keys)) >= 2
            states = [event.data["state"] for event in events if event.kind == "state"]
            assert states == ["queued", "running", "queued", "running", "running", "done"]
            board = said("runs", "leaderboard", run.id)
            assert "macro-F1" in board.out
            assert "* " in board.out
            chosen = [line for line in here.runs.leaderboard(run.id) if line.chosen]
            assert len(chosen) == 1
            assert chosen[0].score is not None
