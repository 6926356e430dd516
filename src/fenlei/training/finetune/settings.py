"""What a fine-tuning is done with: one small value, every default in sight."""

from __future__ import annotations

import msgspec

SETTLED = 5000
"""Pictures from which on batch norms may learn the statistics of these pictures; those of fewer say too little, and the
ones that the network was trained with are kept."""


class TuneSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Every field is a number, so that a candidate carries it as its setting.

    Attributes:
        stages: how many of the network's stages are learned, from the top; 0 is all of them.
        kept: 1 where what the stages below give is computed once and kept; 0 where every picture runs through all of
            the network each time.
        variants: of each picture that are kept, the picture itself among them.
        epochs: at most.
        batch: pictures in a step; how many of them fit into memory at a time is found out.
        rate: of the highest stage, at its peak.
        head_rate: of the head.
        slower: what the rate of a stage is multiplied by to have that of the stage below it.
        decay: of the weights, as in AdamW.
        smoothing: of the labels.
        mixing: share of the steps that mix pictures (MixUp and CutMix, in turn by chance).
        average: decay of the moving average of the weights, whose end is what is kept.
        warm_up: share of the steps in which rates rise.
        thaw: epochs between one stage and the next one below it beginning to learn.
        patience: epochs in a row that are worse than the best beyond doubt, after which it ends, once half of them are
            over: before that rates are high, and what begins by getting worse often ends better.
        anew: 0 for the network that is judged; 1 for the one that is learned anew, by the same recipe and for as many
            epochs, from everything that may be learned from.
        mirrored: 1 where a mirrored picture is still a picture of its class.
        seed: decides whatever is random.
    """

    stages: int = 0
    kept: int = 0
    variants: int = 4
    epochs: int = 12
    batch: int = 16
    rate: float = 5e-4
    head_rate: float = 5e-4
    slower: float = 0.9
    decay: float = 0.02
    smoothing: float = 0.1
    mixing: float = 0.4
    average: float = 0.98
    warm_up: float = 0.1
    thaw: float = 0.2
    patience: int = 3
    anew: int = 0
    mirrored: int = 0
    seed: int = 0

    def as_numbers(self) -> dict[str, float]:
        """As a candidate's setting."""
        return {name: float(value) for name, value in msgspec.to_builtins(self).items()}


def read_settings(numbers: dict[str, float]) -> TuneSettings:
    """The settings in a candidate's numbers; names that are none of theirs are passed over."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(TuneSettings)}
    known = {name: int(value) if kinds[name] is int else value for name, value in numbers.items() if name in kinds}
    return msgspec.convert(known, TuneSettings)
