"""What training writes and serving reads: one zip of labels, preprocessing, network, head and report. No pickle."""

from fenlei.modelfile.errors import DamagedModelFile, ModelFileError, NewerModelFile, NotAModelFile
from fenlei.modelfile.file import ModelFile, ParityPicture, pack, read, write
from fenlei.modelfile.head import Head
from fenlei.modelfile.manifest import FORMAT, BackboneRef, Calibration, Manifest

__all__ = [
    "FORMAT",
    "BackboneRef",
    "Calibration",
    "DamagedModelFile",
    "Head",
    "Manifest",
    "ModelFile",
    "ModelFileError",
    "NewerModelFile",
    "NotAModelFile",
    "ParityPicture",
    "pack",
    "read",
    "write",
]
