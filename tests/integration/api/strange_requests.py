"""Ask every operation of the OpenAPI document what nobody would think of, and look whether the answer is documented.

Of what the document allows and of what it forbids; about things that there are and about things that there are not.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation

from tests.integration.api.everything import API, Everything

Operation = APIOperation[Any, Any, Any, Any]

LEFT_OUT = {
    # We send tokens of our own, which this check takes for made up ones; test_roles asks without any.
    "ignored_auth",
    # Most that a schema allows cannot be done: names that are taken, ids of nothing, an export of what is no model.
    "positive_data_acceptance",
}


@dataclass
class Asked:
    """What came of it.

    Attributes:
        operations: that were asked.
        answers: how many there were, by status.
        seconds: that it took.
        findings: what was not as documented; empty when all is well.
    """

    operations: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """How many were sent."""
        return self.answers.total()

    def __str__(self) -> str:
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(self.answers.items()))
        return (
            f"{self.operations} operations, {self.requests} requests, {self.seconds:.1f} s, "
            f"{len(self.findings)} findings ({statuses})"
        )


def operations_of(app: Any) -> list[Operation]:
    """All that can be asked. What takes things away comes last, and what signs out at the very end."""
    schema: Any = schemathesis.openapi.from_asgi(f"{API}/openapi.json", app)
    found: list[Operation] = [result.ok() for result in schema.get_all_operations()]
    return sorted(found, key=lambda each: (each.method == "delete", each.path == f"{API}/sign-out"))


def thought_of(operation: Operation, each: int, *, edges: bool = False) -> list[Any]:
    """Requests to an operation.

    Args:
        operation: of the document.
        each: how many that are allowed, and how many that are not.
        edges: also with every parameter at each of its limits, and with each thing left out or wrong.
    """
    found: list[Any] = []
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        _draw(operation, mode, each, found.append)
        if edges:
            found += _edges(operation, mode)
    return found


def ask_all(requests: list[list[Any]], app: Any, headers: dict[str, str], there: Everything) -> Asked:
    """Send requests, and look at the answers.

    Args:
        requests: to every operation.
        app: answers.
        headers: of every request; who is asking.
        there: what requests are about, every second time; the other times it is what the generator thought of.
    """
    asked, began = Asked(len(requests)), time.monotonic()
    for number, case, few in ((n, case, len(of_one) <= 2) for of_one in requests for n, case in enumerate(of_one)):
        about = case.path_parameters, case.query, case.body
        if few or number % 2 == 0:
            case.path_parameters, case.query, case.body = (there.instead(each) for each in about)
        response = case.call(headers=headers, app=app)
        asked.answers[response.status_code] += 1
        try:
            case.validate_response(response, checks=_checks())
        except FailureGroup as group:
            asked.findings += [f"{case.operation.label}: {failure}" for failure in group.exceptions]
        case.path_parameters, case.query, case.body = about
    asked.seconds = time.monotonic() - began
    return asked


def _draw(operation: Operation, mode: GenerationMode, count: int, keep: Callable[[Any], None]) -> None:
    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        keep(case)

    one()


def _edges(operation: Operation, mode: GenerationMode) -> Iterator[Any]:
    schema: Any = operation.schema
    generation = schema.config.generation_for(operation=operation, phase="coverage")
    yield from schema.iter_coverage_cases(operation, generation_modes=[mode], generation_config=generation)


def _checks() -> list[Any]:
    return [check for name, check in CHECKS._items.items() if name not in LEFT_OUT]
