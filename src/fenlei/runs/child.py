"""The process of one run: what it owes to its worker, around what it does."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

from fenlei.contract.errors import FenleiError
from fenlei.runs.carry_out import carry_out
from fenlei.runs.deathwatch import die_with_worker, end_in, end_no_more
from fenlei.runs.errors import LeaseLost
from fenlei.runs.pulse import Pulse
from fenlei.runs.recipe import Recipes
from fenlei.runs.reclaim import SPARE
from fenlei.store import Store

log = logging.getLogger(__name__)

SETTLED, NOT_SETTLED, LOST = 0, 1, 3
"""Exit statuses: what became of the run is written down; it is not; it is none of ours any more."""


def run_job(
    store: Store,
    recipes: Recipes,
    run_id: str,
    fence: int,
    *,
    lease: float = 10.0,
    beat: float = 2.0,
    attempts: int = 5,
    nice: int = 5,
) -> int:
    """Carry out a run as the only work of this process. To be called in its main thread by a process that a worker
    started, its standard input being the pipe that `LocalProcesses` made.

    SIGTERM asks it to stop at the next step, so that another worker goes on with the run. It ends at once when its
    worker is gone, when somebody else has the run, or when it could not renew the lease in time.

    Args:
        store: opened in this process.
        recipes: by kind of run.
        run_id: which.
        fence: under which it was claimed.
        lease: seconds that a lease lasts.
        beat: seconds between two renewals.
        attempts: how often a run may be begun without finishing a step.
        nice: how far it stands back behind other processes, such as those that answer predictions.

    Returns:
        The exit status: 0 when what became of the run is written down.
    """
    die_with_worker()
    _stand_back(nice)
    # In SQLite a long writer keeps us from renewing the lease. Then all workers are on this machine: they see that we
    # live, and wait longer before they take the run.
    spare = SPARE * lease if store.database.is_sqlite else 0.0

    def began(pulse: Pulse) -> None:
        signal.signal(signal.SIGTERM, lambda number, frame: pulse.drain())

    try:
        carry_out(
            store,
            recipes,
            run_id,
            fence,
            lease=lease,
            beat=beat,
            attempts=attempts,
            armed=lambda seconds: end_in(seconds + spare),
            lost=lambda: os._exit(LOST),
            began=began,
        )
    except LeaseLost:
        log.warning("lease lost", extra={"run": run_id})
        return LOST
    except FenleiError as exc:
        log.error("run not settled", extra={"run": run_id, "error": str(exc)})
        return NOT_SETTLED
    finally:
        end_no_more()
    return SETTLED


def _stand_back(nice: int) -> None:
    os.nice(nice)
    if sys.platform == "linux":
        # When memory runs out, the run is to go, not the server.
        try:
            Path("/proc/self/oom_score_adj").write_text("500")
        except OSError:
            log.info("oom score not set")
