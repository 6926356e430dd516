"""App keys: shown once, kept as digests, opening one deployment and no other."""

from __future__ import annotations

import pytest

from fenlei.contract import prediction_url
from fenlei.projects.deployments import publish
from fenlei.projects.keys import BadKeyName, keys_of, make_key, revoke_key
from fenlei.store import Conflict, NotFound, Store
from tests.support.counter import Counter
from tests.support.front_suite import BODY, OPEN
from tests.support.versions import add_version


def code(counter: Counter, name: str, key: str | None) -> int:
    said = counter.call(prediction_url("", name, key), BODY)[2]
    found: int = said["code"]
    return found


def test_a_key_opens_its_deployment_and_no_other(store: Store, counter: Counter) -> None:
    version = add_version(store)
    cats, dogs = (publish(store, counter.front, version.id, name) for name in ("cats", "dogs"))
    publish(store, counter.front, version.id, "free", OPEN)
    assert code(counter, "cats", cats.url_key) == code(counter, "dogs", dogs.url_key) == 10000
    assert code(counter, "cats", dogs.url_key) == code(counter, "dogs", cats.url_key) == 2000
    assert code(counter, "free", dogs.url_key) == code(counter, "free", None) == 10000


def test_without_any_key_of_here_known_and_unknown_names_look_alike(store: Store, counter: Counter) -> None:
    publish(store, counter.front, add_version(store).id, "cats")
    header = {"X-Request-Id": "r"}
    for key in (None, "wrong"):
        there = counter.call(prediction_url("", "cats", key), BODY, header)
        absent = counter.call(prediction_url("", "none", key), BODY, header)
        assert there[2]["code"] == 2000
        assert {**there[1], "date": ""} == {**absent[1], "date": ""}
        assert (there[0], there[2]) == (absent[0], absent[2])


def test_another_key_can_be_made_and_either_be_revoked(store: Store, counter: Counter) -> None:
    published = publish(store, counter.front, add_version(store).id, "cats")
    assert published.made_key is not None
    other = make_key(store, counter.front, published.deployment.id, "the shop", by="us_1")
    assert (other.row.name, other.row.created_by) == ("the shop", "us_1")
    assert code(counter, "cats", other.secret) == code(counter, "cats", published.url_key) == 10000
    for _ in range(2):  # twice is fine
        assert revoke_key(store, counter.front, published.made_key.row.id).revoked_at is not None
    assert code(counter, "cats", published.url_key) == 2000
    assert code(counter, "cats", other.secret) == 10000
    revoke_key(store, counter.front, other.row.id)
    assert code(counter, "cats", other.secret) == 2000
    assert keys_of(store, published.deployment.id) == []
    assert len(keys_of(store, published.deployment.id, revoked=True)) == 2


def test_the_key_is_kept_nowhere_but_its_first_characters_are(store: Store, counter: Counter) -> None:
    published = publish(store, counter.front, add_version(store).id, "cats")
    assert published.url_key is not None
    (row,) = keys_of(store, published.deployment.id)
    assert row.beginning == published.url_key[:8]
    assert published.url_key[8:] not in repr({name: getattr(row, name) for name in row.__table__.columns.keys()})  # noqa: SIM118
    assert published.url_key not in repr(vars(counter.front))


def test_names_that_cannot_be_and_absent_things_are_told(store: Store, counter: Counter) -> None:
    id_ = publish(store, counter.front, add_version(store).id, "cats").deployment.id
    for name in ("x" * 201, "a\nb"):
        with pytest.raises(BadKeyName):
            make_key(store, counter.front, id_, name)
    with pytest.raises(NotFound, match="dp_none"):
        make_key(store, counter.front, "dp_none")
    with pytest.raises(NotFound, match="ak_none"):
        revoke_key(store, counter.front, "ak_none")
    with pytest.raises(NotFound, match="dp_none"):
        keys_of(store, "dp_none")


def test_keys_have_a_number_at_which_it_ends(store: Store, counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fenlei.projects.keys.MOST_KEYS", 2)
    id_ = publish(store, counter.front, add_version(store).id, "cats").deployment.id
    make_key(store, counter.front, id_)
    with pytest.raises(Conflict, match="has 2 keys, which is the most"):
        make_key(store, counter.front, id_)
