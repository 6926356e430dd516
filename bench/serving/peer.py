"""A child process that works when it is told to: one JSON line in, one JSON line out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

ANSWER = "answer:"


class Peer:
    """A module of this bench, running in a process of its own. Its first line says that it is ready."""

    def __init__(self, module: str, arguments: Sequence[str], environment: dict[str, str] | None = None) -> None:
        self._module = module
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"bench.serving.{module}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.hello = self._read()

    def ask(self, **question: Any) -> dict[str, Any]:
        """Have it do something, and wait for what it found."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(ANSWER):
                answer: dict[str, Any] = json.loads(line.removeprefix(ANSWER))
                return answer
        raise RuntimeError(f"bench.serving.{self._module} ended with status {self.process.wait()}")

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(60)


def tell(**answer: Any) -> None:
    """Say one line to whoever started this process."""
    print(ANSWER + json.dumps(answer), flush=True)


def obey(work: Callable[..., dict[str, Any]]) -> None:
    """Do what is asked until nobody asks any more."""
    for line in sys.stdin:
        tell(**work(**json.loads(line)))
