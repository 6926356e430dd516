"""A network that is being opened while other things are done."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from fenlei.backbones import Backbone
from fenlei.inference.engine import Engine


class Coming:
    """Begins at once: the backbone first, then the engine that runs it.

    Args:
        find: gives the backbone if it is here; None leaves it at that.
        start: opens its engine.

    Attributes:
        backbone: soon; None where it is not here.
        having: seconds that it took to find it, once it is there.
        opening: seconds that it took to open the engine, once that is open.
    """

    def __init__(self, find: Callable[[], Backbone | None], start: Callable[[Backbone], Engine]) -> None:
        self._find, self._start = find, start
        self._asked = self._opened = 0.0
        self.having = self.opening = 0.0
        pool = ThreadPoolExecutor(1, thread_name_prefix="fenlei-open")
        self.backbone: Future[Backbone | None] = pool.submit(self._found)
        self._engine: Future[Engine] = pool.submit(self._started)
        pool.shutdown(wait=False)

    def engine(self) -> Future[Engine]:
        """The engine of a backbone that is here, soon.

        Raises, once it is asked for: EngineError where the network cannot be run here.
        """
        self._asked = self._asked or time.monotonic()
        return self._engine

    @property
    def waited(self) -> float:
        """Seconds for which the engine was asked for and not open yet."""
        return max(0.0, self._opened - self._asked) if self._asked else 0.0

    def _found(self) -> Backbone | None:
        started = time.monotonic()
        found = self._find()
        self.having = time.monotonic() - started
        return found

    def _started(self) -> Engine:
        backbone = self.backbone.result()
        if backbone is None:
            raise LookupError("the backbone is not here")  # so that nobody asks for its engine
        started = time.monotonic()
        engine = self._start(backbone)
        self._opened = time.monotonic()
        self.opening = self._opened - started
        return engine
