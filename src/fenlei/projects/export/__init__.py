"""Take a model away: one network that needs no Fenlei, proved to score as the API does."""

from fenlei.projects.export.bundle import Exported, export
from fenlei.projects.export.errors import ExportError
from fenlei.projects.export.proof import Proof

__all__ = ["ExportError", "Exported", "Proof", "export"]
