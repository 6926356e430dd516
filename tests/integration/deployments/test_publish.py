"""Publishing, rolling back, stopping, changing: what the database keeps of it, on both databases."""

from __future__ import annotations

import pytest

from fenlei.contract import BadName, Envelope, StatusStyle
from fenlei.projects.deployments import (
    Wishes,
    change,
    delete,
    history,
    publish,
    publish_here,
    roll_back,
    start,
    stop,
)
from fenlei.projects.front import Prepared
from fenlei.projects.keys import keys_of
from fenlei.projects.model_versions import delete_model_version
from fenlei.serving.errors import ScoresMoved
from fenlei.store import Conflict, NotFound, Stale, Store, new_id, now
from fenlei.store.tables import Deployment, ModelVersion, Project
from tests.support.counter import Counter
from tests.support.front_suite import BODY, OPEN, first_label
from tests.support.until import until
from tests.support.versions import add_version


@pytest.fixture
def three(store: Store) -> list[ModelVersion]:
    """Three versions of one model, told apart by their first class."""
    return [add_version(store, labels=(label, "z"), head_seed=number) for number, label in enumerate("abc")]


def read(store: Store, name: str = "cats") -> Deployment:
    with store.reading() as work:
        found = work.deployments.named(name)
    assert found is not None
    return found


def answers(counter: Counter, path: str = "/api/image/cats") -> str:
    return first_label(counter.call(path, BODY)[2])


def project(store: Store, name: str) -> str:
    with store.writing() as work:
        row = Project(id=new_id("pr"), name=name, kind="automated", settings={}, created_at=now(), updated_at=now())
        work.session.add(row)
    return row.id


def test_a_new_deployment_is_keyed_plain_and_running(store: Store, counter: Counter, three: list[ModelVersion]) -> None:
    published = publish(store, counter.front, three[0].id, "cats", by="us_1")
    row = read(store)
    assert (row.state, row.open, row.envelope, row.status_style) == ("running", False, "plain", "documented")
    assert (row.model_version_id, row.created_by, row.revision) == (three[0].id, "us_1", 1)
    url = published.url(counter.base)
    assert counter.call(url.removeprefix(counter.base), BODY)[2]["code"] == 10000


def test_its_complete_url_is_told_once_and_stays(store: Store, counter: Counter, three: list[ModelVersion]) -> None:
    url = publish(store, counter.front, three[0].id, "cats").url(counter.base)
    again = publish(store, counter.front, three[1].id, "cats")
    assert again.url_key is None
    assert again.url("") == "/api/image/cats"
    assert len(keys_of(store, again.deployment.id)) == 1
    assert answers(counter, url.removeprefix(counter.base)) == "b"


def test_wishes_hold_and_those_that_are_not_named_stay(
    store: Store, counter: Counter, three: list[ModelVersion]
) -> None:
    wishes = Wishes(open=True, envelope=Envelope.GATEWAY, status=StatusStyle.REST)
    publish(store, counter.front, three[0].id, "cats", wishes)
    assert counter.call("/api/image/cats", BODY)[2]["data"]["code"] == 10000
    assert counter.call("/api/image/cats", b"{}")[0] == 400
    publish(store, counter.front, three[1].id, "cats", Wishes(envelope=Envelope.PLAIN))
    assert answers(counter) == "b"
    assert counter.call("/api/image/cats", b"{}")[0] == 400
    changed = change(store, counter.front, read(store).id, Wishes(status=StatusStyle.DOCUMENTED))
    assert changed.deployment.model_version_id == three[1].id
    assert counter.call("/api/image/cats", b"{}")[0] == 200


def test_a_deployment_that_is_closed_again_gets_a_key(
    store: Store, counter: Counter, three: list[ModelVersion]
) -> None:
    opened = publish(store, counter.front, three[0].id, "cats", OPEN)
    assert opened.url_key is None
    closed = change(store, counter.front, opened.deployment.id, Wishes(open=False))
    assert counter.call("/api/image/cats", BODY)[2]["code"] == 2000
    assert answers(counter, closed.url("")) == "a"
    change(store, counter.front, opened.deployment.id, OPEN)
    assert change(store, counter.front, opened.deployment.id, Wishes(open=False)).url_key is None
    assert answers(counter, closed.url("")) == "a"


