"""Run backbone networks on this machine: engines behind one seam, and many pictures at once.

Importing this room imports no engine library; `open_engine` imports the one it needs.
"""

from __future__ import annotations

from fenlei.inference.cores import usable_cores
from fenlei.inference.embedding import embed
from fenlei.inference.engine import Engine, EngineClosed, EngineError, EngineMissing
from fenlei.inference.gpu import resolved
from fenlei.inference.open import open_engine

__all__ = ["Engine", "EngineClosed", "EngineError", "EngineMissing", "embed", "open_engine", "resolved", "usable_cores"]
