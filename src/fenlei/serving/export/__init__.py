"""Take a model away: one network that needs no Fenlei, proved to score as the API does."""

from fenlei.serving.export.bundle import Exported, export
from fenlei.serving.export.errors import ExportError
from fenlei.serving.export.proof import Proof

__all__ = ["ExportError", "Exported", "Proof", "export"]
