"""What every engine promises, examined. A subclass says how its engine is opened."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from fenlei.inference import Engine, EngineClosed, EngineError, open_engine
from tests.support.drawing import pixels
from tests.support.networks import tiny_network

SIZE = 32
NETWORK = tiny_network(SIZE)


def pictures(count: int, seed: int = 0) -> NDArray[np.uint8]:
    """(count, SIZE, SIZE, 3), all different."""
    return np.stack([pixels(SIZE, SIZE, seed=seed + number) for number in range(count)])


def network_with(input_type: int, input_shape: list[int | str], output_shape: list[int | str], kind: str) -> bytes:
    """A network of one node, for asking whether it is refused."""
    node = helper.make_node(kind, ["x"], ["y"])
    if kind == "Cast":
        node.attribute.append(helper.make_attribute("to", TensorProto.FLOAT))
    graph = helper.make_graph(
        [node],
        "odd",
        [helper.make_tensor_value_info("x", input_type, input_shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output_shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


class EngineSuite:
    """Subclass it, name it Test…, and set `kind`."""

    kind: str

    def open(self, network: bytes = NETWORK, size: tuple[int, int] = (SIZE, SIZE), streams: int = 2) -> Engine:
        return open_engine(network, size=size, kind=self.kind, streams=streams)

    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        engine = self.open()
        yield engine
        engine.close()

    def test_it_says_what_it_is(self, engine: Engine) -> None:
        assert (engine.name, engine.size, engine.width, engine.streams) == (self.kind, (SIZE, SIZE), 16, 2)

    def test_features_are_those_of_the_network(self, engine: Engine) -> None:
        evaluator: Any = ReferenceEvaluator(onnx.load_from_string(NETWORK))
        expected = evaluator.run(None, {"pixels": pictures(3)})[0]
        features = engine.infer(pictures(3))
        assert features.dtype == np.float32
        np.testing.assert_allclose(features, expected, atol=1e-5)

    def test_a_picture_scores_the_same_alone_and_in_company(self, engine: Engine) -> None:
        crowd = engine.infer(pictures(9))
        for number, picture in enumerate(pictures(9)):
            np.testing.assert_array_equal(engine.infer(picture[None])[0], crowd[number])

    def test_a_picture_scores_the_same_with_any_number_of_streams(self, engine: Engine) -> None:
        lonely = self.open(streams=1)
        np.testing.assert_array_equal(lonely.infer(pictures(4)), engine.infer(pictures(4)))
        lonely.close()

    def test_many_threads_get_what_one_gets(self, engine: Engine) -> None:
        expected = engine.infer(pictures(24))

        def ask(number: int) -> NDArray[np.float32]:
            first = number % 12
            return engine.infer(pictures(24)[first : first + 1 + number % 5])

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(120)))
        for number, answer in enumerate(answers):
            first = number % 12
            np.testing.assert_array_equal(answer, expected[first : first + 1 + number % 5])

    def test_answers_are_not_overwritten_by_later_ones(self, engine: Engine) -> None:
        first = engine.infer(pictures(1))
        kept = first.copy()
        for seed in range(20, 26):
            engine.infer(pictures(2, seed))
            engine.infer(pictures(1, seed))
        np.testing.assert_array_equal(first, kept)

    def test_no_picture_gives_no_features(self, engine: Engine) -> None:
        assert engine.infer(pictures(1)[:0]).shape == (0, 16)

    def test_a_view_with_gaps_is_read_as_what_it_shows(self, engine: Engine) -> None:
        mirrored = pictures(2)[:, :, ::-1]
        np.testing.assert_array_equal(engine.infer(mirrored), engine.infer(mirrored.copy()))

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            (pictures(1).astype(np.float32), "float32"),
            (pictures(1)[0], "(32, 32, 3)"),
            (pictures(1)[:, :-1], "(1, 31, 32, 3)"),
            (np.zeros((1, 3, SIZE, SIZE), np.uint8), "(1, 3, 32, 32)"),
            (np.zeros((1, SIZE, SIZE, 4), np.uint8), "(1, 32, 32, 4)"),
        ],
    )
    def test_a_wrong_input_is_named_and_harms_nothing(
        self, engine: Engine, wrong: NDArray[np.uint8], said: str
    ) -> None:
        before = engine.infer(pictures(3))
        with pytest.raises(EngineError) as caught:
            engine.infer(wrong)
        assert said in str(caught.value)
        assert "uint8 of shape (n, 32, 32, 3)" in str(caught.value)
        np.testing.assert_array_equal(engine.infer(pictures(3)), before)

    def test_something_that_is_no_array_is_named(self, engine: Engine) -> None:
        with pytest.raises(EngineError, match="list"):
            engine.infer([[1, 2, 3]])  # type: ignore[arg-type]

    def test_a_closed_engine_says_so(self) -> None:
        engine = self.open()
        engine.infer(pictures(2))
        engine.close()
        for count in (1, 3):
            with pytest.raises(EngineClosed):
                engine.infer(pictures(count))
        engine.close()

    def test_closing_lets_calls_in_flight_finish(self) -> None:
        engine = self.open()
        expected = engine.infer(pictures(6))
        started = threading.Barrier(5)
        answers: list[NDArray[np.float32]] = []
        closed: list[int] = []

        def ask(number: int) -> None:
            started.wait(30)
            try:
                while True:
                    answers.append(engine.infer(pictures(6)))
            except EngineClosed:
                closed.append(number)

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, number) for number in range(4)]
            started.wait(30)
            engine.close()
            for each in asking:
                each.result(timeout=30)
        assert sorted(closed) == [0, 1, 2, 3]
        for answer in answers:
            np.testing.assert_array_equal(answer, expected)

    @pytest.mark.parametrize(
        "network", [b"", b"not a network" * 9, NETWORK[:300], NETWORK[:-200]], ids=["empty", "words", "head", "cut"]
    )
    def test_bytes_that_are_no_network_are_refused(self, network: bytes) -> None:
        with pytest.raises(EngineError):
            self.open(network)

    @pytest.mark.parametrize(
        "network",
        [
            network_with(TensorProto.FLOAT, ["n", 3, SIZE, SIZE], ["n", 3, SIZE, SIZE], "Relu"),
            network_with(TensorProto.UINT8, ["n", SIZE, SIZE, 3], ["n", SIZE, SIZE, 3], "Cast"),
            network_with(TensorProto.FLOAT, ["n", 8], ["n", 8], "Relu"),
        ],
        ids=["floats", "pictures out", "no pictures in"],
    )
    def test_a_network_of_another_kind_is_refused_by_what_it_has(self, network: bytes) -> None:
        with pytest.raises(EngineError, match=r"one input, uint8 \(n, height, width, 3\).*`x`"):
            self.open(network)

    def test_a_size_the_network_was_not_made_for_is_refused(self) -> None:
        with pytest.raises(EngineError, match="height 32 and width 32"):
            self.open(size=(48, 48))
