"""Memory that runs out while a network is trained is an error with a sentence, and costs no search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fenlei.training.errors import TrainingError
from fenlei.training.finetune.batch_size import out_of_memory


@contextmanager
def told_of_memory() -> Iterator[None]:
    """Turn what torch raises where memory runs out into an error of our own.

    Raises:
        TrainingError: memory ran out, with one picture at a time too.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as exc:
        if not out_of_memory(exc):
            raise
        raise TrainingError(
            "There is too little memory to fine-tune this network, even one picture at a time."
        ) from exc
