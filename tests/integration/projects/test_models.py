"""Models and their versions: what people say of them, uploads that are tried first, downloads, exports."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fenlei.datasets.create import BadValue
from fenlei.modelfile import pack
from fenlei.modelfile.errors import DamagedModelFile
from fenlei.projects.exports import MOST_KEPT, export_version, start_export
from fenlei.projects.foreign.accept import Sample
from fenlei.projects.foreign.declaration import declared
from fenlei.projects.model_uploads import About, check_onnx, upload_model_file, upload_onnx
from fenlei.projects.model_versions import (
    change_model_version,
    delete_model_version,
    download,
    read_model_version,
    report,
)
from fenlei.projects.models import ModelInUse, change_model, create_model, delete_model
from fenlei.projects.projects import create_project
from fenlei.runs import Recipes
from fenlei.serving.errors import ModelNotServable
from fenlei.serving.host import ModelHost
from fenlei.store import Conflict, NotFound, Stale, Store
from tests.integration.projects.conftest import bring_in, train
from tests.integration.projects.test_projects import deploy
from tests.support.bare_python import bare_python
from tests.support.classifiers import LABELS, colour_network, declaration, picture
from tests.support.models import tiny_model, write_tiny
from tests.support.runs import work_off
from tests.support.versions import add_version

SAMPLES = [Sample(picture(colour), colour) for colour in LABELS]


def test_versions_are_numbered_and_a_number_does_not_come_again(store: Store) -> None:
    versions = [add_version(store, "cats", head_seed=seed) for seed in range(3)]
    assert [version.number for version in versions] == [1, 2, 3]
    delete_model_version(store, versions[2].id)
    assert add_version(store, "cats").number == 4
    with store.reading() as work:
        page, after = work.models.versions(versions[0].model_id, None, 2)
        assert ([each.number for each in page], after) == ([4, 2], 2)
        assert [each.number for each in work.models.versions(versions[0].model_id, after, 2)[0]] == [1]
        assert work.models.latest([versions[0].model_id])[versions[0].model_id].number == 4
        assert work.models.count_versions(versions[0].model_id) == 3


def test_what_people_say_of_a_version_is_kept(store: Store) -> None:
    version = add_version(store)
    said = change_model_version(
        store, version.id, note="the good one", tags=["a", " b ", "a"], stage="production", revision=1
    )
    assert (said.note, said.tags, said.stage, said.revision) == ("the good one", ["a", "b"], "production", 2)
    assert change_model_version(store, version.id, stage="").tags == ["a", "b"]
    with pytest.raises(Stale):
        change_model_version(store, version.id, note="x", revision=1)
    with pytest.raises(BadValue, match="candidate, production, retired"):
        change_model_version(store, version.id, stage="best")
    with pytest.raises(BadValue):
        change_model_version(store, version.id, tags=["x" * 61])
    with pytest.raises(NotFound):
        change_model_version(store, "mv_none", note="x")


def test_a_model_is_renamed_and_goes_when_nothing_answers_with_it(store: Store) -> None:
    made = create_model(store, "dogs", "us_1")
    version = add_version(store, "cats")
    with pytest.raises(Conflict, match="already a model 'dogs'"):
        change_model(store, version.model_id, name="dogs")
    assert change_model(store, version.model_id, name="felines").name == "felines"
    deploy(store, version.id)
    with pytest.raises(ModelInUse, match="answers for the deployments 'live'"):
        delete_model(store, version.model_id, and_all=True)
    with pytest.raises(ModelInUse, match="answers for the deployments 'live'"):
        delete_model_version(store, version.id)
    with store.reading() as work:
        (deployment,) = work.deployments.page(None, 10)[0]
        assert work.models.version(version.id).revision == 1
    with store.writing() as work:
        work.deployments.remove(deployment.id)
    with pytest.raises(ModelInUse, match="has 1 version"):
        delete_model(store, version.model_id)
    assert delete_model(store, version.model_id, and_all=True) == 1
    assert delete_model(store, made.id) == 0
    with pytest.raises(NotFound):
        read_model_version(store, version.id)


def test_a_published_version_is_not_removed_even_when_nobody_looked(store: Store) -> None:
    version = add_version(store)
    deploy(store, version.id)
    with pytest.raises(Conflict, match="answers for a deployment"), store.writing() as work:
        work.models.remove_version(version.id)
    with pytest.raises(Conflict, match="answers for a deployment"), store.writing() as work:
        work.models.remove(version.model_id)


def test_a_model_file_made_elsewhere_is_tried_kept_and_given_out_again(
    store: Store, cache: Path, tmp_path: Path
) -> None:
    path = write_tiny(tmp_path / "m.fenlei")
    about = About("my cats/dogs", note="from home", tags=["brought"], by="us_1")
    version = upload_model_file(store, path, about, cache=cache)
    assert (version.origin, version.number, version.note, version.tags) == ("upload", 1, "from home", ["brought"])
    assert version.labels == ["cat", "dog", "鸟"]
    assert version.lineage["backbone"]["id"] == "tiny"
    again = upload_model_file(store, path, About("", model_id=version.model_id), cache=cache)
    assert (again.number, again.model_id, again.sha256) == (2, version.model_id, version.sha256)

    given = download(store, again.id)
    data = b"".join(given.chunks)
    assert data == path.read_bytes()
    assert (given.name, given.size) == ("my-cats-dogs-v2.fenlei", len(data))
    assert given.sha256 == hashlib.sha256(data).hexdigest()
    with pytest.raises(NotFound, match="carries no report"):
        report(store, version.id)


def test_a_model_file_that_is_not_what_it_says_is_not_kept(sqlite_store: Store, cache: Path, tmp_path: Path) -> None:
    moved = write_tiny(tmp_path / "moved.fenlei", parity_shift=0.01)
    with pytest.raises(ModelNotServable, match="cats does not score here as it did"):
        upload_model_file(sqlite_store, moved, About("cats"), cache=cache)
    whole = pack(tiny_model())
    (tmp_path / "cut.fenlei").write_bytes(whole[: len(whole) // 2])
    with pytest.raises((ModelNotServable, DamagedModelFile), match="cut short or damaged"):
        upload_model_file(sqlite_store, tmp_path / "cut.fenlei", About("cats"), cache=cache)
    reference = write_tiny(tmp_path / "reference.fenlei", embedded=False)
    with pytest.raises(ModelNotServable, match="neither in the file nor in"):
        upload_model_file(sqlite_store, reference, About("cats"), cache=cache)
    with pytest.raises(BadValue):
        upload_model_file(sqlite_store, write_tiny(tmp_path / "m.fenlei"), About(" "), cache=cache)
    with pytest.raises(NotFound):
        upload_model_file(sqlite_store, tmp_path / "m.fenlei", About("x", model_id="md_none"), cache=cache)
    with sqlite_store.reading() as work:
        assert not work.models.page(None, 10)[0]
    assert not list(sqlite_store.blobs.all())


def test_a_foreign_network_becomes_a_version_like_any_other(sqlite_store: Store, cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "colours.onnx"
    path.write_bytes(colour_network(outputs="probabilities"))
    said = declared(declaration(outputs="probabilities", licence="MIT"))
    answers = check_onnx(path, said, "colours", SAMPLES, cache=cache)
    assert [max(answer, key=answer.__getitem__) for answer in answers] == LABELS
    with sqlite_store.reading() as work:
        assert not work.models.page(None, 10)[0]

    uploaded = upload_onnx(sqlite_store, path, said, About("colours"), SAMPLES, cache=cache)
    assert uploaded.answers == answers
    version = uploaded.version
    assert (version.origin, version.labels, version.metrics) == ("onnx", LABELS, None)
    assert version.lineage["recipe"]["onnx_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert version.lineage["backbone"]["licence"] == "MIT"
    kept = tmp_path / "m.fenlei"
    sqlite_store.blobs.save_to(version.sha256, kept)
    host = ModelHost(cache=cache)
    try:
        scores = host.load(kept).predictor.predict(SAMPLES[2].data)
    finally:
        host.close()
    assert LABELS[int(scores.argmax())] == "blue"
    assert scores.max() == pytest.approx(answers[2]["blue"], abs=1e-5)

    exported = export_version(sqlite_store, version.id, cache=cache)
    folder = tmp_path / "away"
    zipfile.ZipFile(exported.path).extractall(folder)
    (tmp_path / "blue.png").write_bytes(SAMPLES[2].data)
    ran = bare_python(tmp_path / "packages", folder / "run.py", "--self-test", tmp_path / "blue.png")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[1])["prediction"] == "blue"


def test_a_foreign_network_that_is_refused_leaves_nothing(sqlite_store: Store, cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "colours.onnx"
    path.write_bytes(colour_network())
    said = declared(declaration(channels="BGR"))
    with pytest.raises(ModelNotServable, match="calls a sample that is 'red' 'blue'"):
        upload_onnx(sqlite_store, path, said, About("colours"), SAMPLES, cache=cache)
    with sqlite_store.reading() as work:
        assert not work.models.page(None, 10)[0]
    assert not list(sqlite_store.blobs.all())


def test_nothing_of_this_needs_torch(tmp_path: Path) -> None:
    (tmp_path / "colours.onnx").write_bytes(colour_network())
    program = f"""
