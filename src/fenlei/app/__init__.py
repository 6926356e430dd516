"""The one place that wires rooms together and runs them."""

from __future__ import annotations

from fenlei.app.build import Address, House, Ready, ServedModel, ServeError, build
from fenlei.app.serve import serve
from fenlei.app.server import HostUnusable, PortTaken

__all__ = [
    "Address",
    "HostUnusable",
    "House",
    "PortTaken",
    "Ready",
    "ServeError",
    "ServedModel",
    "build",
    "serve",
]
