"""Runs: followed, waited for, cancelled, asked for again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from fenlei.client.management.errors import PlatformError, Unreachable
from fenlei.client.management.link import PAUSES, Link
from fenlei.client.management.model_records import ModelVersion
from fenlei.client.management.records import Candidate, Event, Run, Step, Worker
from fenlei.client.management.suspects import Suspects


class RunEnded(PlatformError):
    """A run that was waited for failed or was cancelled.

    Attributes:
        run: as it ended.
    """

    def __init__(self, run: Run) -> None:
        reason = f": {run.error}" if run.error else "."
        super().__init__(f"The run {run.id} {'failed' if run.state == 'failed' else 'was cancelled'}{reason}")
        self.run = run


class Runs:
    """What runs on the platform, has run, or waits to."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def get(self, run_id: str) -> Run:
        """A run."""
        return self._link.get(f"/runs/{run_id}", Run)

    def list(
        self, *, project_id: str | None = None, state: str | None = None, kind: str | None = None
    ) -> Iterator[Run]:
        """Runs, the latest first."""
        return self._link.pages("/runs", Run, project_id=project_id, state=state, kind=kind)

    def cancel(self, run_id: str, *, force: bool = False) -> Run:
        """Ask a run to stop; asked again, or with `force`, its process is killed."""
        return self._link.post(f"/runs/{run_id}/cancel", Run, force=force)

    def finish(self, run_id: str) -> Run:
        """End a training with the best model so far; it is done then, with a model version. `wait` waits for that."""
        return self._link.post(f"/runs/{run_id}/finish", Run)

    def keep_best(self, run_id: str) -> ModelVersion:
        """Make a model version of the best that a training has found so far, while it goes on."""
        return self._link.post(f"/runs/{run_id}/model-version", ModelVersion)

    def leaderboard(self, run_id: str) -> Sequence[Candidate]:
        """What a training has tried so far, in this order; when it is done, also what was left out."""
        return self._link.get(f"/runs/{run_id}/leaderboard", list[Candidate])

    def retry(self, run_id: str) -> Run:
        """Ask for it again, as a new run."""
        return self._link.post(f"/runs/{run_id}/retry", Run)

    def steps(self, run_id: str) -> Sequence[Step]:
        """The parts of a run that were begun; what is done is not done again after a kill."""
        return self._link.get(f"/runs/{run_id}/steps", list[Step])

    def suspects(self, run_id: str, first: int = 100) -> Suspects:
        """The pictures that a training would have somebody look at again, and what became of them since."""
        return self._link.get(f"/runs/{run_id}/suspects", Suspects, first=first)

    def log(self, run_id: str, target: str | Path, *, step: str | None = None) -> Path:
        """Save the log of a run, or of one of its steps."""
        return self._link.download(f"/runs/{run_id}/log", Path(target), step=step)

    def file(self, run_id: str, target: str | Path) -> Path:
        """Save the file that a run has made: the zip of an export."""
        return self._link.download(f"/runs/{run_id}/file", Path(target))

    def workers(self) -> Sequence[Worker]:
        """The processes that carry out runs; without one, runs wait."""
        return self._link.get("/workers", list[Worker])

    def events(self, run_id: str, after: int = 0) -> Iterator[Event]:
        """What happens in a run, as it happens, until it is over. A broken connection is taken up again."""
        failures = 0
        while True:
            try:
                for event in self._follow(run_id, after):
                    after, failures = event.id, 0
                    yield event
                if self.get(run_id).is_over:
                    # Between the last line and the question something may have been written.
                    yield from self._follow(run_id, after)
                    return
            except Unreachable:
                if failures == len(PAUSES):
                    raise
                time.sleep(PAUSES[failures])
                failures += 1

    def wait(
        self,
        run_id: str,
        *,
        on_progress: Callable[[str, float], None] = lambda stage, part: None,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> Run:
        """Wait until a run is done.

        Args:
            run_id: which one.
            on_progress: told its stage, and how much of it is done, 0 to 1.
            on_event: told of everything that happens in it: each `candidate` of a training, seconds left in `progress`.

        Raises:
            RunEnded: it failed or was cancelled.
        """
        for event in self.events(run_id):
            on_event(event)
            if event.kind == "progress":
                on_progress(str(event.data.get("stage", "")), float(event.data.get("fraction", 0.0)))
        run = self.get(run_id)
        if run.state != "done":
            raise RunEnded(run)
        return run

    def _follow(self, run_id: str, after: int) -> Iterator[Event]:
        for line in self._link.lines(f"/runs/{run_id}/events", after=after):
            if line.startswith("data: "):
                yield msgspec.json.decode(line[6:], type=Event, strict=False)
