"""What two models side by side come to."""

from __future__ import annotations

import msgspec


class ClassVersus(msgspec.Struct, frozen=True, kw_only=True):
    """One class: `pictures` of it were judged; the old and the new model found the shares `old` and `new` of them."""

    label: str
    pictures: int
    old: float
    new: float


class Versus(msgspec.Struct, frozen=True, kw_only=True):
    """A new model against an old one, on the same pictures.

    Attributes:
        pictures: that both were judged on.
        old: share that the old one called right.
        old_interval: Wilson's 95 % interval of it.
        new: share that the new one called right.
        new_interval: the same.
        difference: `new` less `old`.
        difference_interval: 95 % interval of it, by drawing the pictures again (paired bootstrap, copies of one file
            as a whole).
        chance: how often the new one is ahead when they are drawn again; 1 or 0: always or never.
        only_old: pictures that only the old one called right.
        only_new: pictures that only the new one called right.
        per_class: of the classes that both know, those that lost most first.
        learned_old: pictures judged here that the old one has learned from, as far as its file tells.
        learned_new: the same of the new one.
        left_out: pictures that were left out because one of them has learned from them.
        unknown_to_one: pictures of classes that only one of them knows; they are not judged here.
    """

    pictures: int
    old: float
    old_interval: tuple[float, float]
    new: float
    new_interval: tuple[float, float]
    difference: float
    difference_interval: tuple[float, float]
    chance: float
    only_old: int
    only_new: int
    per_class: list[ClassVersus]
    learned_old: int
    learned_new: int
    left_out: int
    unknown_to_one: int
