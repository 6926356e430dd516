"""Keys: hard to guess, easy to carry, never kept."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from fenlei.gateway.keys import BadKey, KeyRing, check_key, new_key


def test_a_new_key_travels_in_a_url_unchanged_and_is_never_the_same() -> None:
    keys = {new_key() for _ in range(50)}
    assert len(keys) == 50
    assert all(quote(key, safe="") == key and len(key) >= 8 + 1 + 43 for key in keys)


def test_a_ring_knows_its_keys_and_nothing_else() -> None:
    ring = KeyRing(["one", "two"])
    assert ring.knows("one")
    assert ring.knows("two")
    for stranger in ("three", "", "ONE", "one ", None, "\ud800"):
        assert not ring.knows(stranger)


def test_an_empty_ring_knows_nobody() -> None:
    ring = KeyRing()
    assert not ring
    assert not ring.knows("")
    assert not ring.knows(None)


def test_a_ring_does_not_keep_the_keys() -> None:
    assert "very-secret" not in repr(vars(KeyRing(["very-secret"])))


@pytest.mark.parametrize("key", ["", "with space", "schlüssel", "a\nb", "k" * 257])
def test_a_key_that_cannot_travel_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(BadKey) as caught:
        check_key(key)
    assert not key or key not in str(caught.value)


def test_a_chosen_key_that_can_travel_is_kept() -> None:
    assert check_key("k") == "k"
    assert check_key("a+b/c=&d") == "a+b/c=&d"
