"""Where a training is after each epoch, on disk: enough to go on from there, also on another machine."""

from __future__ import annotations

import pickle
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.replacing import replacing

VERSION = 3


class Checkpoint:
    """One file, replaced as a whole after each epoch. What is damaged, or belongs to another training, is not there.

    Args:
        path: the file; None keeps nothing.
        settings: of the training.
        data: digest of the pictures, what they are, and who learns and watches.
    """

    def __init__(self, path: Path | None, settings: TuneSettings, data: str) -> None:
        self._path = path
        self._belongs = {"version": VERSION, "settings": msgspec.json.encode(settings).decode(), "data": data}

    def read(self) -> dict[str, Any] | None:
        """What was written last: `epoch`, `step`, and whatever else `write` was given; None where there is nothing."""
        import torch

        if self._path is None:
            return None
        with suppress(
            OSError, RuntimeError, EOFError, ValueError, KeyError, zipfile.BadZipFile, pickle.UnpicklingError
        ):
            state: dict[str, Any] = torch.load(self._path, weights_only=True, map_location="cpu")
            if {name: state.get(name) for name in self._belongs} == self._belongs:
                return state
        return None

    def write(self, state: dict[str, Any]) -> None:
        """Replace the file.

        Raises:
            TrainingError: it cannot be written.
        """
        import torch

        if self._path is None:
            return
        with replacing(self._path) as out:
            torch.save({**self._belongs, **state}, out)

    def remove(self) -> None:
        """There is nothing to go on with any more."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
