"""Bring an ONNX network up to an operator set in which what is to be added to it can be said."""

from __future__ import annotations

from typing import Any

from fenlei.backbones.errors import BackboneError

OURS = ("", "ai.onnx")
"""How the operators of ONNX itself are called; others are some library's own."""


def at_least(onnx: Any, model: Any, oldest: int) -> Any:
    """A network in an operator set that is no older.

    Args:
        onnx: the library.
        model: the network.
        oldest: number of the set.

    Raises:
        BackboneError: it is older, and cannot be converted.
    """
    version = next((each.version for each in model.opset_import if each.domain in OURS), oldest)
    if version >= oldest:
        return model
    try:
        return onnx.version_converter.convert_version(model, oldest)
    except Exception as exc:
        line = next((line.strip() for line in str(exc).splitlines() if line.strip()), type(exc).__name__)
        raise BackboneError(
            f"The backbone is written in operator set {version} of ONNX, at least {oldest} is needed, and it cannot be "
            f"converted: {line}."
        ) from exc
