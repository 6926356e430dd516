"""Soft voting: the best few heads on one input, each counting by what it adds.

Caruana et al. 2004, "Ensemble Selection from Libraries of Models": beginning with the best, again and again the head is
taken in, also a second time, whose vote lowers the loss on held-out pictures most, which count as the aim says.
All voters see the same input, so that the vote is still one network and one pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Head, Voter, softmax
from fenlei.modelfile.head import SMALLEST
from fenlei.training.aimed_loss import aimed_loss
from fenlei.training.calibration import fit_temperature
from fenlei.training.candidate import VOTE, Candidate
from fenlei.training.evaluation import log_loss
from fenlei.training.head import Judged
from fenlei.training.heads import KINDS
from fenlei.training.view import View

ROUNDS = 12
MOST_HEADS = 5
MOST_BACKBONES = 2
LEAST_GAIN = 0.002
"""Share by which one more vote must lower the loss."""


def best_vote(
    judged: Sequence[tuple[Candidate, Judged]],
    truth: NDArray[np.int64],
    weights: NDArray[np.float64] | None = None,
    *,
    allowed: Callable[[View], bool] = lambda view: True,
) -> tuple[Candidate, Judged] | None:
    """The vote with the lowest loss on pictures held out; None where no two heads are better than one.

    Args:
        judged: heads that were judged by the same folds.
        truth: (n,) class numbers.
        weights: (n,) how much a picture's loss counts, by what is aimed at; None: all alike.
        allowed: whether a vote on this view answers quickly enough.
    """
    found: tuple[Candidate, Judged] | None = None
    for together in _groups([each for each in judged if each[0].kind in KINDS and each[1].loss is not None]):
        chosen = _select(together, truth, weights)
        if chosen is None or not allowed(chosen[0].view):
            continue
        if found is None or aimed_loss(chosen[1], truth, weights) < aimed_loss(found[1], truth, weights):
            found = chosen
    return found


def judge_vote(members: Sequence[Judged], shares: Sequence[float], truth: NDArray[np.int64]) -> Judged:
    """What a vote scores on the pictures that its members held out.

    Args:
        members: judged by the same folds.
        shares: of each; they sum to one.
        truth: (n,) class numbers.
    """
    held_out = members[0].held_out
    repeated = np.broadcast_to(truth, held_out.shape)[held_out]
    votes = sum(share * _scores(member) for share, member in zip(shares, members, strict=True))
    logits = np.log(np.maximum(votes, SMALLEST)) * held_out[..., None]
    temperature = fit_temperature(logits[held_out], repeated)
    return Judged(
        kind=VOTE,
        setting={},
        temperature=temperature,
        class_weights=members[0].class_weights,
        held_out=held_out,
        logits=logits,
        loss=log_loss(softmax(logits[held_out] / temperature), repeated),
        seed=members[0].seed,
    )


def vote_head(candidate: Candidate, judged: Judged, heads: Sequence[Head], widths: dict[str, int]) -> Head:
    """The head of a vote from those of its members.

    Args:
        candidate: the vote.
        judged: what it scored; its temperature is taken.
        heads: of the members, in their order.
        widths: features of each backbone of the view.
    """
    width = sum(widths.values())
    voters = []
    for member, share, head in zip(candidate.members, candidate.shares, heads, strict=True):
        first = candidate.view.backbones.index(member.view.backbones[0])
        start = sum(widths[name] for name in candidate.view.backbones[:first])
        columns = (start, start + sum(widths[name] for name in member.view.backbones))
        voter = head.voters[0]
        voters.append(Voter(voter.layers, None if columns == (0, width) else columns, head.temperature, share))
    return Head(tuple(voters), judged.temperature)


def _groups(judged: Sequence[tuple[Candidate, Judged]]) -> list[list[tuple[Candidate, Judged]]]:
    """Heads that can vote together: the same input, and together no more backbones than are allowed."""
    by_input: dict[tuple[int | None, str], list[tuple[Candidate, Judged]]] = {}
    for each in judged:
        by_input.setdefault((each[0].view.size, each[0].view.policy.value), []).append(each)
    groups = []
    for several in by_input.values():
        names = list(dict.fromkeys(name for candidate, _ in several for name in candidate.view.backbones))
        pairs = [(one, other) for place, one in enumerate(names) for other in names[place + 1 :]]
        for allowed in [(name,) for name in names] + (pairs if MOST_BACKBONES > 1 else []):
            inside = [each for each in several if set(each[0].view.backbones) <= set(allowed)]
            if len(inside) > 1:
                groups.append(inside)
    return groups


def _select(
    judged: list[tuple[Candidate, Judged]], truth: NDArray[np.int64], weights: NDArray[np.float64] | None
) -> tuple[Candidate, Judged] | None:
    scores = [_scores(each) for _, each in judged]
    held_out = judged[0][1].held_out
    repeated = np.broadcast_to(truth, held_out.shape)[held_out]
    counted = None if weights is None else np.broadcast_to(weights, held_out.shape)[held_out]
    best = min(range(len(judged)), key=lambda place: aimed_loss(judged[place][1], truth, weights))
    taken = [best]
    loss = log_loss(scores[best][held_out], repeated, counted)
    for _ in range(ROUNDS):
        total = sum(scores[place] for place in taken)
        tried = [
            (log_loss(((total + scores[place]) / (len(taken) + 1))[held_out], repeated, counted), place)
            for place in range(len(judged))
            if place in taken or len(set(taken)) < MOST_HEADS
        ]
        lowest, place = min(tried)
        if lowest > loss * (1 - LEAST_GAIN):
            break
        taken.append(place)
        loss = lowest
    counts = Counter(taken)
    if len(counts) < 2:
        return None
    order = [place for place, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    names = list(dict.fromkeys(name for place in order for name in judged[place][0].view.backbones))
    first = judged[order[0]][0].view
    candidate = Candidate(
        view=View(tuple(sorted(names)), first.size, first.policy),
        kind=VOTE,
        members=tuple(judged[place][0] for place in order),
        shares=tuple(counts[place] / len(taken) for place in order),
    )
    return candidate, judge_vote([judged[place][1] for place in order], candidate.shares, truth)


def _scores(judged: Judged) -> NDArray[np.float64]:
    """(repeats, n, c) what a head votes, by its own temperature."""
    flat = softmax((judged.logits / judged.temperature).reshape(-1, judged.logits.shape[-1]))
    return flat.reshape(judged.logits.shape)
