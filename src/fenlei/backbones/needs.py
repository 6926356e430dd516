"""Import what only training needs, or say which command installs it."""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import Any

from fenlei.backbones.errors import BackboneError


def need(module: str, purpose: str) -> Any:
    """Import a module of the `train` extra.

    Args:
        module: its name.
        purpose: what it is needed for, ending a sentence that begins "… is needed to".

    Raises:
        BackboneError: it is not installed, or does not load.
    """
    try:
        return importlib.import_module(module)
    except ImportError as exc:
        raise BackboneError(
            f"{module.split('.', maxsplit=1)[0]} is needed to {purpose}, and cannot be imported ({exc}). "
            "Install it with: pip install 'fenlei[train]'"
        ) from exc


def version(distribution: str) -> str | None:
    """The installed version, None when it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
