"""Every row and sentence of how the contract is read, as cases that any stack which answers predictions must pass.

A stack is examined by subclassing and giving the one fixture:

    class TestHandler(ContractSuite):
        @pytest.fixture
        def predict(self, …) -> Predict:
            return lambda headers, body: (status, headers, json)

`predict` asks an existing deployment that it may ask, sends exactly the given headers and body, and returns the HTTP
status, the answer's headers with names in lower case, and the body read as JSON. The model behind it should look at
where things are in a picture, or the cases about orientation prove little.

A stack with a gateway subclasses GatewaySuite, which has the same cases and those about URL, method and key.
RestStatusSuite and EnvelopeSuite are for deployments that asked for these styles.
"""

from __future__ import annotations

from tests.support.contract_suite.answer import AnswerCases
from tests.support.contract_suite.asking import Answer, Call, Predict
from tests.support.contract_suite.gateway import GatewayCases
from tests.support.contract_suite.order import OrderCases
from tests.support.contract_suite.picture import PictureCases
from tests.support.contract_suite.request import RequestCases
from tests.support.contract_suite.styles import EnvelopeSuite, RestStatusSuite

__all__ = [
    "Answer",
    "Call",
    "ContractSuite",
    "EnvelopeSuite",
    "GatewaySuite",
    "Predict",
    "RestStatusSuite",
]


class ContractSuite(RequestCases, PictureCases, OrderCases, AnswerCases):
    """What every stack promises; gives nothing but `predict`."""


class GatewaySuite(GatewayCases, ContractSuite):
    """The same, and what only a stack with URLs, methods and keys can promise."""
