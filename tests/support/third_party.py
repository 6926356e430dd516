"""A package of somebody else that brings node types, as an installer leaves it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fenlei.pipelines.registry import GROUP


def installed(folder: Path, points: Mapping[str, str], modules: Mapping[str, str]) -> Path:
    """A distribution as an installer leaves it: modules, and beside them a dist-info that names entry points."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    told = folder / "their_nodes-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: their-nodes\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(
        f"[{GROUP}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
    )
    return folder
