"""A model that is taken away scores as it did at home, on a machine that has never heard of Fenlei."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from fenlei.backbones import open_backbone
from fenlei.backbones.onnx_nodes import Nodes
from fenlei.contract.errors import Refused
from fenlei.imaging import InputSpec, Policy, check, decode, to_input, wanted_size
from fenlei.modelfile import ModelFile, read, write
from fenlei.projects.foreign.accept import accept
from fenlei.projects.foreign.declaration import declared
from fenlei.serving.errors import BackboneMissing
from fenlei.serving.export import ExportError, export
from fenlei.serving.export.network import one_network
from fenlei.serving.export.resize import add_resize, tall_pictures_rows_first
from fenlei.serving.export.runner import read as read_as_shipped
from fenlei.serving.host import ModelHost
from tests.support import drawing
from tests.support.bare_python import bare_python
from tests.support.classifiers import colour_network, declaration
from tests.support.cli import fenlei
from tests.support.heads import heads
from tests.support.models import LABELS, SIZE, WIDTH, tiny_model, write_tiny
from tests.support.networks import tiny_network
from tests.support.oddities import turned

SPECS = [
    InputSpec(height=32, width=32),
    InputSpec(height=48, width=48, policy=Policy.LETTERBOX, fill=9),
    InputSpec(height=40, width=40, policy=Policy.CROP),
    InputSpec(height=24, width=60, policy=Policy.LETTERBOX),
    InputSpec(height=60, width=24, policy=Policy.CROP),
    InputSpec(height=224, width=224),
]


def unpacked(data: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    return folder


def with_policy(policy: Policy) -> ModelFile:
    """The tiny model under another resize policy, without pictures of its own."""
    model = tiny_model(parity=0)
    return replace(
        model, manifest=msgspec.structs.replace(model.manifest, input=InputSpec(height=SIZE, width=SIZE, policy=policy))
    )


def at_home(model: ModelFile, cache: Path, pictures: list[bytes]) -> list[list[float]]:
    host = ModelHost(cache=cache)
    try:
        predictor = host.adopt(model, Path("m")).predictor
        return [[float(score) for score in predictor.predict(data)] for data in pictures]
    finally:
        host.close()


@pytest.mark.parametrize("policy", list(Policy))
def test_the_export_scores_as_the_api_does_where_there_is_no_fenlei(policy: Policy, tmp_path: Path) -> None:
    model = with_policy(policy)
    made = export(model, "animals", cache=tmp_path / "cache")
    assert made.proof.farthest < 1e-5
    folder = unpacked(made.data, tmp_path / "away")
    pictures = [
        drawing.jpeg(1400, 900, quality=70),
        drawing.jpeg(90, 260, seed=3),
        turned(drawing.jpeg(300, 200, seed=4), 8),
        drawing.png(70, 90, mode="LA", seed=5),
    ]
    names = []
    for number, data in enumerate(pictures):
        names.append(tmp_path / f"图 {number}")
        names[-1].write_bytes(data)

    said = bare_python(tmp_path / "packages", folder / "run.py", "--self-test", *names)
    assert said.returncode == 0, said.stderr
    passed, *rest = said.stdout.splitlines()
    assert passed.startswith("passed")
    lines = [json.loads(line) for line in rest]
    expected = at_home(model, tmp_path / "cache", pictures)
    for line, name, row in zip(lines, names, expected, strict=True):
        assert line["picture"] == str(name)
        assert line["prediction"] == LABELS[int(np.argmax(row))]
        assert list(line["scores"]) == list(LABELS)
        np.testing.assert_allclose(list(line["scores"].values()), row, atol=1e-4)


@pytest.mark.parametrize("kind", list(heads(WIDTH, len(LABELS))))
def test_a_head_of_any_build_is_exported(kind: str, tmp_path: Path) -> None:
    model = tiny_model(head=heads(WIDTH, len(LABELS))[kind])
    made = export(model, "animals", cache=tmp_path)
    assert made.proof.farthest < 1e-5
    assert made.proof.pictures > len(model.parity)


def test_no_fenlei_is_there_when_the_runner_runs(tmp_path: Path) -> None:
    said = bare_python(tmp_path / "packages", "-c", "import numpy, PIL, onnxruntime, fenlei")
    assert "No module named 'fenlei'" in said.stderr


def test_the_self_test_notices_a_network_that_is_another(tmp_path: Path) -> None:
    folder = unpacked(export(tiny_model(), "one", cache=tmp_path / "cache").data, tmp_path / "away")
    other = unpacked(export(tiny_model(head_seed=5), "two", cache=tmp_path / "cache").data, tmp_path / "other")
    (folder / "network.onnx").write_bytes((other / "network.onnx").read_bytes())
    said = bare_python(tmp_path / "packages", folder / "run.py", "--self-test")
    assert said.returncode == 1
    assert said.stdout.startswith("FAILED")


def test_a_file_that_is_no_picture_is_named_and_the_others_are_done(tmp_path: Path) -> None:
    folder = unpacked(export(tiny_model(), "one", cache=tmp_path / "cache").data, tmp_path / "away")
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "good.png").write_bytes(drawing.png(40, 40))
    words = (folder / "run.py", tmp_path / "text.jpg", tmp_path / "good.png")
    said = bare_python(tmp_path / "packages", *words)
    assert said.returncode == 1
    assert "text.jpg" in said.stderr
    assert "Traceback" not in said.stderr
    assert json.loads(said.stdout)["picture"].endswith("good.png")


def test_the_resize_inside_the_network_is_ours_to_the_last_level() -> None:
    rng = np.random.default_rng(11)
    for spec in SPECS:
        run = _resizer(spec)
        shapes = [(spec.height, spec.width), (1, 1), (1, 300), (300, 1), (31, 30), (700, 40), (1000, 333), (333, 1000)]
        shapes += [tuple(int(side) for side in rng.integers(2, 500, 2)) for _ in range(12)]  # type: ignore[misc]
        for height, width in shapes:
            noise = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
            assert np.array_equal(run(noise), to_input(noise, spec)), (spec, height, width)


def test_tall_pictures_are_done_in_the_order_of_this_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, noise = SPECS[0], np.random.default_rng(1).integers(0, 256, (400, 50, 3)).astype(np.uint8)
    assert np.array_equal(_resizer(spec)(noise), to_input(noise, spec))
    monkeypatch.setattr("fenlei.serving.export.resize.tall_pictures_rows_first", lambda: not tall_pictures_rows_first())
    assert not np.array_equal(_resizer(spec)(noise), to_input(noise, spec))


@pytest.mark.parametrize(
    "data",
    [
        *(drawing.jpeg(640, 480, mode=mode) for mode in ("RGB", "L", "CMYK")),
        drawing.jpeg(900, 1200, progressive=True),
        *(turned(drawing.jpeg(400, 260), number) for number in range(2, 9)),
        *(drawing.png(500, 300, mode=mode) for mode in ("RGB", "L", "LA", "RGBA", "P", "1", "I;16")),
        drawing.png(500, 300, mode="P", transparency=3),
        drawing.png(500, 300, mode="L", transparency=90),
        drawing.png(500, 300, mode="RGB", transparency=(90, 80, 70)),
        drawing.png(300, 500, exif=drawing.orientation(6)),
        drawing.png_rgb16(200, 300),
    ],
)
def test_the_runner_reads_files_as_the_server_does(data: bytes) -> None:
    for spec in SPECS:
        assert np.array_equal(_as_served(data, spec), read_as_shipped(data, msgspec.to_builtins(spec)))


@pytest.mark.filterwarnings("ignore")  # Pillow's file plugins have much to say about these files
def test_the_runner_reads_the_corpus_as_the_server_does(shared: Path) -> None:
    same = 0
    for path in sorted((shared / "data" / "corpus").rglob("*.*")):
        data = path.read_bytes()
        if path.name in {"apng_chunk_no_fctl.png", "unknown_compression_method.png"}:
            continue  # Pillow's file plugin refuses them; ours reads what matters
        try:
            ours = _as_served(data, SPECS[2])
        except Refused:
            continue
        assert np.array_equal(ours, read_as_shipped(data, msgspec.to_builtins(SPECS[2]))), path.name
        same += 1
    assert same > 400


def test_equal_models_give_equal_exports_that_say_where_they_come_from(tmp_path: Path) -> None:
    model = tiny_model()
    made = export(model, "animals", cache=tmp_path / "cache")
    assert export(model, "animals", cache=tmp_path / "elsewhere").data == made.data
    folder = unpacked(made.data, tmp_path / "away")
    about = json.loads((folder / "about.json").read_text())
    path = tmp_path / "m.fenlei"
    assert write(path, model) == about["model_sha256"]
    assert about["backbone"]["licence"] == "Apache-2.0"
    assert about["proof"]["pictures"] == len(list((folder / "parity").glob("*"))) - 1
    assert json.loads((folder / "labels.json").read_text()) == list(LABELS)
    network = onnx.load(folder / "network.onnx")
    onnx.checker.check_model(network, full_check=True)
    assert json.loads(network.metadata_props[0].value) == list(LABELS)
    assert "run.py" in (folder / "README.md").read_text()


def test_an_export_that_scores_otherwise_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def colder(model: ModelFile, network: bytes) -> bytes:
        return one_network(replace(model, head=replace(model.head, temperature=model.head.temperature * 1.1)), network)

    monkeypatch.setattr("fenlei.serving.export.bundle.one_network", colder)
    with pytest.raises(ExportError, match="gives other scores than the model"):
        export(tiny_model(), "animals", cache=tmp_path / "cache")


def test_a_backbone_that_is_only_referred_to_is_found_or_asked_for(tmp_path: Path) -> None:
    file, cache = tmp_path / "tiny.onnx", tmp_path / "cache"
    file.write_bytes(tiny_network())
    kept = open_backbone(str(file), cache=cache)
    assert kept.digest == hashlib.sha256(tiny_network()).hexdigest()
    model = tiny_model(embedded=False)
    assert export(model, "animals", cache=cache).proof.farthest < 1e-5
    with pytest.raises(BackboneMissing):
        export(model, "animals", cache=tmp_path / "nothing")


def test_a_model_made_of_a_foreign_network_of_an_old_kind_is_exported(tmp_path: Path) -> None:
    model = accept(colour_network(opset=9), declared(declaration(channels="BGR", resize="crop")), "colours").model
    assert export(model, "colours", cache=tmp_path / "cache").proof.farthest < 1e-3


def test_the_command_writes_the_zip_beside_nothing_half_written(tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "animals.fenlei")
    home = tmp_path / "home"
    said = fenlei("export", model, workspace=home, cwd=tmp_path)
    assert said.code == 0, said.err
    assert "Proved on 10 pictures" in said.err
    assert zipfile.is_zipfile(tmp_path / "animals.zip")
    told = json.loads(fenlei("export", model, "-o", tmp_path / "b.zip", "--json", workspace=home).out)
    assert told["pictures"] == 10
    assert (tmp_path / "b.zip").read_bytes() == (tmp_path / "animals.zip").read_bytes()

    refused = fenlei("export", model, "-o", model, workspace=home)
    assert refused.code == 1
    assert "name another file" in refused.err
    assert read(model).manifest.labels == list(LABELS)
    write(model, tiny_model(parity_shift=0.1))
    moved = fenlei("export", model, "-o", tmp_path / "c.zip", workspace=home)
    assert moved.code == 1
    assert "Traceback" not in moved.err
    assert sorted(each.name for each in tmp_path.glob("*c.zip*")) == []


def _resizer(spec: InputSpec) -> Callable[[Any], Any]:
    nodes = Nodes(onnx, "resize/")
    out = add_resize(nodes, "picture", spec)
    told = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [*nodes.made, onnx.helper.make_node("Identity", [out], ["resized"])],
        "resize",
        [told("picture", onnx.TensorProto.UINT8, ["height", "width", 3])],
        [told("resized", onnx.TensorProto.UINT8, [1, spec.height, spec.width, 3])],
        nodes.initializers(),
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 11)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(None, {"picture": pixels})[0][0]


def _as_served(data: bytes, spec: InputSpec) -> NDArray[np.uint8]:
    header = check(data)
    return decode(data, wanted_size(*header.upright_size, spec), header)
