"""An interpreter that has three packages and nothing else: what somebody has who was handed an export."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("numpy", "onnxruntime", "PIL")


def bare_python(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python with numpy, ONNX Runtime and Pillow alone, in an empty folder.

    Args:
        folder: where links to the packages may be laid.
        words: what stands behind `python`.
    """
    if not folder.exists():
        folder.mkdir()
        for package in PACKAGES:
            found = find_spec(package)
            assert found is not None
            assert found.origin is not None
            home = Path(found.origin).parent
            (folder / package).symlink_to(home)
            for beside in (f"{package.lower()}.libs", "pillow.libs"):
                libraries = home.parent / beside
                if libraries.is_dir() and not (folder / beside).exists():
                    (folder / beside).symlink_to(libraries)
    return subprocess.run(
        [sys.executable, "-S", *map(str, words)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "PYTHONUTF8": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
