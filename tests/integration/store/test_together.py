"""Transactions of one call that become one."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from fenlei.store import Conflict, Store, Work, new_id, now, together
from fenlei.store.tables import Dataset
from tests.support import mortals


def add(store: Store, name: str) -> None:
    with store.writing() as work:
        add_to(work, name)


def add_to(work: Work, name: str) -> None:
    work.session.add(Dataset(id=new_id("ds"), name=name, created_at=now(), updated_at=now()))


def names(store: Store) -> list[str]:
    with store.reading() as work:
        return sorted(row.name for row in work.datasets.page(None, 100)[0])


def names_elsewhere(store: Store) -> list[str]:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.extend(names(store)))
    thread.start()
    thread.join(20)
    return found


def test_nobody_sees_anything_before_the_end_but_the_call_itself(store: Store) -> None:
    with together(store.database, lambda work: add_to(work, "first")):
        assert names(store) == []
        add(store, "a")
        add(store, "b")
        assert names(store) == ["a", "b", "first"]
        assert names_elsewhere(store) == []
    assert names_elsewhere(store) == ["a", "b", "first"]


def test_a_part_that_fails_is_undone_alone_and_the_others_are_kept(store: Store) -> None:
    def call() -> None:
        with together(store.database):
            add(store, "a")
            with store.writing() as work:
                add_to(work, "b")
                add_to(work, "a")

    with pytest.raises(Conflict, match="taken"):
        call()
    assert names(store) == ["a"]


def test_what_is_settled_is_seen_and_the_rest_follows(store: Store) -> None:
    with together(store.database):
        add(store, "a")
        store.settle()
        assert names_elsewhere(store) == ["a"]
        add(store, "b")
        assert names_elsewhere(store) == ["a"]
    assert names(store) == ["a", "b"]


def test_what_the_first_part_raises_leaves_nothing_and_no_lock(store: Store) -> None:
    def refuse(work: Work) -> None:
        add_to(work, "half")
        raise Conflict("no")

    with pytest.raises(Conflict, match="no"), together(store.database, refuse):
        add(store, "a")
    assert names(store) == []
    add(store, "b")


def test_a_call_that_is_killed_has_written_nothing(store: Store) -> None:
    here, there = mortals.pipe()
    child = mortals.start(_half_of_a_call, store.address, there)
    assert here.recv() == ["a", "b"]
    assert mortals.kill(child)
    assert names(store) == []
    add(store, "c")


def _half_of_a_call(address: Any, pipe: Any) -> None:
    store = Store.at(address)
    with together(store.database):
        add(store, "a")
        add(store, "b")
        pipe.send(names(store))
        pipe.recv()
