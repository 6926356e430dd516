"""What has changed since an earlier model, as a report tells it."""

from __future__ import annotations

import msgspec


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """What has changed since the earlier model.

    Attributes:
        new_pictures: that the earlier one did not have.
        gone_pictures: that it had and that are not there any more.
        new_classes: that it did not know.
        judged: pictures that were held out for both; the figures below are theirs. They are None where there are none.
        old: share that the earlier one called right.
        old_interval: Wilson's 95 % interval of it.
        new: share that the new one called right.
        new_interval: the same.
        difference: `new` less `old`.
        difference_interval: 95 % interval of it, by drawing the pictures again (paired bootstrap, duplicates as a
            whole).
        chance: how often the new one is ahead when they are drawn again.
        only_old: pictures that only the earlier one called right.
        only_new: pictures that only the new one called right.
    """

    new_pictures: int
    gone_pictures: int
    new_classes: list[str]
    judged: int
    old: float | None = None
    old_interval: tuple[float, float] | None = None
    new: float | None = None
    new_interval: tuple[float, float] | None = None
    difference: float | None = None
    difference_interval: tuple[float, float] | None = None
    chance: float | None = None
    only_old: int = 0
    only_new: int = 0
