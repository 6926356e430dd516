"""Both engines pass the suite; what only one of them has is examined beside it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from fenlei.inference import EngineError, open_engine
from fenlei.inference.streams import StreamEngine
from tests.support.engine_suite import NETWORK, SIZE, EngineSuite, pictures
from tests.support.networks import tiny_network


class TestOpenVino(EngineSuite):
    kind = "openvino"


class TestOnnxRuntime(EngineSuite):
    kind = "onnxruntime"


def test_the_engines_agree() -> None:
    answers = []
    for kind in ("openvino", "onnxruntime"):
        engine = open_engine(NETWORK, size=(SIZE, SIZE), kind=kind, streams=1)
        answers.append(engine.infer(pictures(5)))
        engine.close()
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-5)


def test_a_picture_that_fails_takes_no_other_with_it() -> None:
    """A network that looks a brightness up in a table of 200: brighter pictures fail while it runs."""
    nodes = [
        helper.make_node("Cast", ["pixels"], ["levels"], to=TensorProto.INT64),
        helper.make_node("ReduceMax", ["levels"], ["brightest"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Gather", ["table", "brightest"], ["features"]),
    ]
    graph = helper.make_graph(
        nodes,
        "picky",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", 2, 2, 3])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(np.arange(400, dtype=np.float32).reshape(200, 2), "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    engine = open_engine(model.SerializeToString(), size=(2, 2), kind="onnxruntime", streams=2)
    mixed = np.stack([np.full((2, 2, 3), level, np.uint8) for level in (1, 2, 250, 3, 4, 5)])
    for _ in range(3):
        with pytest.raises(EngineError, match="ONNX Runtime could not run a picture"):
            engine.infer(mixed)
        with pytest.raises(EngineError, match="ONNX Runtime could not run a picture"):
            engine.infer(mixed[2:3])
    np.testing.assert_array_equal(engine.infer(mixed[3:]), [[6, 7], [8, 9], [10, 11]])
    assert isinstance(engine, StreamEngine)
    assert len(engine._slots._idle) == 2  # no stream was lost on the way
    engine.close()


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    with pytest.raises(EngineError, match="`tensorrt`.*openvino, onnxruntime"):
        open_engine(NETWORK, size=(SIZE, SIZE), kind="tensorrt")


def test_a_device_that_is_not_there_is_named() -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has the device")
    with pytest.raises(EngineError, match="CUDAExecutionProvider"):
        open_engine(NETWORK, size=(SIZE, SIZE), kind="onnxruntime-cuda")


def test_a_network_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"absent\.onnx"):
        open_engine(tmp_path / "absent.onnx", size=(SIZE, SIZE))


def test_a_network_comes_from_a_file_as_from_memory(tmp_path: Path) -> None:
    file = tmp_path / "network.onnx"
    file.write_bytes(NETWORK)
    engine = open_engine(file, size=(SIZE, SIZE), streams=1)
    same = open_engine(NETWORK, size=(SIZE, SIZE), streams=1)
    np.testing.assert_array_equal(engine.infer(pictures(1)), same.infer(pictures(1)))
    engine.close()
    same.close()


@pytest.mark.parametrize("streams", [0, -1])
def test_an_engine_without_streams_is_refused(streams: int) -> None:
    with pytest.raises(EngineError, match="at least 1"):
        open_engine(NETWORK, size=(SIZE, SIZE), streams=streams)


def test_a_compiled_network_is_kept_and_gives_the_same(tmp_path: Path) -> None:
    cold = open_engine(NETWORK, size=(SIZE, SIZE), streams=2, cache=tmp_path)
    (kept,) = tmp_path.iterdir()
    number = kept.stat().st_ino
    warm = open_engine(NETWORK, size=(SIZE, SIZE), streams=2, cache=tmp_path)
    assert kept.stat().st_ino == number
    np.testing.assert_array_equal(cold.infer(pictures(3)), warm.infer(pictures(3)))
    assert warm.width == cold.width == 16


def is_whole(kept: Path) -> bool:
    """Whether a kept file begins with the digest of its rest, and the rest is something."""
    content = kept.read_bytes()
    return len(content) > 1000 and hashlib.sha256(content[32:]).digest() == content[:32]


@pytest.mark.parametrize("place", [0.0, 0.05, 0.2, 0.5, 0.99])
def test_a_kept_file_that_changed_is_made_again(tmp_path: Path, place: float) -> None:
    expected = open_engine(NETWORK, size=(SIZE, SIZE), streams=1, cache=tmp_path).infer(pictures(1))
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    at = int(len(whole) * place)
    kept.write_bytes(whole[:at] + bytes(byte ^ 0x5A for byte in whole[at : at + 8]) + whole[at + 8 :])
    engine = open_engine(NETWORK, size=(SIZE, SIZE), streams=1, cache=tmp_path)
    np.testing.assert_array_equal(engine.infer(pictures(1)), expected)
    assert is_whole(kept)


@pytest.mark.parametrize("content", [b"", b"short", b"\0" * 4096])
def test_a_kept_file_that_is_something_else_is_made_again(tmp_path: Path, content: bytes) -> None:
    open_engine(NETWORK, size=(SIZE, SIZE), streams=1, cache=tmp_path).close()
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(content)
    open_engine(NETWORK, size=(SIZE, SIZE), streams=1, cache=tmp_path).close()
    assert is_whole(kept)


def test_a_kept_file_that_the_library_rejects_is_made_again(tmp_path: Path) -> None:
    open_engine(NETWORK, size=(SIZE, SIZE), streams=1, cache=tmp_path).close()
    (kept,) = tmp_path.iterdir()
    blob = b"whole, but no compiled network"
    kept.write_bytes(hashlib.sha256(blob).digest() + blob)
    engine = open_engine(NETWORK, size=(SIZE, SIZE), streams=1, cache=tmp_path)
    assert engine.infer(pictures(1)).shape == (1, 16)
    assert is_whole(kept)


def test_what_nobody_used_for_long_is_removed(tmp_path: Path) -> None:
    for seed in (1, 2):
        open_engine(tiny_network(SIZE, seed=seed), size=(SIZE, SIZE), streams=1, cache=tmp_path).close()
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    open_engine(tiny_network(SIZE, seed=1), size=(SIZE, SIZE), streams=1, cache=tmp_path).close()
    assert len(list(tmp_path.iterdir())) == 2
    open_engine(NETWORK, size=(SIZE, SIZE), streams=1, cache=tmp_path).close()
    assert len(list(tmp_path.iterdir())) == 2  # the one just used, and the new one


def test_a_cache_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way of a folder")
    engine = open_engine(NETWORK, size=(SIZE, SIZE), streams=1, cache=file / "compiled")
    assert engine.infer(pictures(1)).shape == (1, 16)


def test_networks_sizes_and_streams_do_not_share_a_kept_file(tmp_path: Path) -> None:
    open_engine(NETWORK, size=(SIZE, SIZE), streams=1, cache=tmp_path).close()
    open_engine(NETWORK, size=(SIZE, SIZE), streams=2, cache=tmp_path).close()
    open_engine(tiny_network(SIZE, seed=1), size=(SIZE, SIZE), streams=1, cache=tmp_path).close()
    assert len(list(tmp_path.iterdir())) == 3


def interpreter(code: str) -> str:
    """Run code in a fresh interpreter from the root of the checkout."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60, cwd=root, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_room_imports_no_engine_library() -> None:
    loaded = interpreter("import sys, fenlei.inference; print(*sys.modules)").split()
    assert "fenlei.inference.embedding" in loaded
    assert not {"openvino", "onnxruntime", "torch", "onnx"} & set(loaded)


