"""Choose the language of a detail sentence from what the caller's header asks for."""

from __future__ import annotations

from typing import Literal

Language = Literal["zh", "en"]


def choose(accept_language: str | None) -> Language:
    """Return the language the caller prefers of the two there are; Chinese where nothing is said or nothing fits.

    Reads `Accept-Language` with its q-values: `en-GB` counts as English, `*` as Chinese; at equal weight the one
    named first wins. A header that cannot be read counts as none.
    """
    if not accept_language:
        return "zh"
    best: Language = "zh"
    weight = 0.0
    for entry in accept_language.split(","):
        tag, *parameters = (part.strip().lower() for part in entry.split(";"))
        primary = tag.split("-")[0]
        if primary not in {"zh", "en", "*"}:
            continue
        quality = _quality(parameters)
        if quality > weight:
            best, weight = ("en" if primary == "en" else "zh"), quality
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0.0 <= quality <= 1.0 else 0.0
    return 1.0
