"""From a folder of pictures to a model, top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from fenlei.datasets import Duplicates, FoundPictures, scan
from fenlei.inference.gpu import CPU
from fenlei.modelfile import ModelFile
from fenlei.training.account import digest_of
from fenlei.training.again import Again
from fenlei.training.ahead import Ahead
from fenlei.training.aim import Aim
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.curve_head import measure_curve
from fenlei.training.decide import FALSE_REJECTS, NOTHING_ASKED, Demand
from fenlei.training.divided import Divider
from fenlei.training.division import HELD_OUT, learnable
from fenlei.training.earlier import Earlier
from fenlei.training.ending import Ending
from fenlei.training.errors import TrainingError
from fenlei.training.expected_end import ExpectedEnd
from fenlei.training.finetune.at_work import AtWork
from fenlei.training.finetune.part import Part
from fenlei.training.finetune.sweep import Tidying
from fenlei.training.finetune.tuner import Tuner
from fenlei.training.finish import Finisher, Pool, Terms, Trained
from fenlei.training.formula import read_formula
from fenlei.training.honesty import check_false_rejects
from fenlei.training.inherited import Wished, inherit
from fenlei.training.journal import Journal
from fenlei.training.look import read_all, refuse_too_few
from fenlei.training.meanwhile import divided_meanwhile
from fenlei.training.only import check_alone, check_trainable, judge_alone
from fenlei.training.picture_list import listed
from fenlei.training.plan import Plan, make_plan
from fenlei.training.progress import Clock, Progress, Stage, Watch
from fenlei.training.recipe import RECIPE
from fenlei.training.report import CandidateResult
from fenlei.training.search import Search
from fenlei.training.task import task_digest
from fenlei.training.timetable import Outlook, Timetable
from fenlei.training.travelling import Travelling
from fenlei.training.workshop import Workshop


def train(
    path: Path | Callable[[], FoundPictures],
    *,
    cache: Path,
    goal: str = "balanced",
    budget: float | None = None,
    seed: int = 0,
    backbone: str | None = None,
    size: int | None = None,
    policy: str | None = None,
    copies: str | None = None,
    test_fraction: float = 0.2,
    synthetic_parity: bool = False,
    embed_backbone: bool = True,
    engine: str = "auto",
    aim: str | None = None,
    false_rejects: float = FALSE_REJECTS,
    demand: Demand = NOTHING_ASKED,
    fine_tune: bool = True,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    enough: Callable[[], bool] | None = None,
    heard: Callable[[CandidateResult], None] | None = None,
    better: Callable[[Trained], None] | None = None,
    outlook: Callable[[Outlook], None] | None = None,
    spent: float = 0.0,
    since: Earlier | None = None,
    again: Again | None = None,
    only: Candidate | None = None,
) -> Trained:
    """Learn from class folders, or from pictures that somebody else has found.

    Where the folder has a `test/` (or, without one, a `val/`), no choice sees that part and the shipped head never
    learns from it: the figures are those of the very model. Otherwise a part is drawn, every class in it where that
    is possible, duplicates on one side; once it has judged, the same recipe is fitted on all pictures, because on
    every set we measured that is the better model. The report says which of the two it was.

    The same seed, pictures and machine give the same model, byte for byte, unless a budget is given.

    Args:
        path: class folders, `train/` and `test/` of class folders, or a zip of either; or what opens pictures that
            were found elsewhere, with the classes in the order that the model shall have. They are closed at the end.
        cache: the workspace's cache folder.
        goal: `fast`, `balanced` or `accurate`.
        budget: seconds in all, from the first file read to the last; None tries a fixed number of candidates. The first
            is always tried, so a very small budget is overrun; a search ends sooner where nothing moves, see
            `timetable`. What an earlier search of the same pictures found out, with the same seed, aim, backbone, size,
            policy and copies, is not found out again, and its seconds count: a larger budget goes on where that one
            ended.
        seed: of the split and the folds.
        backbone: this one only: a catalogue id, a path, or `hf:org/name`.
        size: side of the input in pixels; None: the backbone's own.
        policy: `squash`, `letterbox` or `crop`; None: the plan's.
        copies: altered copies that every head learns from besides the pictures, one of `alteration.COPIES`; None: a
            search with a budget finds out whether some help.
        test_fraction: share to hold out where the folder brings no such part.
        synthetic_parity: let no picture of the folder travel in the model file: parity pictures are drawn, and the
            report has no gallery.
        embed_backbone: whether the backbone goes into the model file.
        engine: what runs the backbone; see `fenlei.inference.open_engine`.
        aim: `accuracy`, `balanced accuracy` or `macro-F1`; None takes accuracy, or balanced accuracy where one class
            has ten times as many pictures as another.
        false_rejects: share of pictures of known classes that the rule for unknown ones may call unknown.
        demand: of answers, where thresholds are wanted.
        fine_tune: whether, with a budget that suffices, the network under the best linear head is trained too; it wins
            only where it is better beyond noise.
        progress: told what is going on.
        cancelled: asked often; True stops.
        enough: asked often; True ends the search as soon as there is a model, and keeps the best so far.
        heard: told of every candidate that was tried, as soon as it was; of those that an earlier search tried, again.
        better: told of a whole model each time there is a better one than before, while the search goes on.
        outlook: told a few times a second how much time is spent and left, where there is a budget.
        spent: seconds of the budget that earlier processes have used, where the cache knows of fewer.
        since: go on from this model: what judged it judges the new one, and the report compares the two. The way in
            which it was learned is tried right after the first candidate, where wishes allow it.
        again: make this model again in place of searching; see `rebuild`.
        only: learn in this one way in place of searching: a head, or a network tuned under one; it says backbone, size,
            policy and copies.

    Raises:
        DatasetError: the folder is none.
        TrainingError: there is too little to learn from, or the wishes cannot be met.
        BackboneError: the backbone cannot be had.
        Cancelled: `cancelled` said so. The cache keeps what was computed.
    """
    if not 0 < test_fraction < 1:
        raise TrainingError(f"The share to hold out is {test_fraction}; it must lie between 0 and 1.")
    if seed < 0:
        raise TrainingError(f"The seed is {seed}; it must be 0 or more.")
    check_false_rejects(false_rejects)
    demand.check()
    if only is not None:
        check_alone(only, goal=goal, budget=budget, wished=any((backbone, size, policy, copies)))
    wanted, began = _aim(aim), time.monotonic()
    clock = Clock(progress)
    watch = Watch(clock, cancelled, enough, outlook)
    watch.expect(Timetable(budget, began=began, before=spent).outlook)
    choose = partial(make_plan, goal, budget, cache=cache, backbone=backbone, size=size, policy=policy, copies=copies)
    plan = again.plan if again is not None else choose() if only is None else Plan((only.view,), ())

    where = path if isinstance(path, Path) else None
    with (
        scan(path) if isinstance(path, Path) else path() as found,
        Workshop(cache, watch, engine, wished=plan.views[0]) as workshop,
        Ahead() as ahead,
        AtWork(cache) as at_work,
    ):
        labels = found.labels
        if again is not None:
            again.equip(workshop)
        if only is not None:
            check_trainable(only, workshop)
        demand.check(labels)

        # Where a first model is wanted soon, what it needs in any case is done beside what follows.
        soon = budget is not None and better is not None and again is None
        if soon:
            workshop.open_soon(plan.views[0])

        # Look: every file read once, every picture through the default network once.
        pictures, unreadable = read_all(found, watch)
        refuse_too_few(labels, learnable(pictures), where, [*found.skipped, *unreadable])
        if soon:
            travelling = Travelling(
                ahead, plan.views[0], workshop, labels, only_drawn=synthetic_parity, seed=seed, pictures=pictures
            )
        looked = workshop.features(plan.views[0], pictures)
        if again is None and backbone is not None:
            plan = choose()  # by now it is known at which other size its network is here, or can be had
        pictures = looked.pictures
        skipped = sorted([*found.skipped, *unreadable, *looked.skipped], key=lambda each: each.name)
        refuse_too_few(labels, learnable(pictures), where, skipped)
        if soon:
            ahead.begin(partial(workshop.network_milliseconds, plan.views[0]))  # before heavier work disturbs it

        # Divide: duplicates together, the test part aside; everything is chosen by the folds of the training part.
        watch.step(Stage.GROUP, 0, 1)
        before = since if again is None else again.earlier
        pins = None if before is None else before.pins(pictures)
        chosen_by = None if again is None else again.formula.aim_by
        divider = Divider(pictures, labels, test_fraction, seed, pins, wanted, chosen_by)
        duplicates, first = Duplicates([each.digest for each in pictures], looked.prints, looked.features), None
        if soon:
            travelling.settle(pictures)
            divided, first = divided_meanwhile(
                duplicates, divider, plan.views[0], plan.copies_first, looked, workshop, watch, ahead
            )
        else:
            divided = divider.by(duplicates.with_altered())
        groups, division, task = divided.groups, divided.division, divided.task
        watch.step(Stage.GROUP, 1, 1)
        if again is not None:
            again.check_pictures(listed(pictures, division.test), digest_of(pictures, division))

        # Search: candidates against each other on the training part.
        wishes = f"backbone {backbone} size {size} policy {policy}{'' if copies is None else f' copies {copies}'}"
        question = f"{RECIPE} {task_digest(task)} seed {seed} aim {task.aim.value} {wishes}"
        question += "".join(f" network {digest}" for digest in workshop.foreign(plan.views[0]).values())
        if workshop.runs_on != CPU:
            question += f" engine {workshop.runs_on}"
        journal = Journal(None if budget is None else cache / "searches", question, workshop.foreign)

        # What leaves the search is fitted on all pictures where the test part was ours to give.
        parts = [Part(task.pictures, task.truth)]
        if division.origin == HELD_OUT:
            parts.append(Part(pictures, division.truth))
        spoiled = None if again is None else again.spoiled
        tuner = Tuner(task, parts, workshop, journal, watch, cache=cache, engine=engine, spoiled=spoiled)
        tidying = Tidying(task, parts, workshop, journal, at_work)

        ending = Ending(watch.ask_and_look_ahead)
        finisher = Finisher(
            Pool(found.labels, pictures, skipped, groups, division, task),
            Terms(
                goal=goal,
                seed=seed,
                test_fraction=test_fraction,
                drawn_parity=synthetic_parity,
                embed_backbone=embed_backbone,
                false_rejects=false_rejects,
                demand=demand,
                way=RECIPE,
                look=plan.views[0],
            ),
            parts,
            tuner,
            workshop,
            journal,
            clock,
            watch,
            ahead,
            ending,
            since=since if again is None else again,
        )

        def tell(entry: Entry, results: list[CandidateResult]) -> None:
            if better is not None:
                found = finisher.whole(entry, results, last=False)
                if not embed_backbone:  # before somebody has the file that needs it
                    tidying.refer(entry)
                better(found)

        if again is not None:
            entry = again.judge(task, workshop, watch, journal, tuner)
            formula = again.formula
            made = finisher.whole(entry, again.results, again.curve, last=formula.compared, mapped=formula.mapped)
            tidying.leave(entry, [], referred=not embed_backbone)
            return made
        if only is not None:
            outcome = judge_alone(only, task, workshop, watch, journal, tuner, heard)
            curve = measure_curve(outcome.winner, task, labels, workshop, journal, budget, ending, watch.ask)
            made = finisher.whole(outcome.winner, outcome.results, curve)
            if only.kind == TUNED:  # until here, who is stopped goes on from where it was
                tuner.tidy(outcome.winner.candidate)
            tidying.leave(outcome.winner, outcome.tried, referred=not embed_backbone)
            return made
        expected = ExpectedEnd(
            ending,
            workshop,
            journal,
            task,
            pictures=pictures,
            tested=[each for each, judges in zip(pictures, division.test, strict=True) if judges],
            shipped=len(parts),
            shows=not synthetic_parity,
            budget=budget,
        )
        tuning = fine_tune and budget is not None
        wished = Wished(backbone, size, policy, copies)
        inherited = inherit(since, plan, workshop, wished, way=RECIPE, seed=seed, tuning=tuning)
        search = Search(
            task,
            plan if budget is None else inherited.joined(plan),
            workshop,
            watch,
            goal=goal,
            budget=budget,
            began=began,
            spent=spent,
            expected=expected,
            journal=journal,
            heard=heard,
            better=None if better is None else tell,
            tuner=tuner if tuning else None,
            first=first,
            inherited=inherited,
        )
        if soon and journal.candidates:
            ahead.shown()  # others will be measured at once
        outcome = search.run()
        curve, hurried = None, watch.had_enough
        if not hurried:  # who stops it waits for the model and for nothing else
            curve = measure_curve(outcome.winner, task, labels, workshop, journal, budget, ending, watch.ask)
        made = finisher.whole(outcome.winner, outcome.results, curve, mapped=not hurried)
        tidying.leave(outcome.winner, outcome.tried, referred=not embed_backbone)
        return made


def rebuild(
    model: ModelFile,
    path: Path | Callable[[], FoundPictures],
    *,
    cache: Path,
    engine: str = "auto",
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Trained:
    """Make a model again from the same pictures, by the recipe in its file and without a search.

    On the machine that made it, by the same engine, the new file has the same digest; elsewhere heads have the same
    figures, and fine-tuned networks are learned again with other roundings; see `model.rebuild.compare_files`.

    Args:
        model: to be made again.
        path: as for `train`.
        cache: as for `train`.
        engine: as for `train`.
        progress: told what is going on.
        cancelled: asked often; True stops.

    Raises:
        TrainingError: the pictures or a network are others, or the file does not say how it was made.
        DatasetError, Cancelled: as for `train`.
    """
    formula = read_formula(model, RECIPE)
    return train(
        path,
        cache=cache,
        goal=formula.goal,
        seed=formula.seed,
        test_fraction=formula.test_fraction,
        synthetic_parity=formula.drawn_parity,
        embed_backbone=model.network is not None,
        engine=engine,
        aim=formula.aim,
        false_rejects=formula.false_rejects,
        demand=formula.demand,
        progress=progress,
        cancelled=cancelled,
        again=Again(model, formula),
    )


def _aim(said: str | None) -> Aim | None:
    if said is None:
        return None
    try:
        return Aim(said)
    except ValueError:
        raise TrainingError(f"There is no aim `{said}`; choose one of {', '.join(Aim)}.") from None
