"""What every engine does alike: check the input, spread the pictures over the streams, keep them in order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from fenlei.inference.engine import EngineError
from fenlei.inference.slots import Slots

Stream = TypeVar("Stream")
"""Whatever an engine runs one picture on."""


class StreamEngine(ABC, Generic[Stream]):
    """An engine of fixed shape: one picture per request, `streams` requests side by side, each on one thread.

    One picture per request is what makes a picture score the same alone and in company, to the last bit, on every
    machine and in every version: nothing promises that kernels for other batch sizes add in the same order. On a CPU
    it costs nothing, the streams give the parallelism (docs/adr/0003-one-picture-per-request.md).
    """

    def __init__(self, name: str, size: tuple[int, int], width: int, streams: Sequence[Stream]) -> None:
        self.name = name
        self.size = size
        self.width = width
        self.streams = len(streams)
        self._slots = Slots(streams)

    @abstractmethod
    def _start(self, stream: Stream, picture: NDArray[np.uint8]) -> None:
        """Begin one picture (1, h, w, 3) on a stream that is idle, and return at once."""

    @abstractmethod
    def _finish(self, stream: Stream) -> NDArray[np.float32]:
        """Wait for the picture that was begun on this stream; (d,), valid until the stream is used again."""

    @abstractmethod
    def _run(self, stream: Stream, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Begin and finish one picture, preferably on the thread of the caller."""

    @abstractmethod
    def _release(self) -> None:
        """Let go of threads and memory. Nothing is in flight any more."""

    def infer(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn (n, h, w, 3) pixels into (n, d) features; see Engine."""
        self._check(pixels)
        pixels = np.ascontiguousarray(pixels)
        features = np.empty((len(pixels), self.width), np.float32)
        with self._slots.call():
            if len(pixels) == 1:
                stream = self._slots.take()
                try:
                    features[0] = self._run(stream, pixels)
                finally:
                    self._slots.give(stream)
            else:
                self._infer_many(pixels, features)
        return features

    def close(self) -> None:
        """Wait for the calls in flight, then let go of memory and threads."""
        if self._slots.close():
            self._release()

    def _infer_many(self, pixels: NDArray[np.uint8], features: NDArray[np.float32]) -> None:
        """Keep as many streams busy as lie idle, giving each one back after every picture so that others get turns."""
        running: deque[tuple[int, Stream]] = deque()
        try:
            for index in range(len(pixels)):
                stream = self._slots.take_idle()
                while stream is None and running:
                    self._collect(running, features)
                    stream = self._slots.take_idle()
                if stream is None:
                    stream = self._slots.take()
                try:
                    self._start(stream, pixels[index : index + 1])
                except BaseException:
                    self._slots.give(stream)
                    raise
                running.append((index, stream))
            while running:
                self._collect(running, features)
        finally:
            for _, stream in running:  # something failed: the others must end before their slots are used again
                self._abandon(stream)

    def _collect(self, running: deque[tuple[int, Stream]], features: NDArray[np.float32]) -> None:
        index, stream = running[0]
        try:
            features[index] = self._finish(stream)
        except EngineError:
            running.popleft()
            self._slots.give(stream)
            raise
        running.popleft()
        self._slots.give(stream)

    def _abandon(self, stream: Stream) -> None:
        try:
            self._finish(stream)
        except EngineError:
            pass  # the failure already on its way to the caller is the one to tell
        finally:
            self._slots.give(stream)

    def _check(self, pixels: NDArray[np.uint8]) -> None:
        height, width = self.size
        wanted = f"uint8 of shape (n, {height}, {width}, 3)"
        if not isinstance(pixels, np.ndarray):
            raise EngineError(f"The input is a {type(pixels).__name__}; this network takes a numpy array, {wanted}.")
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1:] != (height, width, 3):
            raise EngineError(f"The input is {pixels.dtype} of shape {pixels.shape}; this network takes {wanted}.")