def test_rolling_back_goes_to_what_was_published_before_and_on(
    store: Store, counter: Counter, three: list[ModelVersion]
) -> None:
    for version in three:
        id_ = publish(store, counter.front, version.id, "cats", OPEN).deployment.id
    assert roll_back(store, counter.front, id_).model_version_id == three[1].id
    assert answers(counter) == "b"
    assert roll_back(store, counter.front, id_).model_version_id == three[0].id
    assert answers(counter) == "a"
    with pytest.raises(Conflict, match="Nothing was published to 'cats' before"):
        roll_back(store, counter.front, id_)
    roll_back(store, counter.front, id_, three[2].id)
    assert answers(counter) == "c"


def test_what_was_published_again_is_the_latest(store: Store, counter: Counter, three: list[ModelVersion]) -> None:
    for number in (0, 1, 0):
        id_ = publish(store, counter.front, three[number].id, "cats", OPEN).deployment.id
    assert roll_back(store, counter.front, id_).model_version_id == three[1].id


def test_a_version_that_was_never_published_here_is_not_rolled_back_to(
    store: Store, counter: Counter, three: list[ModelVersion]
) -> None:
    id_ = publish(store, counter.front, three[0].id, "cats", OPEN).deployment.id
    publish(store, counter.front, three[1].id, "other", OPEN)
    with pytest.raises(Conflict, match=f"{three[1].id} was not published to 'cats' before; {three[0].id} were"):
        roll_back(store, counter.front, id_, three[1].id)


def test_a_stopped_deployment_stays_stopped_when_it_is_rolled_back_and_starts_when_published(
    store: Store, counter: Counter, three: list[ModelVersion]
) -> None:
    for version in three:
        id_ = publish(store, counter.front, version.id, "cats", OPEN).deployment.id
    stop(store, counter.front, id_)
    stop(store, counter.front, id_)
    roll_back(store, counter.front, id_)
    assert counter.call("/api/image/cats", BODY)[2]["code"] == 1100
    start(store, counter.front, id_)
    start(store, counter.front, id_)
    assert answers(counter) == "b"
    stop(store, counter.front, id_)
    publish(store, counter.front, three[0].id, "cats")
    assert answers(counter) == "a"
    actions = [row.action for row in history(store, id_)[0]]
    assert actions == ["publish", "stop", "start", "roll-back", "stop", "publish", "publish", "publish"]


def test_the_history_says_who_did_what_and_comes_in_pages(
    store: Store, counter: Counter, three: list[ModelVersion]
) -> None:
    for version in three:
        id_ = publish(store, counter.front, version.id, "cats", OPEN, by="us_7").deployment.id
    first, cursor = history(store, id_, limit=2)
    rest, end = history(store, id_, cursor, limit=2)
    assert [row.model_version_id for row in [*first, *rest]] == [version.id for version in reversed(three)]
    assert {row.by for row in first} == {"us_7"}
    assert end is None


def test_a_model_that_does_not_prove_itself_changes_nothing(
    store: Store, counter: Counter, three: list[ModelVersion]
) -> None:
    bad = add_version(store, parity_shift=0.01)
    with pytest.raises(ScoresMoved):
        publish(store, counter.front, bad.id, "cats", OPEN)
    with store.reading() as work:
        assert work.deployments.named("cats") is None
    id_ = publish(store, counter.front, three[0].id, "cats", OPEN).deployment.id
    with pytest.raises(ScoresMoved):
        publish_here(store, counter.front, id_, bad.id)
    assert read(store).revision == 1
    assert len(history(store, id_)[0]) == 1
    assert answers(counter) == "a"


