"""What training writes and serving reads: one zip of labels, preprocessing, network, head and report. No pickle."""

from fenlei.modelfile.errors import DamagedModelFile, ModelFileError, NewerModelFile, NotAModelFile
from fenlei.modelfile.file import ModelFile, ParityPicture, pack, read, write
from fenlei.modelfile.head import Head
from fenlei.modelfile.layers import Dense, Layer, Normalise, Relu
from fenlei.modelfile.manifest import FORMAT, BackboneRef, Calibration, Manifest, VoterRef
from fenlei.modelfile.voter import Voter, softmax

__all__ = [
    "FORMAT",
    "BackboneRef",
    "Calibration",
    "DamagedModelFile",
    "Dense",
    "Head",
    "Layer",
    "Manifest",
    "ModelFile",
    "ModelFileError",
    "NewerModelFile",
    "Normalise",
    "NotAModelFile",
    "ParityPicture",
    "Relu",
    "Voter",
    "VoterRef",
    "pack",
    "read",
    "softmax",
    "write",
]
