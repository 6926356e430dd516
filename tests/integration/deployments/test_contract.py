"""The prediction contract on a server that answers for what its database says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fenlei.contract import Envelope, StatusStyle
from fenlei.projects.deployments import Published, Wishes, change, publish, stop
from fenlei.projects.keys import make_key
from fenlei.store import Store, StoreAddress, bring_up_to_date
from tests.support.contract_suite import Answer, Call, EnvelopeSuite, GatewaySuite, Predict, RestStatusSuite
from tests.support.counter import Counter
from tests.support.models import CORNERS, write_corners
from tests.support.versions import add_version

STYLES = {
    "keyed": Wishes(),
    "open": Wishes(open=True),
    "rest": Wishes(open=True, status=StatusStyle.REST),
    "wrapped": Wishes(open=True, envelope=Envelope.GATEWAY),
}


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """A server with one deployment of each style."""
    place = tmp_path_factory.mktemp("platform")
    store = Store.at(StoreAddress(place / "fenlei.db", place / "blobs"))
    bring_up_to_date(store.database)
    data = write_corners(place / "corners.fenlei").read_bytes()
    version = add_version(store, "corners", CORNERS, data=data)
    with Counter(store, place / "cache") as running:
        running.published = {name: publish(store, running.front, version.id, name, STYLES[name]) for name in STYLES}
        yield running
    store.close()


@pytest.fixture(scope="module")
def keyed(counter: Counter) -> Published:
    return counter.published["keyed"]


def asking(counter: Counter, name: str) -> Predict:
    def predict(headers: dict[str, str], body: bytes) -> Answer:
        return counter.call(f"/api/image/{name}", body, headers, plain=True)

    return predict


class TestPlatform(GatewaySuite):
    @pytest.fixture
    def labels(self) -> list[str] | None:
        return list(CORNERS)

    @pytest.fixture
    def call(self, counter: Counter) -> Call:
        def call(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
            return counter.call(path, body, headers, method, plain=True)

        return call

    @pytest.fixture
    def name(self) -> str:
        return "keyed"

    @pytest.fixture
    def key(self, keyed: Published) -> str:
        assert keyed.url_key is not None
        return keyed.url_key

    @pytest.fixture
    def open_name(self) -> str:
        return "open"


class TestPlatformWithRestStatuses(RestStatusSuite):
    @pytest.fixture
    def predict(self, counter: Counter) -> Predict:
        return asking(counter, "rest")


class TestPlatformWithEnvelope(EnvelopeSuite):
    @pytest.fixture
    def predict(self, counter: Counter) -> Predict:
        return asking(counter, "wrapped")


def test_a_rest_deployment_refuses_with_the_statuses_it_asked_for(counter: Counter, keyed: Published) -> None:
    change(counter.store, counter.front, counter.published["rest"].deployment.id, Wishes(open=False))
    assert counter.call("/api/image/rest", b"")[0] == 401
    assert counter.call(f"/api/image/rest?neu_app_key={keyed.url_key}", b"")[0] == 401
    stop(counter.store, counter.front, counter.published["rest"].deployment.id)
    key = make_key(counter.store, counter.front, counter.published["rest"].deployment.id).secret
    status, _, said = counter.call(f"/api/image/rest?neu_app_key={key}", b"")
    assert (status, said["code"]) == (502, 1100)
