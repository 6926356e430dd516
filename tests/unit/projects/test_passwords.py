"""Passwords: how they are kept, and that nobody fills the memory by guessing them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from fenlei.projects import passwords
from fenlei.projects.passwords import AT_ONCE, BadPassword, hash_password, matches

WORDS = "a few good words"


def test_a_password_is_kept_as_argon2id_with_a_salt_of_its_own() -> None:
    first, second = hash_password(WORDS), hash_password(WORDS)
    told = extract_parameters(first)
    assert (told.type, told.memory_cost >= 47 * 1024, told.salt_len) == (Type.ID, True, 16)
    assert first != second
    assert matches(first, WORDS)
    assert not matches(first, f"{WORDS}.")
    assert not matches(None, WORDS)


@pytest.mark.parametrize("text", ["", "too short", "x" * 201])
def test_what_is_too_short_or_too_long_is_none(text: str) -> None:
    with pytest.raises(BadPassword):
        hash_password(text)


def test_only_so_many_are_hashed_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 64 MiB, and whoever is not signed in can ask for one."""
    lock, full = threading.Lock(), threading.Event()
    now = most = 0

    class Counted(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 (the library's name)
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
                if now == AT_ONCE:
                    full.set()
            full.wait(20)  # until as many are at it as may be, so that one more would be seen
            with lock:
                now -= 1
            return True

    kept = hash_password(WORDS)
    monkeypatch.setattr(passwords, "_hasher", Counted())
    with ThreadPoolExecutor(4 * AT_ONCE) as pool:
        assert all(pool.map(lambda _: matches(kept, WORDS), range(4 * AT_ONCE)))
    assert most == AT_ONCE
