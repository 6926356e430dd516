"""Which files a person means: files, folders (all pictures below), and patterns the shell left as they were."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from fenlei.contract.errors import FenleiError


def find_pictures(named: Sequence[str]) -> list[Path]:
    """Every file that is meant, in the order given, folders and patterns sorted, each file once.

    Inside a folder the ending counts; a file that is named itself is taken whatever it is called.

    Raises:
        FenleiError: a name is neither file, folder nor pattern that finds any, or nothing is left to do.
    """
    from fenlei.datasets.folder import PICTURE_ENDINGS

    found: dict[Path, None] = {}
    for name in named:
        path = Path(name)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower()[1:] in PICTURE_ENDINGS and p.is_file())
        elif path.exists():
            inside = [path]
        else:
            inside = sorted(Path(match) for match in glob.glob(name, recursive=True) if Path(match).is_file())  # noqa: PTH207
            if not inside:
                raise FenleiError(f"{name}: there is no such file or folder, and no file of that pattern.")
        found.update(dict.fromkeys(inside))
    if not found:
        endings = ", ".join(sorted(PICTURE_ENDINGS))
        raise FenleiError(f"No pictures in {', '.join(named)}; files ending in {endings} are looked for.")
    return list(found)
