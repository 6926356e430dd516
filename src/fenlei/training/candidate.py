"""One way of learning that a search may try: a view, a head on it, copies to learn from; or a vote of several."""

from __future__ import annotations

import hashlib

import msgspec

from fenlei.training.heads import ALL_KINDS, LOGISTIC
from fenlei.training.view import View

VOTE = "vote"
"""The kind of a candidate that is several."""

TUNED = "tuned"
"""The kind of a candidate whose network is trained together with a linear head; see `finetune`."""

ANEW = "anew"
"""The setting of a tuned candidate that is 1 where it is learned anew, once it is judged, from everything that may be
learned from."""


BY_FOLDS = "folds"
"""The setting of a tuned candidate that says how many folds judge it; one where it is absent."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried.

    Attributes:
        view: how pictures become features; for a vote, the view of all its members.
        kind: which of `heads.ALL_KINDS`, or `VOTE`, or `TUNED`.
        copies: which of `alteration.COPIES` the head learns from besides the pictures.
        setting: fixed beforehand; None lets the kind choose along its path.
        members: of a vote, in order of their share; of a tuned network, the head that it began from.
        shares: of the members; they sum to one.
    """

    view: View
    kind: str = LOGISTIC
    copies: str = "none"
    setting: dict[str, float] | None = None
    members: tuple[Candidate, ...] = ()
    shares: tuple[float, ...] = ()

    @property
    def key(self) -> str:
        """A short name that equal candidates share."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()[:24]

    @property
    def head(self) -> str:
        """What the head is, for people."""
        if self.kind == VOTE:
            return f"vote of {len(self.members)} heads"
        if self.kind == TUNED:
            anew, folds = (self.setting or {}).get(ANEW) == 1.0, int((self.setting or {}).get(BY_FOLDS, 1))
            said = "fine-tuned network" if folds == 1 else f"fine-tuned network, judged by {folds} folds"
            return f"{said}, anew from everything" if anew else said
        return ALL_KINDS[self.kind].name
