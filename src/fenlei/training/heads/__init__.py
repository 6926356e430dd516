"""Ways of learning a head on features. Adding one means a file here and an entry below."""

from fenlei.training.heads.kind import Fitted, HeadKind, Setting, SideBySide
from fenlei.training.heads.logistic import LogisticHead
from fenlei.training.heads.neighbours import NeighboursHead
from fenlei.training.heads.network import NetworkHead
from fenlei.training.heads.prototypes import PrototypeHead
from fenlei.training.heads.svm import SvmHead

LOGISTIC, SVM, PROTOTYPES, NETWORK = "logistic", "svm", "prototypes", "network"
NEIGHBOURS = "neighbours"

KINDS: dict[str, HeadKind] = {
    LOGISTIC: LogisticHead(),
    SVM: SvmHead(),
    PROTOTYPES: PrototypeHead(),
    NETWORK: NetworkHead(),
}
"""What a search tries."""

ALL_KINDS: dict[str, HeadKind] = {**KINDS, NEIGHBOURS: NeighboursHead()}
"""With those that are learned only where somebody asks for them."""

__all__ = [
    "ALL_KINDS",
    "KINDS",
    "LOGISTIC",
    "NEIGHBOURS",
    "NETWORK",
    "PROTOTYPES",
    "SVM",
    "Fitted",
    "HeadKind",
    "Setting",
    "SideBySide",
]
