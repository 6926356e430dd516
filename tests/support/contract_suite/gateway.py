"""What only a stack with URLs, methods and keys can show: who may ask where, and how."""

from __future__ import annotations

import pytest

from fenlei.contract import MAX_BODY_BYTES, Code
from tests.support.contract_suite.asking import (
    JSON,
    SMALL,
    Answer,
    Asking,
    Call,
    Predict,
    body_of,
    body_with,
    expect_failure,
    expect_success,
)

BODY = body_of(SMALL)


class GatewayCases(Asking):
    """Rows about URL, method and key, and the codes of the gateway."""

    @pytest.fixture
    def call(self) -> Call:
        """Send any method to any path of the stack; the path may have a query."""
        raise NotImplementedError("a subclass of this suite gives the fixture `call`")

    @pytest.fixture
    def name(self) -> str:
        """A deployment that needs a key."""
        raise NotImplementedError("a subclass of this suite gives the fixture `name`")

    @pytest.fixture
    def key(self) -> str:
        """The key that it needs."""
        raise NotImplementedError("a subclass of this suite gives the fixture `key`")

    @pytest.fixture
    def open_name(self) -> str:
        """A deployment on the same stack that needs none; a stack that cannot have both leaves this as it is."""
        pytest.skip("this stack has no open deployment beside the keyed one")

    @pytest.fixture
    def predict(self, call: Call, name: str, key: str) -> Predict:
        """Ask the keyed deployment by its complete URL."""

        def ask(headers: dict[str, str], body: bytes) -> Answer:
            return call("POST", f"/api/image/{name}?neu_app_key={key}", headers, body)

        return ask

    def test_the_complete_url_with_the_documented_header_and_body_is_all_it_takes(
        self, call: Call, name: str, key: str
    ) -> None:
        expect_success(call("POST", f"/api/image/{name}?neu_app_key={key}", JSON, BODY))

    def test_the_key_may_travel_in_a_header(self, call: Call, name: str, key: str) -> None:
        for header in ({"X-App-Key": key}, {"Authorization": f"Bearer {key}"}, {"authorization": f"bearer {key}"}):
            expect_success(call("POST", f"/api/image/{name}", JSON | header, BODY))

    def test_other_parameters_of_the_query_are_ignored(self, call: Call, name: str, key: str) -> None:
        expect_success(call("POST", f"/api/image/{name}?a=1&neu_app_key={key}&b=", JSON, BODY))

    def test_an_absent_key_is_a_bad_key(self, call: Call, name: str) -> None:
        expect_failure(call("POST", f"/api/image/{name}", JSON, BODY), Code.BAD_KEY)
        expect_failure(call("POST", f"/api/image/{name}?neu_app_key=", JSON, BODY), Code.BAD_KEY)

    def test_an_unknown_key_is_a_bad_key(self, call: Call, name: str, key: str) -> None:
        for wrong in ("wrong", key[:-1], key + "x", key.swapcase()):
            expect_failure(call("POST", f"/api/image/{name}?neu_app_key={wrong}", JSON, BODY), Code.BAD_KEY)
            expect_failure(call("POST", f"/api/image/{name}", JSON | {"X-App-Key": wrong}, BODY), Code.BAD_KEY)
            bearer = {"Authorization": f"Bearer {wrong}"}
            expect_failure(call("POST", f"/api/image/{name}", JSON | bearer, BODY), Code.BAD_KEY)
        basic = {"Authorization": f"Basic {key}"}
        expect_failure(call("POST", f"/api/image/{name}", JSON | basic, BODY), Code.BAD_KEY)

    def test_an_open_deployment_needs_no_key(self, call: Call, open_name: str) -> None:
        expect_success(call("POST", f"/api/image/{open_name}", JSON, BODY))

    def test_a_deployment_that_does_not_exist_is_a_failed_upstream(self, call: Call, key: str) -> None:
        for absent in ("nobody-here", "UPPER", "a" * 65, "%E7%8C%AB"):
            answer = call("POST", f"/api/image/{absent}?neu_app_key={key}", JSON, BODY)
            expect_failure(answer, Code.UPSTREAM)

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
    def test_another_method_is_not_allowed(self, call: Call, name: str, key: str, method: str) -> None:
        answer = call(method, f"/api/image/{name}?neu_app_key={key}", JSON, BODY if method != "GET" else b"")
        expect_failure(answer, Code.BAD_PARAMETER, status=405)
        assert answer[1]["allow"] == "POST"

    def test_the_key_is_checked_before_the_deployment(self, call: Call) -> None:
        expect_failure(call("POST", "/api/image/nobody-here?neu_app_key=wrong", JSON, BODY), Code.BAD_KEY)

    def test_the_key_is_checked_before_anything_in_the_request(self, call: Call, name: str) -> None:
        for headers, body in (({}, BODY), (JSON, b""), (JSON, b"no JSON"), (JSON, body_with("A" * MAX_BODY_BYTES))):
            expect_failure(call("POST", f"/api/image/{name}?neu_app_key=wrong", headers, body), Code.BAD_KEY)

    def test_the_deployment_is_checked_before_anything_in_the_request(self, call: Call, key: str) -> None:
        for headers, body in (({}, BODY), (JSON, b""), (JSON, b"no JSON"), (JSON, body_with("A" * MAX_BODY_BYTES))):
            answer = call("POST", f"/api/image/nobody-here?neu_app_key={key}", headers, body)
            expect_failure(answer, Code.UPSTREAM)

    def test_what_the_gateway_says_has_the_headers_of_every_answer(self, call: Call, name: str, key: str) -> None:
        for method, path in (
            ("POST", f"/api/image/{name}"),
            ("POST", f"/api/image/nobody-here?neu_app_key={key}"),
            ("GET", f"/api/image/{name}?neu_app_key={key}"),
        ):
            _, headers, said = call(method, path, JSON, b"")
            assert headers["content-type"] == "application/json;charset=UTF-8"
            assert headers["x-request-id"] == said["requestId"]

    def test_no_answer_repeats_the_key(self, call: Call, name: str, key: str) -> None:
        for body in (BODY, b"", b"no JSON"):
            _, headers, said = call("POST", f"/api/image/{name}?neu_app_key={key}", JSON, body)
            assert key not in repr(headers)
            assert key not in repr(said)
