"""Runs the real thing: `fenlei.app.serve`, as `fenlei serve` does."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.serving.peer import tell
from fenlei.app import Ready, ServedModel, serve
from fenlei.settings import Settings


def main() -> None:
    """Arguments: the model file."""

    def ready(told: Ready) -> None:
        tell(url=told.addresses[0].url)

    sys.exit(serve([ServedModel(Path(sys.argv[1]))], Settings(), port=0, key="key-of-the-bench", on_ready=ready))


if __name__ == "__main__":
    main()
