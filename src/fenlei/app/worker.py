"""Wire the worker, and the process of one run that it starts."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from fenlei.app.logs import set_up_logs
from fenlei.app.storage import open_store, store_address
from fenlei.projects.recipes import recipes
from fenlei.projects.training_run import TRAIN
from fenlei.runs import LocalProcesses, Manners, run_job, run_worker
from fenlei.runs.deathwatch import die_with_worker
from fenlei.settings import Settings
from fenlei.store import Store

log = logging.getLogger(__name__)

RUN_JOB = "run-job"
"""The command that carries out one run; the worker puts the run's id and fence behind it."""


def work(
    settings: Settings, *, concurrency: int = 2, tied: bool = False, on_ready: Callable[[], None] = lambda: None
) -> int:
    """Carry out runs until SIGTERM or SIGINT; what is under way then goes on elsewhere, or later.

    Args:
        settings: of this process, and of those it starts.
        concurrency: runs side by side; one training at most, so that an import need not wait for it.
        tied: end when standard input does, which is a pipe of the server that started this.
        on_ready: called when it begins to look for runs.

    Returns:
        The exit status: 0.

    Raises:
        StoreError: database or blobs cannot be used.
    """
    if tied:
        die_with_worker()
    set_up_logs(settings.log_format)
    store = open_store(settings)
    compute = LocalProcesses([sys.executable, "-m", "fenlei", RUN_JOB], environment=settings.environment())
    try:
        run_worker(store, compute, Manners(concurrency=concurrency, most={TRAIN: 1}), ready=on_ready)
    finally:
        store.close()
    return 0


def carry_out_run(settings: Settings, run_id: str, fence: int) -> int:
    """Be the process of one run; returns its exit status."""
    set_up_logs(settings.log_format)
    store = Store.at(store_address(settings))
    known = recipes(uploads=settings.uploads, cache=settings.cache, engine=settings.engine, backbone=settings.backbone)
    try:
        return run_job(store, known, run_id, fence)
    finally:
        store.close()
