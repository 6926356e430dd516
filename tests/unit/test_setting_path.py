"""Along a path of settings the steadiest of the good ones is taken, and few are looked at."""

from __future__ import annotations

import pytest

from fenlei.training.setting_path import PATIENCE, steadiest


def walked(losses: list[float], first: int) -> tuple[int, list[int]]:
    seen: list[int] = []

    def loss_of(number: int, near: int | None) -> float:
        assert near in ([None] if not seen else [number - 1, number + 1])
        assert near is None or near in seen
        seen.append(number)
        return losses[number]

    return steadiest(len(losses), first, loss_of), seen


VALLEY = [1.0, 0.8, 0.6, 0.5, 0.4, 0.35, 0.45, 0.6, 0.9]


@pytest.mark.parametrize("first", range(len(VALLEY)))
def test_the_lowest_is_found_wherever_the_walk_begins_near_it_or_far(first: int) -> None:
    assert walked(VALLEY, first)[0] == 5


def test_nothing_is_looked_at_beyond_what_brings_nothing() -> None:
    assert walked(VALLEY, 4)[1] == [4, 5, 6, 7]
    assert walked(VALLEY, 0)[1] == list(range(5 + PATIENCE + 1))


def test_what_is_hardly_better_is_not_worth_a_looser_setting() -> None:
    slope = [0.5, 0.501, 0.4999, 0.4998, 0.4997]
    assert [walked(slope, first)[0] for first in (0, 2, 3)] == [0, 0, 0]


def test_small_steps_downhill_do_not_add_up_to_a_worse_one() -> None:
    assert walked([0.53, 0.52, 0.51, 0.508, 0.506, 0.504, 0.502, 0.5, 0.6, 0.7], 7)[0] == 6


def test_a_single_setting_is_taken() -> None:
    assert walked([0.7], 0) == (0, [0])
