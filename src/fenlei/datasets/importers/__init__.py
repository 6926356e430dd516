"""Data sets as people have them on their disks, in archives, and as other programs export them: recognised by looking.

`look` opens a path, `look_sent` files that were sent; `preview` says in short what they found. To add a format, write
one file with an `Importer` and one entry in `IMPORTERS`.
"""

from fenlei.datasets.importers.found import Found, FoundFile
from fenlei.datasets.importers.look import FORMATS, IMPORTERS, look, look_sent
from fenlei.datasets.importers.preview import preview

__all__ = ["FORMATS", "IMPORTERS", "Found", "FoundFile", "look", "look_sent", "preview"]
