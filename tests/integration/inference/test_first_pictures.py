"""The first pictures of a process may come from many threads at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.networks import tiny_network

PROGRAM = """
import sys, threading
from pathlib import Path
import numpy as np
from fenlei.inference import open_engine

engine = open_engine(Path(sys.argv[1]), size=(32, 32), kind=sys.argv[2], streams=8)
start = threading.Barrier(8)

def first():
    start.wait()
    engine.infer(np.zeros((1, 32, 32, 3), np.uint8))

threads = [threading.Thread(target=first) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.parametrize("kind", ["openvino", "onnxruntime"])
def test_first_pictures_from_many_threads_do_not_wait_for_each_other_for_ever(kind: str, tmp_path: Path) -> None:
    network = tmp_path / "tiny.onnx"
    network.write_bytes(tiny_network())
    # A race: one process showed it two times in five, so a few of them must all come through.
    children = [subprocess.Popen([sys.executable, "-c", PROGRAM, str(network), kind]) for _ in range(5)]
    try:
        assert [child.wait(60) for child in children] == [0] * 5
    finally:
        for child in children:
            child.kill()
            child.wait(10)