import sys
from pathlib import Path
from tests.support.classifiers import declaration
from fenlei.projects import exports, model_uploads, model_versions, projects
from fenlei.projects.foreign.accept import accept
from fenlei.projects.foreign.declaration import declared
from fenlei.serving.export import export
folder = Path({str(tmp_path)!r})
model = accept((folder / "colours.onnx").read_bytes(), declared(declaration()), "colours").model
export(model, "colours", cache=folder / "cache")
print(sorted({{"torch", "transformers", "scipy"}} & set(sys.modules)))
"""
    said = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=Path(__file__).parents[3],
    )
    assert said.stdout == "[]\n", said.stderr


def test_a_version_is_exported_once_and_kept_in_the_cache(sqlite_store: Store, cache: Path) -> None:
    version = add_version(sqlite_store, "cats")
    made = export_version(sqlite_store, version.id, cache=cache)
    assert made.name == "cats-v1.zip"
    assert zipfile.is_zipfile(made.path)
    made.path.write_bytes(b"as it was")
    assert export_version(sqlite_store, version.id, cache=cache).size == 9
    assert [each.name for each in made.path.parent.iterdir()] == [made.path.name]
    for number in range(MOST_KEPT + 3):
        (made.path.parent / f"old-{number}.zip").touch()
    other = add_version(sqlite_store, "cats", head_seed=1)
    export_version(sqlite_store, other.id, cache=cache)
    assert len(list(made.path.parent.iterdir())) == MOST_KEPT
    with pytest.raises(NotFound):
        export_version(sqlite_store, "mv_none", cache=cache)


def test_an_export_can_be_a_run(store: Store, known: Recipes) -> None:
    version = add_version(store, "cats")
    start_export(store, version.id)
    (run,) = work_off(store, known)
    assert run.state == "done", run.error
    assert run.result is not None
    data = store.blobs.get(run.result["sha256"])
    assert len(data) == run.result["bytes"]
    assert zipfile.is_zipfile(io.BytesIO(data))


def test_the_report_of_a_training_comes_out_of_its_version(
    sqlite_store: Store, known: Recipes, drawn_classes: Path
) -> None:
    dataset = bring_in(sqlite_store, known, drawn_classes)
    project = create_project(sqlite_store, "p", "automated", dataset.id)
    run = train(sqlite_store, known, project.id)
    assert run.result is not None
    version_id = run.result["model_version_id"]
    page = report(sqlite_store, version_id)
    assert page.startswith(b"<!doctype html>") or b"<html" in page[:200]
    told = json.loads(report(sqlite_store, version_id, "json"))
    assert told["evaluation"]["accuracy"] == run.result["evaluation"]["accuracy"]
    with pytest.raises(BadValue, match="no report in the form 'pdf'"):
        report(sqlite_store, version_id, "pdf")
