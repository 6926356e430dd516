"""Many pictures at once: every result, every error, and no thread left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.contract.errors import FenleiError
from fenlei.inference import Engine, EngineClosed, embed, open_engine
from fenlei.inference.engine import EngineError
from tests.support.networks import tiny_network

SIZE = 16


class Bad(FenleiError):
    """A picture that cannot be prepared."""


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    engine = open_engine(tiny_network(SIZE), size=(SIZE, SIZE), kind="onnxruntime", streams=2)
    yield engine
    engine.close()


@pytest.fixture
def engine(shared: Engine) -> Iterator[Engine]:
    """After each test no worker may be left."""
    yield shared
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("fenlei-embed")] == []


def source(number: int) -> Callable[[], bytes]:
    return lambda: bytes([number])


def prepare(data: bytes) -> NDArray[np.uint8]:
    """A picture that is decided by its first byte."""
    if data == b"\xff":
        raise Bad("This one is broken.")
    return np.random.default_rng(data[0]).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)


@pytest.mark.parametrize("workers", [1, 2, 5, None])
def test_every_picture_comes_once_with_its_own_features(engine: Engine, workers: int | None) -> None:
    results = {
        index: (features, pixels)
        for index, features, pixels in embed([source(n) for n in range(40)], prepare, engine, workers=workers)
    }
    assert sorted(results) == list(range(40))
    for index, (features, pixels) in results.items():
        expected = prepare(bytes([index]))
        assert pixels is not None
        np.testing.assert_array_equal(pixels, expected)
        np.testing.assert_array_equal(features, engine.infer(expected[None])[0])


def test_no_pictures_give_no_results(engine: Engine) -> None:
    assert list(embed([], prepare, engine)) == []


def test_a_bad_picture_yields_its_error_and_hurts_nobody(engine: Engine) -> None:
    def vanished() -> bytes:
        raise FileNotFoundError(2, "No such file", "somewhere.jpg")

    def misshapen(data: bytes) -> NDArray[np.uint8]:
        return prepare(data)[1:] if data == b"\x07" else prepare(data)

    sources = [source(n) for n in range(12)]
    sources[3], sources[5] = source(0xFF), vanished
    results = {index: (features, pixels) for index, features, pixels in embed(sources, misshapen, engine, workers=3)}
    assert isinstance(results[3][0], Bad)
    assert isinstance(results[5][0], FenleiError)
    assert "Picture 6" in str(results[5][0])
    assert isinstance(results[5][0].__cause__, FileNotFoundError)
    assert isinstance(results[7][0], FenleiError)
    assert "(1, 15, 16, 3)" in str(results[7][0])
    good = [features for index, (features, _) in results.items() if index not in {3, 5, 7}]
    assert len(good) == 9
    assert all(isinstance(features, np.ndarray) for features in good)


def test_a_mistake_in_the_program_is_raised_not_yielded(engine: Engine) -> None:
    def mistaken(data: bytes) -> NDArray[np.uint8]:
        return prepare(data) if data[0] < 6 else 1 // 0  # type: ignore[return-value]

    with pytest.raises(ZeroDivisionError):
        list(embed([source(n) for n in range(30)], mistaken, engine, workers=2))


def test_an_engine_closed_meanwhile_is_raised_not_yielded(engine: Engine) -> None:
    own = open_engine(tiny_network(SIZE), size=(SIZE, SIZE), kind="onnxruntime", streams=1)
    with pytest.raises(EngineClosed):
        list(embed([source(n) for n in range(60)], prepare, own, workers=2, progress=lambda done, total: own.close()))


def test_progress_counts_every_picture_in_order_on_the_readers_thread(engine: Engine) -> None:
    told: list[tuple[int, int]] = []
    threads = set()

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        threads.add(threading.current_thread())

    assert len(list(embed([source(n) for n in range(9)], prepare, engine, workers=3, progress=progress))) == 9
    assert told == [(number, 9) for number in range(1, 10)]
    assert threads == {threading.current_thread()}


def test_workers_run_side_by_side(engine: Engine) -> None:
    meeting = threading.Barrier(3)

    def meet() -> bytes:
        meeting.wait(30)
        return b"\x01"

    assert len(list(embed([meet] * 6, prepare, engine, workers=3))) == 6


def test_cancelling_begins_no_further_picture(engine: Engine) -> None:
    stop = threading.Event()
    begun_after: list[int] = []

    def counted(number: int) -> Callable[[], bytes]:
        def read() -> bytes:
            if stop.is_set():
                begun_after.append(number)
            return bytes([number])

        return read

    seen = 0
    for _ in embed([counted(n) for n in range(200)], prepare, engine, workers=2, cancelled=stop.is_set):
        seen += 1
        if seen == 5:
            stop.set()
    assert len(begun_after) <= 2  # each worker may just have asked, before the event was set
    assert seen <= 5 + 3 * 2 + 2


def test_a_reader_who_leaves_leaves_no_thread(engine: Engine) -> None:
    results = embed([source(n) for n in range(100)], prepare, engine, workers=3)
    next(results)
    results.close()


def test_an_interrupt_leaves_no_thread(engine: Engine) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(embed([source(n) for n in range(100)], prepare, engine, workers=3, progress=interrupt))


def test_a_slow_reader_keeps_few_pictures_in_memory(engine: Engine) -> None:
    workers = 2
    lock = threading.Lock()
    full, overrun = threading.Event(), threading.Event()
    begun = 0

    def read() -> bytes:
        nonlocal begun
        with lock:
            begun += 1
            if begun >= 3 * workers:
                full.set()
            if begun > 3 * workers + 1:  # one was handed over
                overrun.set()
        return b"\x01"

    results = embed([read] * 60, prepare, engine, workers=workers)
    next(results)
    assert full.wait(30)
    assert not overrun.wait(0.2)
    assert len(list(results)) == 59


@pytest.mark.parametrize("count", [1, 5, 40, 200])
@pytest.mark.parametrize("workers", [1, 3])
def test_pictures_are_prepared_while_the_engine_is_being_opened(engine: Engine, count: int, workers: int) -> None:
    coming: Future[Engine] = Future()
    begun = threading.Semaphore(0)

    def prepared(data: bytes) -> NDArray[np.uint8]:
        begun.release()
        return prepare(data)

    def open_later() -> None:
        for _ in range(min(count, 60)):
            assert begun.acquire(timeout=10)
        coming.set_result(engine)

    opening = threading.Thread(target=open_later)
    opening.start()
    results = {
        index: got for index, got, _ in embed([source(n) for n in range(count)], prepared, coming, workers=workers)
    }
    opening.join()
    assert sorted(results) == list(range(count))
    for index in (0, count // 2, count - 1):
        np.testing.assert_array_equal(results[index], engine.infer(prepare(bytes([index]))[None])[0])


def test_an_engine_that_does_not_open_is_the_error_of_every_picture() -> None:
    coming: Future[Engine] = Future()
    coming.set_exception(EngineError("It cannot be opened."))
    results = list(embed([source(n) for n in range(7)], prepare, coming, workers=2))
    assert sorted((index, str(got)) for index, got, _ in results) == [(n, "It cannot be opened.") for n in range(7)]


def test_who_stops_while_the_engine_is_being_opened_waits_for_that_and_no_longer(engine: Engine) -> None:
    coming: Future[Engine] = Future()
    threading.Timer(0.05, coming.set_result, [engine]).start()
    assert len(list(embed([source(n) for n in range(300)], prepare, coming, workers=2, cancelled=coming.done))) < 300
