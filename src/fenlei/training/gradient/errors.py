"""What a gradient map may fail with."""

from __future__ import annotations

from fenlei.serving.explain import NoMap


class NoGradientMap(NoMap):
    """This model has no gradient map here; the sentence says what is lacking."""

    def __init__(self, why: str) -> None:
        """Say why, in a sentence, and what works instead."""
        super().__init__(f"No gradient map: {why} The method `occlusion` needs answers alone, and works for any model.")
