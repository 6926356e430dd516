"""Ways of learning a head on features. Adding one means a file here and an entry below."""

from fenlei.training.heads.kind import Fitted, HeadKind, Setting, SideBySide
from fenlei.training.heads.logistic import LogisticHead
from fenlei.training.heads.network import NetworkHead
from fenlei.training.heads.prototypes import PrototypeHead
from fenlei.training.heads.svm import SvmHead

LOGISTIC, SVM, PROTOTYPES, NETWORK = "logistic", "svm", "prototypes", "network"

KINDS: dict[str, HeadKind] = {
    LOGISTIC: LogisticHead(),
    SVM: SvmHead(),
    PROTOTYPES: PrototypeHead(),
    NETWORK: NetworkHead(),
}

__all__ = ["KINDS", "LOGISTIC", "NETWORK", "PROTOTYPES", "SVM", "Fitted", "HeadKind", "Setting", "SideBySide"]
