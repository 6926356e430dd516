"""What can be wrong with a model file.

ModelFileError
├── NotAModelFile       it is something else, or it is not there
├── NewerModelFile      it is from a Fenlei that knows a newer format
└── DamagedModelFile    a part is missing, was changed, or does not fit the others
"""

from __future__ import annotations

from fenlei.contract.errors import FenleiError


class ModelFileError(FenleiError):
    """A model file cannot be used."""


class NotAModelFile(ModelFileError):
    """The file is absent or is no model file."""


class NewerModelFile(ModelFileError):
    """The file's format is newer than this Fenlei reads."""


class DamagedModelFile(ModelFileError):
    """The file's parts do not have the digests, shapes or names that its manifest promises."""
