"""The prediction handler: a request body in, the contract's answer out. Plain, synchronous, safe from many threads."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from secrets import token_hex

from fenlei.contract import (
    CONTENT_TYPE,
    MAX_BODY_BYTES,
    PLAIN,
    REQUEST_ID_HEADER,
    Code,
    Detail,
    Failure,
    Language,
    Refused,
    Success,
    WireOptions,
    check_content_type,
    choose,
    failure,
    render,
    success,
)
from fenlei.imaging.checks import check
from fenlei.serving.choice import choose_class
from fenlei.serving.errors import CallerGone
from fenlei.serving.picture import picture_of
from fenlei.serving.predictor import Predictor

log = logging.getLogger(__name__)


class Handler:
    """Answers prediction requests with one model, in the order of checks that docs/contract.en.md gives.

    Cheap checks come before dear ones: JSON, field, base64, file size, type, pixels, ratio, and only then decoding
    and the model.
    """

    def __init__(
        self, predictor: Predictor, deployment: str = "", *, inferred: Callable[[float], None] | None = None
    ) -> None:
        """Answer for one deployment.

        Args:
            predictor: the model.
            deployment: its name, for the log.
            inferred: told the seconds of every pass through the model.
        """
        self._predictor = predictor
        self._deployment = deployment
        self._inferred = inferred

    def answer(
        self,
        body: bytes,
        request_id: str,
        language: Language,
        still_wanted: Callable[[], None] = lambda: None,
        options: WireOptions = PLAIN,
    ) -> Success | Failure:
        """Answer a body whose content type was right and whose size was within the cap.

        Args:
            body: the request's body.
            request_id: for the answer and the log.
            language: of the detail sentence.
            still_wanted: called before decoding and before inference; raises CallerGone to stop there.
            options: of the deployment; they may have a say in which class is named.

        Raises:
            CallerGone: from `still_wanted`. Everything else becomes an answer.
        """
        try:
            return self._predict(body, still_wanted, options)
        except Refused as refused:
            if refused.code is Code.INTERNAL:
                self._report(request_id)
            return failure(refused.code, refused.detail, request_id, language)
        except CallerGone:
            raise
        except Exception:  # noqa: BLE001 (the contract's -2: one picture's bad luck must stay its own)
            self._report(request_id)
            return failure(Code.INTERNAL, internal_detail(request_id), request_id, language)

    def handle(
        self, headers: Mapping[str, str], body: bytes, options: WireOptions = PLAIN
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer a whole request without any server around it: (status, headers, body).

        Args:
            headers: of the request; names in any case.
            body: of the request.
            options: how the answer is written.
        """
        given = {name.lower(): value for name, value in headers.items()}
        request_id = clean_request_id(given.get(REQUEST_ID_HEADER.lower()))
        language = choose(given.get("accept-language"))
        answer: Success | Failure
        try:
            check_content_type(given.get("content-type"))
            if len(body) > MAX_BODY_BYTES:
                raise body_too_large()
        except Refused as refused:
            answer = failure(refused.code, refused.detail, request_id, language)
        else:
            answer = self.answer(body, request_id, language, options=options)
        status, rendered = render(answer, options)
        return status, {"Content-Type": CONTENT_TYPE, REQUEST_ID_HEADER: request_id}, rendered

    def _predict(self, body: bytes, still_wanted: Callable[[], None], options: WireOptions) -> Success:
        data = picture_of(body)
        header = check(data)
        still_wanted()
        predictor = self._predictor
        pixels = predictor.prepare(data, header)
        still_wanted()
        started = time.perf_counter()
        features = predictor.engine.infer(pixels[None])
        row, strange = predictor.judge(features, strangeness=options.unknown_as in predictor.labels)
        if self._inferred is not None:
            self._inferred(time.perf_counter() - started)
        scores = row.tolist()
        if options.unknown_as is None and not options.decide:
            return success(predictor.labels, scores)
        unknown = strange is not None and strange > 1
        chosen = choose_class(predictor.labels, scores, options, unknown=unknown, decision=predictor.decision)
        return success(predictor.labels, scores, chosen)

    def _report(self, request_id: str) -> None:
        log.error("prediction_failed", extra={"request_id": request_id, "deployment": self._deployment}, exc_info=True)


def internal_detail(request_id: str) -> Detail:
    """What a caller is told of a fault of ours: where to look, and nothing about the inside."""
    return Detail(
        f"服务器处理这张图片时出错，日志编号 {request_id}。",
        f"The server failed on this picture; its log has more under {request_id}.",
    )


def body_too_large() -> Refused:
    """The refusal of a body that is longer than any allowed picture can need."""
    return Refused(
        Code.TOO_LARGE,
        Detail(
            f"请求体超过 {MAX_BODY_BYTES} 字节；图片文件最大 4 MiB（4194304 字节）。",
            f"The request body is over {MAX_BODY_BYTES} bytes; a picture file may have 4 MiB (4194304 bytes) at most.",
        ),
    )


def clean_request_id(given: str | None) -> str:
    """Keep a caller's request id when it is short and plain; make one otherwise."""
    if given and len(given) <= 128 and given.isascii() and given.isprintable() and " " not in given:
        return given
    return f"req_{token_hex(8)}"
