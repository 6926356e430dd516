"""`auto` is the GPU where one answers and OpenVINO everywhere else; nobody without a GPU pays for the question."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fenlei.inference import EngineError, open_engine, resolved
from fenlei.inference.gpu import AUTO, CPU, GPU, INSTALL, PROBE, ask_gpu, choose_between, choose_engine, find_drivers
from fenlei.inference.open import KINDS
from tests.support.engine_suite import NETWORK, SIZE, pictures

no_gpu = pytest.mark.skipif(bool(find_drivers()), reason="this machine has the driver of a GPU")


@no_gpu
def test_without_a_gpu_auto_is_openvino_to_the_last_bit_and_in_the_same_kept_file(tmp_path: Path) -> None:
    assert (resolved(AUTO), choose_engine().remedy) == (CPU, "")
    plain = open_engine(NETWORK, size=(SIZE, SIZE), kind=CPU, streams=1, cache=tmp_path)
    auto = open_engine(NETWORK, size=(SIZE, SIZE), kind=AUTO, streams=1, cache=tmp_path)
    assert auto.name == plain.name == CPU
    np.testing.assert_array_equal(auto.infer(pictures(2)), plain.infer(pictures(2)))
    assert len(list(tmp_path.iterdir())) == 1
    auto.close()
    plain.close()


QUESTION = """
import sys
from fenlei.inference.gpu import choose_engine
print(choose_engine().kind, *(name for name in ("onnxruntime", "openvino", "torch") if name in sys.modules))
"""


@no_gpu
def test_without_a_gpu_the_question_loads_no_library() -> None:
    done = subprocess.run([sys.executable, "-c", QUESTION], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [CPU]


def test_a_driver_is_found_where_it_lies(tmp_path: Path) -> None:
    there, absent = tmp_path / "nvidiactl", tmp_path / "other"
    there.touch()
    if sys.platform != "win32":
        assert find_drivers([absent, there]) == [str(there)]
    assert choose_between([]).kind == CPU


def test_a_gpu_without_cuda_in_onnx_runtime_is_left_aside_and_it_is_said_what_to_install() -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("CUDA is installed here")
    choice = choose_between(["/dev/nvidiactl"])
    assert choice.kind == CPU
    assert "/dev/nvidiactl" in choice.why
    assert "CUDAExecutionProvider" in choice.why
    assert choice.remedy == INSTALL


def test_a_gpu_that_does_not_answer_is_left_aside_and_one_that_does_is_taken() -> None:
    def mute() -> None:
        raise EngineError("ONNX Runtime could not start CUDAExecutionProvider: libcudnn.so.9 is missing.")

    def absent() -> None:
        raise ImportError("No module named 'onnxruntime'")

    for ask, said in ((mute, "libcudnn"), (absent, "No module named")):
        choice = choose_between(["/dev/nvidiactl"], ask)
        assert (choice.kind, choice.remedy) == (CPU, INSTALL)
        assert said in choice.why
    assert choose_between(["/dev/nvidiactl"], lambda: None)[:3] == (GPU, "an NVIDIA GPU answered (/dev/nvidiactl)", "")


@pytest.mark.skipif(not find_drivers(), reason="needs a GPU")
def test_where_cuda_and_a_gpu_are_auto_runs_on_it() -> None:
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("ONNX Runtime has no CUDA here")
    ask_gpu()
    engine = open_engine(NETWORK, size=(SIZE, SIZE), kind=AUTO, streams=1)
    cpu = open_engine(NETWORK, size=(SIZE, SIZE), kind=CPU, streams=1)
    assert engine.name == GPU
    np.testing.assert_allclose(engine.infer(pictures(4)), cpu.infer(pictures(4)), atol=1e-4)
    np.testing.assert_array_equal(engine.infer(pictures(4))[1:2], engine.infer(pictures(2)[1:]))
    engine.close()
    cpu.close()


def test_the_network_that_a_gpu_is_asked_by_is_what_it_is_said_to_be() -> None:
    nodes = [
        helper.make_node("Cast", ["p"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["f"], ["t"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["t", "w"], ["c"]),
        helper.make_node("GlobalAveragePool", ["c"], ["m"]),
        helper.make_node("Flatten", ["m"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "probe",
        [helper.make_tensor_value_info("p", TensorProto.UINT8, ["n", 8, 8, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(np.ones((1, 3, 1, 1), np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="")
    assert onnx.load_from_string(PROBE) == model
    for kind in ("openvino", "onnxruntime"):
        engine = open_engine(PROBE, size=(8, 8), kind=kind, streams=1)
        np.testing.assert_array_equal(engine.infer(np.ones((1, 8, 8, 3), np.uint8)), [[3.0]])
        engine.close()


def test_every_kind_is_named_where_one_is_asked_for_that_is_none() -> None:
    with pytest.raises(EngineError) as caught:
        open_engine(NETWORK, size=(SIZE, SIZE), kind="gpu")
    assert all(kind in str(caught.value) for kind in KINDS)
