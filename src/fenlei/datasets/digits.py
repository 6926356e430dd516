"""Real handwritten digits for a first try: the 1,797 pictures that scikit-learn carries, as a tree of class folders.

Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository (1998),
CC BY 4.0; `sklearn.datasets.load_digits`. They lie in the installed package: nothing is downloaded.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from fenlei.contract.errors import FenleiError

SIDE = 64
"""Pixels of a written picture; the originals are 8 × 8 with 17 grey levels."""


class DigitsMissing(FenleiError):
    """The package that carries the digits is not installed."""


def write_digits(folder: Path) -> Path:
    """Write `folder/<digit>/<number>.png` once; a folder that is there is left as it is.

    Returns:
        The folder.

    Raises:
        DigitsMissing: scikit-learn is not installed.
    """
    if folder.is_dir():
        return folder
    try:
        from sklearn.datasets import load_digits
    except ImportError as exc:
        raise DigitsMissing("The digits come with scikit-learn: pip install 'fenlei[train]'.") from exc
    from PIL import Image

    digits = load_digits()
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and renamed: a tree that is there is a whole tree.
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
            place = unfinished / str(label)
            place.mkdir(exist_ok=True)
            small = Image.fromarray((pixels * (255 / 16)).round().astype("uint8"))
            small.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(place / f"{number:04d}.png")
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return folder
