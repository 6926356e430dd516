"""How a kind of run is carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fenlei.runs.context import RunContext

Recipe = Callable[[RunContext], dict[str, Any] | None]
"""Carries out a run and returns its result. It may be begun again after a kill; what it puts into steps is not done
again after it is finished. It asks `cancelled()` often and returns, or raises anything, when that is true."""

Recipes = Mapping[str, Recipe]
"""Recipes by kind of run."""
