"""The model file keeps its promises: deterministic, atomic, verified, refusing what it cannot read."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fenlei.imaging.spec import InputSpec, Policy
from fenlei.modelfile import (
    FORMAT,
    BackboneRef,
    DamagedModelFile,
    Head,
    Manifest,
    ModelFile,
    NewerModelFile,
    NotAModelFile,
    ParityPicture,
    pack,
    read,
    write,
)
from tests.support.drawing import png

LABELS = ["猫", "dog", "other"]
NETWORK = b"not looked into by this room"


def model(seed: int = 0, *, embedded: bool = True) -> ModelFile:
    rng = np.random.default_rng(seed)
    return ModelFile(
        manifest=Manifest(
            labels=LABELS,
            input=InputSpec(height=32, width=32, policy=Policy.LETTERBOX),
            backbone=BackboneRef(
                id="tiny", digest=hashlib.sha256(NETWORK).hexdigest(), licence="Apache-2.0", size=32, width=16
            ),
            metrics={"accuracy": 0.9},
            recipe={"seed": seed},
        ),
        head=Head.linear(rng.normal(size=(16, 3)).astype(np.float32), rng.normal(size=3).astype(np.float32), 1.5),
        network=NETWORK if embedded else None,
        report={"index.html": b"<p>report</p>", "report.json": b"{}"},
        parity=[ParityPicture(png(40, 40, seed=i), np.array([0.2, 0.3, 0.5])) for i in range(2)],
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "模型.fenlei"
    write(path, model())
    return path


def rewrite(path: Path, change: dict[str, bytes | None]) -> None:
    """Replace, add or (None) remove members, the digests in the manifest left as they are."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**members, **change}.items():
            if data is not None:
                archive.writestr(name, data)


def edit_manifest(path: Path, **fields: object) -> None:
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    rewrite(path, {"manifest.json": json.dumps({**manifest, **fields}).encode()})


def test_what_was_written_is_read_back(path: Path) -> None:
    original, copy = model(), read(path)
    assert copy.manifest.labels == LABELS
    assert copy.manifest.input == original.manifest.input
    features = np.random.default_rng(0).normal(size=(4, 16)).astype(np.float32)
    np.testing.assert_array_equal(copy.head.scores(features), original.head.scores(features))
    assert copy.head.temperature == 1.5
    assert copy.network == NETWORK
    assert copy.report == original.report
    assert [p.data for p in copy.parity] == [p.data for p in original.parity]
    np.testing.assert_array_equal(copy.parity[0].scores, original.parity[0].scores)


def test_equal_models_are_equal_bytes_and_others_are_not() -> None:
    assert pack(model(1)) == pack(model(1))
    assert pack(model(1)) != pack(model(2))


def test_a_referenced_backbone_does_not_travel(tmp_path: Path) -> None:
    path = tmp_path / "small.fenlei"
    write(path, model(embedded=False))
    copy = read(path)
    assert copy.network is None
    assert not copy.manifest.backbone.embedded
    assert copy.manifest.backbone.digest == hashlib.sha256(NETWORK).hexdigest()


