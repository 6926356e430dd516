"""What a search may find is made again byte for byte: votes, heads with a setting, altered copies, two networks."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec
import pytest

from fenlei.datasets import FoundPictures, Item, scan
from fenlei.imaging import Policy
from fenlei.modelfile import ModelFile, pack, write
from fenlei.modelfile import read as read_model
from fenlei.training.again import Again
from fenlei.training.candidate import VOTE, Candidate
from fenlei.training.errors import TrainingError
from fenlei.training.finish import Trained
from fenlei.training.formula import KEY, Formula, Ingredient, read_formula
from fenlei.training.recipe import RECIPE
from fenlei.training.train import rebuild, train
from fenlei.training.view import View
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("networks")
    for seed, name in enumerate(("one", "other")):
        (folder / f"{name}.onnx").write_bytes(tiny_network(size=32, width=24, seed=seed))
    return {name: str(folder / f"{name}.onnx") for name in ("one", "other")}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("set") / "photos", {"a": 20, "b": 20, "c": 20})


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def plain(photos: Path, cache: Path, networks: dict[str, str]) -> Trained:
    train(photos, cache=cache, backbone=networks["other"])  # so that both are in the cache
    return train(photos, cache=cache, backbone=networks["one"])


def found_by_a_search(
    plain: Trained, photos: Path, cache: Path, networks: dict[str, str], candidate: Candidate
) -> Trained:
    """The model that a search would have left that this candidate had won."""
    formula = read_formula(plain.model, RECIPE)
    other = train(photos, cache=cache, backbone=networks["other"])
    both = [*formula.ingredients, *read_formula(other.model, RECIPE).ingredients]
    ingredients = [msgspec.structs.replace(each, size=None) for each in both]
    made = msgspec.structs.replace(formula, candidate=candidate, ingredients=ingredients)
    return train(photos, cache=cache, again=Again(plain.model, made))


def heads(*names: str) -> list[Candidate]:
    view = View(names, None, Policy.SQUASH)
    return [
        Candidate(view=view, kind="logistic", copies="altered"),
        Candidate(view=view, kind="prototypes"),
        Candidate(
            view=view, kind="network", setting={"hidden": 8, "dropout": 0.1, "decay": 0.001, "rate": 0.01, "epochs": 4}
        ),
    ]


@pytest.mark.parametrize("number", range(4), ids=["copies", "prototypes", "network", "vote"])
def test_what_a_search_found_is_made_again(
    plain: Trained, photos: Path, cache: Path, networks: dict[str, str], number: int, tmp_path: Path
) -> None:
    several = heads("one.onnx", "other.onnx")
    vote = Candidate(
        view=several[0].view,
        kind=VOTE,
        members=(several[0], heads("other.onnx")[1], heads("one.onnx")[0]),
        shares=(0.5, 0.25, 0.25),
    )
    candidate = [*several, vote][number]
    found = found_by_a_search(plain, photos, cache, networks, candidate)
    assert len(found.model.head.voters) == (3 if candidate.kind == VOTE else 1)
    assert str(Path(networks["one"]).parent) not in msgspec.json.encode(found.model.manifest).decode()
    write(tmp_path / "m.fenlei", found.model)
    again = rebuild(read_model(tmp_path / "m.fenlei"), photos, cache=cache)
    assert pack(again.model) == pack(found.model)
    assert read_formula(again.model, RECIPE).candidate == candidate


def test_the_leaderboard_of_the_search_stays(plain: Trained, photos: Path, cache: Path) -> None:
    report = msgspec.structs.replace(
        plain.report,
        candidates=[
            *plain.report.candidates,
            msgspec.structs.replace(plain.report.candidates[0], chosen=False, seconds=12.5, head="linear SVM"),
        ],
    )
    from fenlei.training.report import to_json

    parts = {**plain.model.report, "report.json": to_json(report)}
    again = rebuild(
        ModelFile(plain.model.manifest, plain.model.head, plain.model.network, parts, plain.model.parity),
        photos,
        cache=cache,
    )
    assert again.report.candidates == report.candidates


def test_pictures_found_elsewhere_are_held_against_those_of_the_model(
    plain: Trained, photos: Path, cache: Path
) -> None:
    def renamed(swap: bool) -> FoundPictures:
        found = scan(photos)
        items = [Item(f"there/{item.name}", item.label, item.part, item.read) for item in found.items]
        if swap:
            data = items[0].read()
            items[1] = Item("there/copy.png", "a", None, functools.partial(bytes, data))
        return FoundPictures(found.labels, items, found.skipped)

    again = rebuild(plain.model, lambda: renamed(False), cache=cache)
    assert again.model.manifest.dataset_digest == plain.model.manifest.dataset_digest
    with pytest.raises(TrainingError, match=r"1 is gone \(a/0001\.png\)"):
        rebuild(plain.model, lambda: renamed(True), cache=cache)


def test_a_backbone_that_is_another_one_here_is_named(
    plain: Trained, photos: Path, cache: Path, networks: dict[str, str], tmp_path: Path
) -> None:
    formula = read_formula(plain.model, RECIPE)
    stranger = Ingredient(name=networks["other"], size=None, id="file:one", side=32, digest="ab" * 32)
    view = View((networks["other"],), None, Policy.SQUASH)
    with pytest.raises(TrainingError, match=r"file:one at 32 pixels of the digest abababababab; here it is"):
        train(
            photos,
            cache=tmp_path,
            again=Again(
                plain.model,
                msgspec.structs.replace(formula, ingredients=[stranger], look=view, candidate=Candidate(view=view)),
            ),
        )


def test_a_recipe_of_another_way_or_kind_is_refused(plain: Trained) -> None:
    with pytest.raises(TrainingError, match="learned in the way 'search/"):
        read_formula(plain.model, "search/99")
    recipe = {**plain.model.manifest.recipe, KEY: {"way": RECIPE}}
    odd = ModelFile(msgspec.structs.replace(plain.model.manifest, recipe=recipe), plain.model.head, None)
    with pytest.raises(TrainingError, match="of a kind that this Fenlei does not know"):
        read_formula(odd, RECIPE)
    assert isinstance(read_formula(plain.model, RECIPE), Formula)
