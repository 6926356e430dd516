"""The promises of a front, for every implementation: subclass, and give the fixture `front`.

`front` answers for what `store` says, on a server whose public door `call` reaches.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from fenlei.contract import encode_request
from fenlei.projects.deployments import Wishes, delete, publish, start, stop
from fenlei.projects.front import Front, State
from fenlei.serving.errors import ScoresMoved
from tests.support.callers import Callers
from tests.support.drawing import jpeg
from tests.support.until import until
from tests.support.versions import add_version

if TYPE_CHECKING:
    from fenlei.store import Store

BODY = encode_request(jpeg(80, 60))
HEADERS = {"Content-Type": "application/json"}
OPEN = Wishes(open=True)

Call = Callable[[str], Any]
"""Post a picture to this path of the server's public door; returns what it said, read."""


class FrontSuite:
    """What every front promises."""

    @pytest.fixture
    def front(self) -> Front:
        """The front under examination."""
        raise NotImplementedError("a subclass of this suite gives the fixture `front`")

    @pytest.fixture
    def base(self) -> str:
        """Scheme, host and port of its public door."""
        raise NotImplementedError("a subclass of this suite gives the fixture `base`")

    @pytest.fixture
    def call(self) -> Call:
        """Asks its public door."""
        raise NotImplementedError("a subclass of this suite gives the fixture `call`")

    def test_what_the_database_wants_is_answered_after_follow(self, front: Front, store: Store, call: Call) -> None:
        version = add_version(store, labels=("a", "b"))
        assert call("/api/image/cats")["code"] == 1100
        publish(store, front, version.id, "cats", OPEN)
        assert first_label(call("/api/image/cats")) == "a"

    def test_a_follow_that_comes_late_brings_no_older_state_back(self, front: Front, store: Store, call: Call) -> None:
        old, new = add_version(store, labels=("a", "b")), add_version(store, labels=("x", "y"))
        publish(store, front, old.id, "cats", OPEN)
        late = front.prepare(old)
        deployment = publish(store, front, new.id, "cats").deployment
        front.follow(deployment.id, late)
        assert first_label(call("/api/image/cats")) == "x"
        assert front.condition(deployment.id).model_version_id == new.id

    def test_what_was_prepared_for_another_version_is_not_used(self, front: Front, store: Store, call: Call) -> None:
        old, new, wrong = (add_version(store, labels=(label, "z")) for label in "abc")
        deployment = publish(store, front, old.id, "cats", OPEN).deployment
        with store.writing() as work:
            work.deployments.change(deployment.id, model_version_id=new.id)
        front.follow(deployment.id, front.prepare(wrong))
        assert first_label(call("/api/image/cats")) == "b"

    def test_a_model_that_scores_otherwise_is_not_prepared(self, front: Front, store: Store) -> None:
        moved = add_version(store, parity_shift=0.01)
        with pytest.raises(ScoresMoved, match=f"model version {moved.id} does not score here"):
            front.prepare(moved)

    def test_a_model_that_cannot_be_loaded_is_a_condition_and_1100(
        self, front: Front, store: Store, call: Call
    ) -> None:
        good, bad = add_version(store), add_version(store, parity_shift=0.01)
        deployment = publish(store, front, good.id, "cats", OPEN).deployment
        with store.writing() as work:  # as a server of another kind, on which it can be loaded, would do
            work.deployments.change(deployment.id, model_version_id=bad.id)
        front.follow(deployment.id)
        condition = front.condition(deployment.id)
        assert condition.state is State.FAILED
        assert "does not score here" in condition.reason
        assert condition.model_version_id is None
        answer = call("/api/image/cats")
        assert answer["code"] == 1100
        assert "does not score" not in json.dumps(answer)  # the reason is its owner's business
        publish(store, front, good.id, "cats")
        assert front.condition(deployment.id).state is State.SERVING
        assert call("/api/image/cats")["code"] == 10000

    def test_a_stopped_deployment_is_1100_and_comes_back(self, front: Front, store: Store, call: Call) -> None:
        deployment = publish(store, front, add_version(store).id, "cats", OPEN).deployment
        stop(store, front, deployment.id)
        assert front.condition(deployment.id).state is State.STOPPED
        answer = call("/api/image/cats")
        assert answer["code"] == 1100
        start(store, front, deployment.id)
        assert front.condition(deployment.id).state is State.SERVING
        assert call("/api/image/cats")["code"] == 10000

    def test_a_name_that_was_given_up_and_taken_again_is_the_new_one(
        self, front: Front, store: Store, call: Call
    ) -> None:
        old = publish(store, front, add_version(store, labels=("a", "b")).id, "cats", OPEN).deployment
        with store.writing() as work:  # another server does it, and this one hears of both at once
            work.deployments.remove(old.id)
        publish(store, front, add_version(store, "others", labels=("x", "y")).id, "cats", OPEN)
        front.follow(old.id)
        assert first_label(call("/api/image/cats")) == "x"

    def test_a_removed_deployment_is_not_known(self, front: Front, store: Store, call: Call) -> None:
        deployment = publish(store, front, add_version(store).id, "cats", OPEN).deployment
        delete(store, front, deployment.id)
        assert call("/api/image/cats")["code"] == 1100
        assert front.condition(deployment.id).state is State.LOADING

    def test_no_request_fails_while_models_take_turns(self, front: Front, store: Store, base: str) -> None:
        """Two models on one backbone and one on another, published in turn while four callers never stop."""
        versions = [
            add_version(store, labels=("a", "b")),
            add_version(store, labels=("x", "y"), head_seed=2),
            add_version(store, labels=("p", "q"), network_seed=5),
        ]
        publish(store, front, versions[0].id, "cats", OPEN)
        with Callers(f"{base}/api/image/cats", BODY) as callers:
            for turn in range(24):
                before = callers.count
                publish(store, front, versions[turn % 3].id, "cats")
                until(lambda before=before: callers.count >= before + 8)  # type: ignore[misc]
        assert set(callers.codes) == {10000}
        assert set(callers.labels) == {"a", "x", "p"}

    def test_it_may_be_called_from_many_threads(self, front: Front, store: Store, call: Call) -> None:
        versions = [add_version(store, labels=(first, "z")) for first in "abcd"]
        deployment = publish(store, front, versions[0].id, "cats", OPEN).deployment
        failures: list[BaseException] = []

        def work(number: int) -> None:
            try:
                for turn in range(5):
                    publish(store, front, versions[(number + turn) % 4].id, "cats")
            except BaseException as exc:  # noqa: BLE001 (told by the test's own thread)
                failures.append(exc)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not failures
        with store.reading() as reading:
            wanted = reading.deployments.get(deployment.id).model_version_id
        assert front.condition(deployment.id).model_version_id == wanted
        assert first_label(call("/api/image/cats")) == "abcd"[[version.id for version in versions].index(wanted)]

    def test_a_try_needs_no_key_and_is_answered_by_the_public_door(self, front: Front, store: Store) -> None:
        publish(store, front, add_version(store).id, "cats")
        answered = front.try_out("cats", BODY, HEADERS)
        assert (answered.status, json.loads(answered.body)["code"]) == (200, 10000)
        assert json.loads(front.try_out("dogs", BODY, HEADERS).body)["code"] == 1100


def first_label(said: Any) -> str:
    """The name of the first class: tells which model answered."""
    label: str = said["predictResult"]["thresholdList"][0]["name"]
    return label
