"""Carry runs out in this process, for tests in which nobody is killed."""

from __future__ import annotations

from collections.abc import Callable

from fenlei.api import Platform
from fenlei.datasets import carry_out as datasets_carry_out
from fenlei.runs import Recipe, RunContext, carry_out
from fenlei.store.tables import Run

Finish = Callable[[str], Run]


def finisher(platform: Platform) -> Finish:
    """A function that carries out a queued run to its end, and gives the run."""
    store = platform.store

    def bring_in(context: RunContext) -> dict[str, object]:
        import_id = str(context.run.subject["import_id"])
        context.log(f"bringing in {import_id}")
        return datasets_carry_out.carry_out(store, platform.uploads, import_id, guard=context.guard)

    recipes: dict[str, Recipe] = {"import": bring_in}

    def finish(run_id: str) -> Run:
        with store.writing() as work:
            job = work.jobs.claim("wk_00000000000000000000000000", 60.0)
            assert job is not None
            assert job.run_id == run_id
        carry_out(store, recipes, run_id, job.fence)
        with store.reading() as work:
            return work.runs.get(run_id)

    return finish
