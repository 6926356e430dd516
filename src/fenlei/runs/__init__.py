"""Runs: asked for, queued, carried out by processes that may die, and told about as they go on."""

from fenlei.runs.carry_out import carry_out
from fenlei.runs.child import run_job
from fenlei.runs.compute import Child, Compute
from fenlei.runs.context import RunContext
from fenlei.runs.errors import LeaseLost, RunStopped
from fenlei.runs.follow import OVER, News, events_after, follow, news
from fenlei.runs.local import LocalProcesses
from fenlei.runs.log_text import log_text
from fenlei.runs.manners import Manners
from fenlei.runs.queue import ask_again, call_off, cancel, end_early, enqueue, position, retry
from fenlei.runs.reason import Reason
from fenlei.runs.recipe import Recipe, Recipes
from fenlei.runs.worker import run_worker

__all__ = [
    "OVER",
    "Child",
    "Compute",
    "LeaseLost",
    "LocalProcesses",
    "Manners",
    "News",
    "Reason",
    "Recipe",
    "Recipes",
    "RunContext",
    "RunStopped",
    "ask_again",
    "call_off",
    "cancel",
    "carry_out",
    "end_early",
    "enqueue",
    "events_after",
    "follow",
    "log_text",
    "news",
    "position",
    "retry",
    "run_job",
    "run_worker",
]
