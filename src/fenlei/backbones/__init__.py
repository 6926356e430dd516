"""Backbones: where feature networks come from, and how they become ONNX files that every engine runs."""

from __future__ import annotations

from fenlei.backbones.catalogue import CATALOGUE, BackboneInfo, Normalisation
from fenlei.backbones.errors import BackboneError
from fenlei.backbones.open import open_backbone
from fenlei.backbones.shelf import Backbone

__all__ = ["CATALOGUE", "Backbone", "BackboneError", "BackboneInfo", "Normalisation", "open_backbone"]
