"""What a search aims at, as one writes it in a command."""

from __future__ import annotations

from enum import StrEnum


class Aim(StrEnum):
    """The figure that a search tries to raise."""

    ACCURACY = "accuracy"
    BALANCED = "balanced-accuracy"
    MACRO_F1 = "macro-f1"


AIMS = {Aim.ACCURACY: "accuracy", Aim.BALANCED: "balanced accuracy", Aim.MACRO_F1: "macro-F1"}
