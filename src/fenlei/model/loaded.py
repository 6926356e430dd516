"""A model that is ready: it classifies, explains, judges pictures, and is saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import numpy as np
from numpy.typing import NDArray

from fenlei.client import Prediction
from fenlei.contract import WireOptions
from fenlei.contract.errors import FenleiError
from fenlei.imaging import prepare_for_training, to_input
from fenlei.inference import embed
from fenlei.model.folder import Count, ScoredFolder, score_folder
from fenlei.model.source import Payload, PictureUnreadable, Source, named, reader
from fenlei.modelfile import Manifest, ModelFile, pack, read, write
from fenlei.serving.choice import choose_class, lacking
from fenlei.serving.host import LoadedModel, ModelHost
from fenlei.settings import Settings

if TYPE_CHECKING:
    from fenlei.serving.explain import Explanation
    from fenlei.training.evaluation import Evaluation
    from fenlei.training.gradient import GradientMap
    from fenlei.training.honesty_figures import DecisionFigures, StrangerFigures
    from fenlei.training.report import Report

Method = Literal["occlusion", "gradient"]
"""How a map is drawn of where a model looks."""


@dataclass(frozen=True)
class Judgement:
    """What a model got right and wrong in a folder.

    Attributes:
        evaluation: the figures.
        skipped: (name, reason) of every file that was left aside.
        strangers: how the rule for unknown pictures did, on these pictures and on those of classes that the model does
            not know; None where it has no rule.
        decision: what answers are like with its thresholds; None where it has none.
    """

    evaluation: Evaluation
    skipped: list[tuple[str, str]]
    strangers: StrangerFigures | None = None
    decision: DecisionFigures | None = None


class Model:
    """A model that is ready to classify. Safe from many threads; close it, or use it in a `with` block.

    Pictures are read by the same code as over HTTP, with the same scores. Unlike over HTTP, the contract's limits on
    size and shape do not apply, and other formats (BMP, GIF, TIFF, WebP) are read as well.

    Attributes:
        path: the model file it was loaded from, or that `save` writes when none is named.
    """

    def __init__(self, file: ModelFile, host: ModelHost, loaded: LoadedModel) -> None:
        """Use `fenlei.load` or `fenlei.train` instead."""
        self.path = loaded.path
        self._file = file
        self._host = host
        self._predictor = loaded.predictor

    @property
    def manifest(self) -> Manifest:
        """Everything the model file says of itself."""
        return self._file.manifest

    @property
    def labels(self) -> list[str]:
        """Class names, in the order of the scores."""
        return list(self._file.manifest.labels)

    @property
    def metrics(self) -> dict[str, Any]:
        """The figures of its evaluation, by name."""
        return dict(self._file.manifest.metrics)

    @property
    def report(self) -> Report:
        """The report of its training.

        Raises:
            FenleiError: the model file carries none.
        """
        from fenlei.training.report import from_json

        return from_json(self._report_part("report.json"))

    @property
    def report_json(self) -> str:
        """The report as JSON text."""
        return self._report_part("report.json").decode("utf-8")

    @property
    def report_html(self) -> str:
        """The report as one self-contained HTML page."""
        return self._report_part("index.html").decode("utf-8")

    @cached_property
    def learned_from(self) -> frozenset[str]:
        """The first 16 digits of SHA-256 of every picture that it has learned from; empty where its file does not
        tell."""
        from fenlei.training.picture_list import learned_digests

        return learned_digests(self._file)

    @overload
    def predict(self, source: Source, *, unknown_as: str | None = None, decide: bool = False) -> Prediction: ...
    @overload
    def predict(
        self, source: list[Any], *, unknown_as: str | None = None, decide: bool = False
    ) -> list[Prediction]: ...
    def predict(
        self, source: Source | list[Any], *, unknown_as: str | None = None, decide: bool = False
    ) -> Prediction | list[Prediction]:
        """Classify one picture, or a list of them side by side.

        Args:
            source: a path, the bytes of a picture file, an array (height, width, 3) of uint8 RGB, or a list of these.
            unknown_as: the class that pictures of nothing known are answered with; None answers them like any other,
                and `Prediction.unknown` tells them.
            decide: whether the thresholds of the model have a say in which class is answered; see `Decision`.

        Raises:
            FenleiError: a picture cannot be read, and the text names it; or the model cannot answer like that.
        """
        answers = []
        for answer in self.predict_each(
            source if isinstance(source, list) else [source], unknown_as=unknown_as, decide=decide
        ):
            if isinstance(answer, FenleiError):
                raise answer
            answers.append(answer)
        return answers if isinstance(source, list) else answers[0]

    def predict_each(
        self,
        sources: Sequence[Source],
        progress: Count | None = None,
        *,
        unknown_as: str | None = None,
        decide: bool = False,
    ) -> Iterator[Prediction | FenleiError]:
        """Yield for every picture its prediction or its error, in the order of `sources`.

        Args:
            sources: as for `predict`.
            progress: told how many are done.
            unknown_as: as for `predict`.
            decide: as for `predict`.

        Raises:
            FenleiError: the model cannot answer like that.
        """
        options = self._options(unknown_as, decide)
        started = time.perf_counter()
        early: dict[int, Prediction | FenleiError] = {}
        wanted = 0
        for index, verdict in self._verdicts([reader(source) for source in sources], progress):
            if isinstance(verdict, FenleiError):
                early[index] = named(verdict, sources[index])
            else:
                early[index] = self._prediction(*verdict, options, time.perf_counter() - started)
            while wanted in early:
                yield early.pop(wanted)
                wanted += 1

    def evaluate(self, directory: str | Path, progress: Count | None = None) -> Evaluation:
        """Judge the model on labelled pictures.

        Args:
            directory: class folders, or a zip of them; where it has a `test/` (or, without one, a `val/`), only that
                part is judged.
            progress: told how many pictures are done.

        Raises:
            FenleiError: the folder cannot be read, or holds no picture of a class this model knows.
        """
        return self.judge(directory, progress).evaluation

    def judge(self, directory: str | Path, progress: Count | None = None) -> Judgement:
        """Like `evaluate`, and name the files that were left aside, each with its reason."""
        from fenlei.training.evaluation import evaluate
        from fenlei.training.judge_claims import decision_figures, stranger_figures

        predictor = self._predictor
        found = self.score_folder(directory, progress, strangers=predictor.unknown is not None)
        decision = predictor.decision
        return Judgement(
            evaluate(found.scores, found.truth, self.labels),
            found.skipped,
            None if predictor.unknown is None else stranger_figures(found.strangeness, found.strangers),
            None if decision is None else decision_figures(decision, found.scores, found.truth, self.labels),
        )

    def score_folder(
        self, directory: str | Path, progress: Count | None = None, *, strangers: bool = False
    ) -> ScoredFolder:
        """The scores of every picture that `evaluate` would judge, with names and digests; raises like `evaluate`.

        Args:
            directory: as for `evaluate`.
            progress: as for `evaluate`.
            strangers: whether to look at pictures of other classes as well, to tell how strange they are.
        """
        return score_folder(Path(directory), self.labels, self._verdicts, progress, strangers=strangers)

    def explain(self, source: Source, label: str | None = None, *, method: Method = "occlusion") -> NDArray[np.float32]:
        """Where the model looks: which places of the picture speak for a class, and which against it.

        Args:
            source: as for `predict`.
            label: the class; None takes what the picture is called.
            method: `occlusion` covers one part of the picture after another and works for every model; `gradient`
                follows the network backwards, which is finer, and needs torch (the `train` extra) and a network of
                operators that torch has.

        Returns:
            (height, width) float32 on the upright picture, as large as the picture where its longest side is at most
            1024 pixels, else as much smaller. Above zero a place speaks for the class, below against it, in nats of
            its odds: by how much they fall when the place is covered; or, by `gradient`, what a sixty-fourth of the
            picture adds that is like this place.

        Raises:
            FenleiError: the picture cannot be read, the model knows no such class, or it has no map by this method;
                the text says why.
        """
        return self.explanation(source, label, method=method).heat

    def explanation(self, source: Source, label: str | None = None, *, method: Method = "occlusion") -> Explanation:
        """Like `explain`, with the scores, and with `png`: the map drawn over the picture."""
        from fenlei.serving.explain import NoMap, NoSuchClass, explain

        if method not in get_args(Method):
            raise FenleiError(f"There is no method `{method}`; choose one of {', '.join(get_args(Method))}.")
        draw = self._gradient if method == "gradient" else None
        try:
            return explain(self._predictor, reader(source)(), label, draw=draw)
        except (NoSuchClass, NoMap):
            raise
        except FenleiError as exc:
            raise named(exc, source) from exc
        except OSError as exc:
            unreadable = PictureUnreadable(f"{exc.strerror or exc}.")
            unreadable.__cause__ = exc
            raise named(unreadable, source) from exc

    def save(self, path: str | Path | None = None) -> str:
        """Write the model file; `path` holds the old file, the new one whole, or none.

        Args:
            path: where to; None takes the file it was loaded from, or, after training, the folder's name with
                `.fenlei` in the current folder.

        Returns:
            SHA-256 of the file, hex.
        """
        return write(self.path if path is None else Path(path), self._file)

    def to_bytes(self) -> bytes:
        """The model file that `save` writes."""
        return pack(self._file)

    def close(self) -> None:
        """Let go of the engine. Closing twice is fine."""
        self._host.close()

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        shown = ", ".join(self.labels[:5]) + (", …" if len(self.labels) > 5 else "")
        return (
            f"Model({len(self.labels)} classes: {shown}; {self.manifest.backbone.id} at {self.manifest.input.width} px)"
        )

    @cached_property
    def _gradient(self) -> GradientMap:
        from fenlei.training.gradient import GradientMap

        backbone = self.manifest.backbone
        return GradientMap(self._host.network(self._file), self._file.head, self._predictor.engine, backbone.id)

    def _verdicts(
        self, readers: Sequence[Callable[[], Payload]], progress: Count | None
    ) -> Iterator[tuple[int, tuple[NDArray[np.float64], float | None] | FenleiError]]:
        """Scores (classes,) and strangeness of every payload as they come, each with its index."""
        for index, features, _ in embed(readers, self._pixels, self._predictor.engine, progress=progress):
            if isinstance(features, FenleiError):
                yield index, features
            else:
                yield index, self._predictor.judge(features[None], strangeness=True)

    def _options(self, unknown_as: str | None, decide: bool) -> WireOptions:
        options = WireOptions(unknown_as=unknown_as, decide=decide)
        predictor = self._predictor
        why = lacking(
            predictor.labels,
            options,
            has_rule=predictor.unknown is not None,
            has_thresholds=predictor.decision is not None,
        )
        if why is not None:
            raise FenleiError(f"{self.path} cannot answer like that. {why}")
        return options

    def _pixels(self, payload: Payload) -> NDArray[np.uint8]:
        spec = self._predictor.spec
        return prepare_for_training(payload, spec) if isinstance(payload, bytes) else to_input(payload, spec)

    def _prediction(
        self, scores: NDArray[np.float64], strangeness: float | None, options: WireOptions, elapsed: float
    ) -> Prediction:
        values = [float(score) for score in scores]
        unknown = None if strangeness is None else strangeness > 1
        predictor = self._predictor
        chosen = choose_class(predictor.labels, values, options, unknown=bool(unknown), decision=predictor.decision)
        by_name = dict(zip(predictor.labels, values, strict=True))
        return Prediction(
            predictor.labels[chosen], values[chosen], by_name, "", elapsed, unknown=unknown, strangeness=strangeness
        )

    def _report_part(self, name: str) -> bytes:
        if name not in self._file.report:
            raise FenleiError(f"This model carries no report ({name} is not among its parts).")
        return self._file.report[name]


def load(path: str | Path, *, workspace: str | Path | None = None) -> Model:
    """Load a model file: its digests are verified and its parity pictures run.

    Args:
        path: a `NAME.fenlei`.
        workspace: where compiled networks are kept; the default is FENLEI_WORKSPACE or `~/.fenlei`.

    Raises:
        ModelFileError: it is absent, damaged, changed, or newer than this Fenlei.
        FenleiError: its network cannot run here, or its scores moved.
    """
    return open_model(read(Path(path)), Path(path), Settings.at(workspace))


def open_model(file: ModelFile, path: Path, settings: Settings) -> Model:
    """A model that was read or just made, ready to classify; `path` is what to call it in sentences."""
    host = ModelHost(cache=settings.cache, kind=settings.engine, streams=settings.threads)
    return Model(file, host, host.adopt(file, path))
