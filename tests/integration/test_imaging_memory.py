"""One request never takes more than 150 MB, whatever the picture; asked of a child process with a clean history."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.oddities import blank_png, chunk

BOUND_MB = 150

CHILD = """
import resource, sys
from pathlib import Path
from fenlei.imaging import InputSpec, check, prepare

def peak() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1 << 20 if sys.platform == "darwin" else 1 << 10)

spec = InputSpec(height=320, width=320)
small, large = (Path(name).read_bytes() for name in sys.argv[1:])
prepare(small, spec)
before = peak()
prepare(large, spec, check(large))
print(peak() - before)
"""


def large_jpeg(mode: str) -> bytes:
    """4096 × 4096, progressive: the decoder must hold every coefficient."""
    ramp = np.arange(4096, dtype=np.uint8)
    plane = Image.fromarray(ramp[:, None] ^ ramp[None, :])
    out = io.BytesIO()
    Image.merge(mode, [plane] * len(mode)).save(out, "JPEG", progressive=True, subsampling=0, quality=30)
    return out.getvalue()


LARGE: dict[str, Callable[[], bytes]] = {
    "8-bit RGBA": lambda: blank_png(4096, 4096, 6, 8),
    "16-bit RGBA": lambda: blank_png(4096, 4096, 6, 16),
    "16-bit grey with a key": lambda: blank_png(4096, 4096, 0, 16, [chunk(b"tRNS", bytes([9, 9]))]),
    "16-bit RGB with a key": lambda: blank_png(4096, 4096, 2, 16, [chunk(b"tRNS", bytes([9] * 6))]),
    "progressive RGB": lambda: large_jpeg("RGB"),
    "progressive CMYK": lambda: large_jpeg("CMYK"),
}


@pytest.mark.parametrize("kind", LARGE)
def test_the_largest_picture_of_each_kind_stays_within_the_memory_of_one_request(kind: str, tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(blank_png(64, 64, 6, 8))
    large.write_bytes(LARGE[kind]())
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(small), str(large)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < BOUND_MB
