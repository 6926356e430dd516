"""Fenlei: a folder of pictures becomes a prediction URL.

    import fenlei
    model = fenlei.train("photos/")                # a Model
    model.save("photos.fenlei")
    fenlei.load("photos.fenlei").predict("cat.jpg").label
    fenlei.rebuild("photos.fenlei", "photos/")     # the same file again
    with fenlei.Bench() as bench: ...              # step by step, as graphs do
    fenlei.Client(url, key).predict("cat.jpg")     # over HTTP
    fenlei.Platform(url, token).datasets.list()    # what `fenlei up` runs

Names are loaded on first use: `import fenlei` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fenlei.client import AsyncClient, Client
    from fenlei.client.management import Platform
    from fenlei.contract.errors import FenleiError
    from fenlei.model import Model, load, train
    from fenlei.model.bench import Bench
    from fenlei.model.compare import compare
    from fenlei.model.rebuild import rebuild

__all__ = [
    "AsyncClient",
    "Bench",
    "Client",
    "FenleiError",
    "Model",
    "Platform",
    "__version__",
    "compare",
    "load",
    "rebuild",
    "train",
]

__version__ = "0.1.0"

_HOME = {
    "AsyncClient": "fenlei.client",
    "Bench": "fenlei.model.bench",
    "Client": "fenlei.client",
    "FenleiError": "fenlei.contract.errors",
    "Model": "fenlei.model",
    "Platform": "fenlei.client.management",
    "compare": "fenlei.model.compare",
    "load": "fenlei.model",
    "rebuild": "fenlei.model.rebuild",
    "train": "fenlei.model",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'fenlei' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