def test_a_name_of_another_project_is_not_taken_by_accident(store: Store, counter: Counter) -> None:
    ours, theirs = project(store, "ours"), project(store, "theirs")
    mine = add_version(store, "mine", project_id=ours)
    sister = add_version(store, "sister", labels=("s", "z"), project_id=ours)
    alien = add_version(store, "alien", labels=("x", "z"), project_id=theirs)
    homeless = add_version(store, "homeless")
    id_ = publish(store, counter.front, mine.id, "cats", OPEN).deployment.id
    publish(store, counter.front, sister.id, "cats")
    assert answers(counter) == "s"
    for version in (alien, homeless):
        with pytest.raises(Conflict, match="'cats' belongs to"):
            publish(store, counter.front, version.id, "cats")
    publish_here(store, counter.front, id_, alien.id)
    assert answers(counter) == "x"


def test_a_name_that_cannot_stand_in_a_url_is_refused(
    store: Store, counter: Counter, three: list[ModelVersion]
) -> None:
    for name in ("", "Cats", "a/b", "a" * 65, "猫"):
        with pytest.raises(BadName):
            publish(store, counter.front, three[0].id, name)


def test_another_revision_and_absent_things_are_told(store: Store, counter: Counter, three: list[ModelVersion]) -> None:
    front = counter.front
    id_ = publish(store, front, three[0].id, "cats", OPEN).deployment.id
    publish(store, front, three[1].id, "cats")
    for act in (stop, start, roll_back):
        with pytest.raises(Stale, match="revision 2, not 1"):
            act(store, front, id_, revision=1)
        with pytest.raises(NotFound, match="dp_none"):
            act(store, front, "dp_none")
    with pytest.raises(Stale):
        publish_here(store, front, id_, three[0].id, revision=1)
    with pytest.raises(Stale):
        change(store, front, id_, OPEN, revision=1)
    with pytest.raises(Stale):
        delete(store, front, id_, revision=1)
    with pytest.raises(NotFound, match="mv_none"):
        publish(store, front, "mv_none", "cats")
    assert answers(counter) == "b"


def test_a_version_that_is_deleted_while_it_is_being_proven_is_not_published(
    store: Store, counter: Counter, three: list[ModelVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    front = counter.front
    id_ = publish(store, front, three[0].id, "cats", OPEN).deployment.id
    publish(store, front, three[1].id, "cats")
    prepare = front.prepare

    def somebody_deletes_it(version: ModelVersion) -> Prepared:
        prepared = prepare(version)
        delete_model_version(store, version.id)
        return prepared

    monkeypatch.setattr(front, "prepare", somebody_deletes_it)
    with pytest.raises(NotFound, match=three[2].id):
        publish(store, front, three[2].id, "new", OPEN)
    with pytest.raises(NotFound, match=three[0].id):
        roll_back(store, front, id_)
    another = add_version(store)
    with pytest.raises(NotFound, match=another.id):
        publish_here(store, front, id_, another.id)
    with store.reading() as work:
        assert work.deployments.named("new") is None
    assert read(store).revision == 2
    assert answers(counter) == "b"
    until(lambda: counter.front.leaving == 0)


def test_a_deleted_deployment_leaves_its_name_and_nothing_else(
    store: Store, counter: Counter, three: list[ModelVersion]
) -> None:
    first = publish(store, counter.front, three[0].id, "cats")
    delete(store, counter.front, first.deployment.id)
    with pytest.raises(NotFound):
        history(store, first.deployment.id)
    second = publish(store, counter.front, three[1].id, "cats")
    assert second.deployment.id != first.deployment.id
    assert counter.call(first.url(""), BODY)[2]["code"] == 2000
    assert answers(counter, second.url("")) == "b"


def test_deployments_are_listed_by_name_in_pages(store: Store, counter: Counter, three: list[ModelVersion]) -> None:
    for name in ("c", "a", "b"):
        publish(store, counter.front, three[0].id, name, OPEN)
    with store.reading() as work:
        first, cursor = work.deployments.page(None, 2)
        rest, end = work.deployments.page(cursor, 2)
        assert [row.name for row in [*first, *rest]] == ["a", "b", "c"]
        assert end is None
        assert len(work.deployments.page(None, 9, model_id=three[0].model_id)[0]) == 3
        assert work.deployments.page(None, 9, project_id="pr_none")[0] == []
