"""What training writes and serving reads: one zip of labels, preprocessing, network, head and report. No pickle."""

from fenlei.modelfile.decision import COST, PRECISION, Decision
from fenlei.modelfile.errors import DamagedModelFile, ModelFileError, NewerModelFile, NotAModelFile
from fenlei.modelfile.file import ModelFile, ParityPicture, Sealed, pack, read, write
from fenlei.modelfile.head import Head
from fenlei.modelfile.layers import Dense, Layer, Normalise, Relu
from fenlei.modelfile.manifest import (
    FORMAT,
    MOST_TOLERANCE,
    TOLERANCE,
    BackboneRef,
    Calibration,
    Manifest,
    UnknownRef,
    VoterRef,
)
from fenlei.modelfile.neighbours import Neighbours
from fenlei.modelfile.unknown import Distances, HeadMeasure, Unknown
from fenlei.modelfile.unknown_file import unknown_ref
from fenlei.modelfile.voter import Voter, softmax

__all__ = [
    "COST",
    "FORMAT",
    "MOST_TOLERANCE",
    "PRECISION",
    "TOLERANCE",
    "BackboneRef",
    "Calibration",
    "DamagedModelFile",
    "Decision",
    "Dense",
    "Distances",
    "Head",
    "HeadMeasure",
    "Layer",
    "Manifest",
    "ModelFile",
    "ModelFileError",
    "Neighbours",
    "NewerModelFile",
    "Normalise",
    "NotAModelFile",
    "ParityPicture",
    "Relu",
    "Sealed",
    "Unknown",
    "UnknownRef",
    "Voter",
    "VoterRef",
    "pack",
    "read",
    "softmax",
    "unknown_ref",
    "write",
]
