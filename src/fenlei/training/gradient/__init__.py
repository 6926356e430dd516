"""Where a model looks, by derivatives: for every model whose network torch can follow, where torch is installed."""

from __future__ import annotations

from fenlei.training.gradient.errors import NoGradientMap
from fenlei.training.gradient.map import GradientMap

__all__ = ["GradientMap", "NoGradientMap"]
