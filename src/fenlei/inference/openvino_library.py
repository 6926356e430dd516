"""The one way to OpenVINO's Python package: without its telemetry."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import cast


def load_openvino() -> ModuleType:
    """Import OpenVINO so that it tells nobody.

    Merely imported, the package counts its uses under the user's home folder and, from a forked child, reports them
    to an analytics service, unless the user has opted out. Without the module that does so it uses its own empty
    stand-in; and an import of it that fails is how it notices.

    Raises:
        ImportError: the package is absent or its binaries do not fit this machine.
    """
    if "openvino" not in sys.modules:
        cast("dict[str, ModuleType | None]", sys.modules).setdefault("openvino_telemetry", None)
    import openvino

    return cast("ModuleType", openvino)
