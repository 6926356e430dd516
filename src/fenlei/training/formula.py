"""What it takes to make a model again without a search, as it stands in the model file under `recipe.again`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

import msgspec

from fenlei.backbones import CATALOGUE
from fenlei.modelfile import ModelFile
from fenlei.training.candidate import Candidate
from fenlei.training.decide import Demand
from fenlei.training.errors import TrainingError
from fenlei.training.view import View
from fenlei.training.workshop import Workshop

KEY = "again"

FINISHED, TRAINED = "finished", "trained"
"""Where a recipe says what was done to a model after training, and then how it was trained."""


class Ingredient(msgspec.Struct, frozen=True, kw_only=True):
    """A backbone that is needed.

    Attributes:
        name: by which views call it.
        size: that views ask for; None: its own.
        id: its own name.
        side: of its input in pixels.
        digest: SHA-256, hex, of its ONNX file.
    """

    name: str
    size: int | None
    id: str
    side: int
    digest: str


class Formula(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it, besides the pictures.

    Attributes:
        way: how candidates are learned; see `recipe.RECIPE`.
        candidate: what won.
        look: the view that duplicates were found by.
        ingredients: of both.
        aim: what was to be raised.
        aim_by: who chose that; see `aim.who_chose`.
        goal: what was asked for.
        seed: of split and folds.
        test_fraction: share held out where the pictures bring no test part.
        drawn_parity: whether no picture travels in the model file.
        false_rejects: share of known pictures that may be called unknown.
        compared: whether rules for unknown pictures were compared.
        mapped: whether heat maps were drawn of wrong pictures, as far as there was time.
        precision: that thresholds were chosen for; see `decide.Demand`.
        cost: the same.
    """

    way: str
    candidate: Candidate
    look: View
    ingredients: list[Ingredient]
    aim: str
    aim_by: str | msgspec.UnsetType = msgspec.UNSET
    goal: str
    seed: int
    test_fraction: float
    drawn_parity: bool
    false_rejects: float = 0.05
    compared: bool = True
    mapped: bool = True
    precision: float | dict[str, float] | None = None
    cost: tuple[float, float] | dict[str, tuple[float, float]] | None = None

    @property
    def demand(self) -> Demand:
        """What was asked of answers."""
        return Demand(self.precision, self.cost)


def write_formula(
    candidate: Candidate,
    look: View,
    workshop: Workshop,
    *,
    way: str,
    aim: str,
    aim_by: str | msgspec.UnsetType,
    goal: str,
    seed: int,
    test_fraction: float,
    drawn_parity: bool,
    false_rejects: float,
    compared: bool,
    mapped: bool,
    demand: Demand,
) -> Formula:
    """Put it together. Names that are paths of this machine lose their folders."""
    views = [look, candidate.view, *(member.view for member in candidate.members)]
    parts = {(part.backbones[0], part.size): part for view in views for part in view.parts}
    ingredients = []
    for (name, size), part in sorted(parts.items(), key=lambda each: (each[0][0], each[0][1] or 0)):
        backbone = workshop.backbone(part)
        ingredients.append(
            Ingredient(name=plain_name(name), size=size, id=backbone.id, side=backbone.size, digest=backbone.digest)
        )
    return Formula(
        way=way,
        candidate=_without_paths(candidate),
        look=_view(look),
        ingredients=ingredients,
        aim=aim,
        aim_by=aim_by,
        goal=goal,
        seed=seed,
        test_fraction=test_fraction,
        drawn_parity=drawn_parity,
        false_rejects=false_rejects,
        compared=compared,
        mapped=mapped,
        precision=dict(demand.precision) if isinstance(demand.precision, Mapping) else demand.precision,
        cost=dict(demand.cost) if isinstance(demand.cost, Mapping) else demand.cost,
    )


def formula_of(model: ModelFile) -> Formula:
    """What a model file says of how it was made.

    Raises:
        TrainingError: it does not say, or in words that this Fenlei does not know.
    """
    said = model.manifest.recipe.get(KEY)
    if said is None and FINISHED in model.manifest.recipe:
        raise TrainingError(
            "The model was changed after it was trained, so training alone does not make it again; its recipe names, "
            f"under `{FINISHED}`, the model that it was made of."
        )
    if said is None:
        raise TrainingError(
            "The model does not carry what it takes to make it again: it was not trained by Fenlei, or by one older "
            "than this."
        )
    try:
        return msgspec.convert(said, Formula)
    except msgspec.ValidationError as exc:
        raise TrainingError(
            f"The model's recipe is of a kind that this Fenlei does not know ({exc}); it was made by Fenlei "
            f"{_maker(model)}."
        ) from exc


def read_formula(model: ModelFile, way: str) -> Formula:
    """The same, of a model that can be made again here.

    Args:
        model: the file.
        way: how candidates are learned here.

    Raises:
        TrainingError: it does not say, or it was made in a way that is not that of this Fenlei.
    """
    formula = formula_of(model)
    if formula.way != way:
        raise TrainingError(
            f"The model was learned in the way {formula.way!r} and this Fenlei learns in the way {way!r}, so it would "
            f"not come out the same. Fenlei {_maker(model)} made it."
        )
    return formula


def _maker(model: ModelFile) -> str:
    return model.manifest.versions.get("fenlei", "another version")


def _without_paths(candidate: Candidate) -> Candidate:
    members = tuple(_without_paths(member) for member in candidate.members)
    setting = None if candidate.setting is None else {name: float(each) for name, each in candidate.setting.items()}
    return msgspec.structs.replace(candidate, view=_view(candidate.view), members=members, setting=setting)


def _view(view: View) -> View:
    return view._replace(backbones=tuple(map(plain_name, view.backbones)))


def plain_name(name: str) -> str:
    """A backbone's name without the folders of this machine."""
    return name if name in CATALOGUE or name.startswith("hf:") else PurePath(name).name
