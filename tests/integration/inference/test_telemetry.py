"""Nothing is reported to anybody: OpenVINO's own telemetry stays out of the process and of the home folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.networks import tiny_network


def test_opening_and_running_an_engine_loads_no_telemetry_and_leaves_the_home_folder_empty(tmp_path: Path) -> None:
    network, home = tmp_path / "tiny.onnx", tmp_path / "home"
    network.write_bytes(tiny_network())
    home.mkdir()
    program = """
import sys
from pathlib import Path
import numpy as np
from fenlei.inference import open_engine
engine = open_engine(Path(sys.argv[1]), size=(32, 32), kind="openvino", streams=1)
engine.infer(np.zeros((1, 32, 32, 3), np.uint8))
engine.close()
print([name for name, module in sys.modules.items() if name.startswith("openvino_telemetry") and module])
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(network)],
        env={**{name: value for name, value in os.environ.items() if name != "CI"}, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"
    assert list(home.iterdir()) == []
