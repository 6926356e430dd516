"""Judge a candidate as long as there is time to make a model of it, should it turn out to be the best."""

from __future__ import annotations

from collections.abc import Callable

from fenlei.training.head import Judged
from fenlei.training.progress import Enough, Watch
from fenlei.training.timetable import Timetable


def judged_in_time(judge: Callable[[], Judged], watch: Watch, timetable: Timetable, telling: float) -> Judged | None:
    """Judge it; None where that took longer than was thought, and too little is left for what comes then. Others may
    still fit.

    Args:
        judge: does it; asks `watch` often.
        watch: of the search.
        timetable: of the search.
        telling: seconds that a model of it takes to be made beside that; 0 where nothing was judged before, and this
            is done in any case.

    Raises:
        Enough: the time of the search is over, or somebody has had enough.
        Cancelled, FenleiError: as `judge`.
    """
    if telling <= 0 or timetable.deadline is None:
        return judge()
    watch.may_end_early(timetable.deadline - telling)
    try:
        return judge()
    except Enough:
        if watch.had_enough or timetable.room <= 0:
            raise
        return None
    finally:
        watch.may_end_early(timetable.deadline)
