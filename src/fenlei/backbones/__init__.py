"""Backbones: where feature networks come from, and how they become ONNX files that every engine runs."""

from __future__ import annotations

from fenlei.backbones.catalogue import CATALOGUE, BackboneInfo, Normalisation
from fenlei.backbones.errors import BackboneError
from fenlei.backbones.listing import Condition, Sizes, State, available, by_digest, fetched, kept
from fenlei.backbones.open import fetch, find_backbone, load_backbone, open_backbone, sizes_of
from fenlei.backbones.shelf import Backbone
from fenlei.backbones.source import Loaded, Report

__all__ = [
    "CATALOGUE",
    "Backbone",
    "BackboneError",
    "BackboneInfo",
    "Condition",
    "Loaded",
    "Normalisation",
    "Report",
    "Sizes",
    "State",
    "available",
    "by_digest",
    "fetch",
    "fetched",
    "find_backbone",
    "kept",
    "load_backbone",
    "open_backbone",
    "sizes_of",
]