def test_common_tools_list_its_members_and_nothing_is_pickled(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {"manifest.json", "backbone.onnx", "head.safetensors", "report/index.html"} <= set(archive.namelist())
        assert not any(b"\x80\x04\x95" in archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("name", ["backbone.onnx", "head.safetensors", "report/index.html", "parity/00.png"])
def test_a_changed_member_is_refused_by_name(path: Path, name: str) -> None:
    with zipfile.ZipFile(path) as archive:
        data = bytearray(archive.read(name))
    data[-1] ^= 1
    rewrite(path, {name: bytes(data)})
    with pytest.raises(DamagedModelFile, match=name):
        read(path)


def test_a_member_too_many_or_too_few_is_refused(path: Path) -> None:
    rewrite(path, {"extra.txt": b"hello"})
    with pytest.raises(DamagedModelFile, match="extra.txt"):
        read(path)
    write(path, model())
    rewrite(path, {"report/index.html": None})
    with pytest.raises(DamagedModelFile, match="report/index.html"):
        read(path)


def test_a_newer_format_is_refused_and_says_what_to_do(path: Path) -> None:
    edit_manifest(path, format=FORMAT + 1, something_new={"a": 1})
    with pytest.raises(NewerModelFile, match=f"format {FORMAT + 1}.*newer Fenlei"):
        read(path)


@pytest.mark.parametrize("number", [0, -1])
def test_a_format_that_never_was_is_refused(path: Path, number: int) -> None:
    edit_manifest(path, format=number)
    with pytest.raises(DamagedModelFile, match=f"format {number}"):
        read(path)


def test_changed_preprocessing_is_refused(path: Path) -> None:
    edit_manifest(path, input={"height": 32, "width": 32, "policy": "crop"})
    with pytest.raises(DamagedModelFile, match="preprocessing"):
        read(path)


@pytest.mark.parametrize("much", [0.0, -0.1, 0.11, 1.0])
def test_a_file_whose_parity_pictures_prove_nothing_is_refused(path: Path, much: float) -> None:
    edit_manifest(path, tolerance=much)
    with pytest.raises(DamagedModelFile, match=f"may be {much} off"):
        read(path)
    edit_manifest(path, tolerance=0.1)
    assert read(path).manifest.allowed == 0.1


def test_another_number_of_labels_than_of_scores_is_refused(path: Path) -> None:
    edit_manifest(path, labels=["a", "b"])
    with pytest.raises(DamagedModelFile, match="weight"):
        read(path)


def test_unknown_fields_of_the_manifest_are_ignored(path: Path) -> None:
    edit_manifest(path, note_from_the_future="hello")
    assert read(path).manifest.labels == LABELS


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.99])
def test_a_file_cut_short_is_refused(path: Path, keep: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(DamagedModelFile):
        read(path)


def test_something_else_is_refused_with_a_sentence(tmp_path: Path) -> None:
    other = tmp_path / "photo.png"
    other.write_bytes(png(40, 40))
    for path, words in [(other, "no model file"), (tmp_path / "absent", "no such file"), (tmp_path, "is a folder")]:
        with pytest.raises(NotAModelFile, match=words):
            read(path)
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("a.txt", "a")
    other.write_bytes(plain.getvalue())
    with pytest.raises(NotAModelFile, match="manifest"):
        read(other)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path: Path) -> None:
    before = path.read_bytes()
    broken = model()
    object.__setattr__(broken, "report", {"index.html": object()})
    with pytest.raises(TypeError):
        write(path, broken)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_device_or_folder_does_not_give_its_place(tmp_path: Path) -> None:
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for place in (pipe, folder):
        with pytest.raises(OSError, match="is no file"):
            write(place, model())
    assert pipe.is_fifo()
    assert sorted(tmp_path.iterdir()) == [folder, pipe]


def test_a_link_stays_and_the_file_behind_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link, real = tmp_path / "m.fenlei", tmp_path / "there" / "real.fenlei"
    real.write_bytes(b"old")
    link.symlink_to(real)
    digest = write(link, model())
    assert link.is_symlink()
    assert hashlib.sha256(real.read_bytes()).hexdigest() == digest


def test_a_kill_during_save_leaves_a_whole_file(tmp_path: Path) -> None:
    """A child saves one large model over another without pause; wherever kill -9 meets it, the file is whole."""
    path = tmp_path / "model.fenlei"
    write(path, model())
    script = textwrap.dedent("""
        import sys
        from dataclasses import replace
        from pathlib import Path
        from fenlei.modelfile import write
        from tests.integration.test_modelfile import model
        big = [replace(model(seed), report={"big.bin": bytes([seed]) * 8_000_000}) for seed in (1, 2)]
        print("ready", flush=True)
        while True:
            for one in big:
                write(Path(sys.argv[1]), one)
                print("saved", flush=True)
    """)
    for saves in range(1, 6):
        child = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
        try:
            assert child.stdout is not None
            for _ in range(1 + saves):
                assert child.stdout.readline()
        finally:
            os.kill(child.pid, signal.SIGKILL)
            child.communicate(timeout=30)
        assert read(path).manifest.recipe["seed"] in (1, 2)


def test_a_member_whose_compressed_bytes_are_damaged_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("manifest.json").header_offset + 30 + len("manifest.json")
    content = bytearray(path.read_bytes())
    content[start + 5 : start + 60] = b"\xff" * 55
    path.write_bytes(content)
    with pytest.raises(DamagedModelFile, match=r"manifest\.json cannot be read"):
        read(path)