FORK = """
import os, sys
import fenlei.inference as inference
from tests.support.engine_suite import NETWORK, SIZE, pictures

def run(kind):
    engine = inference.open_engine(NETWORK, size=(SIZE, SIZE), kind=kind, streams=2)
    engine.infer(pictures(3))
    engine.close()

for kind in ("openvino", "onnxruntime"):
    child = os.fork()
    if child == 0:
        run(kind)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    run(kind)
"""

FORK_TOO_LATE = """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of a fork with threads, which is the point
import fenlei.inference as inference
from tests.support.engine_suite import NETWORK, SIZE, pictures

for kind in ("openvino", "onnxruntime"):
    engine = inference.open_engine(NETWORK, size=(SIZE, SIZE), kind=kind, streams=2)
    engine.infer(pictures(3))
    child = os.fork()
    if child == 0:
        try:
            engine.infer(pictures(3))
        except inference.EngineError as exc:
            engine.close()
            os._exit(0 if "fork" in str(exc) else 2)
        os._exit(3)
    assert os.waitpid(child, 0)[1] == 0
    engine.infer(pictures(1))
    engine.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_nothing_is_created_before_a_fork() -> None:
    interpreter(FORK)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_child_is_told_that_the_engine_is_its_parents() -> None:
    interpreter(FORK_TOO_LATE)
