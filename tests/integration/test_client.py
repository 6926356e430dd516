"""Both clients against real servers on loopback: what they send, what they understand, when they try again."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Protocol

import pytest

from fenlei import client as c
from fenlei.contract import Code, Detail, Envelope, StatusStyle, WireOptions, encode_request, failure, render, success
from tests.support import drawing
from tests.support.loopback import Loopback, Reply, Respond, serving
from tests.support.reference import LABELS, Place, ReferenceServer

KEY = "an-example-key"
PICTURE = drawing.png(64, 48, seed=1)
SUCCESS = (200, {"X-Request-Id": "r-9"}, render(success(["cat", "dog"], [0.25, 0.75]))[1])


class Ask(Protocol):
    """Predict one picture with a fresh client of one kind."""

    def __call__(self, url: str, source: c.Source, key: str | None = None, **options: Any) -> c.Prediction: ...


class AskMany(Protocol):
    """Predict many pictures with a fresh client of one kind; stop after `first` of them where it is given."""

    def __call__(
        self,
        url: str,
        sources: Iterable[c.Source],
        concurrency: int,
        first: int | None = None,
        timeout: float = 30,
    ) -> list[c.Prediction | c.PredictionError]: ...


def ask_sync(url: str, source: c.Source, key: str | None = None, **options: Any) -> c.Prediction:
    with c.Client(url, key, **options) as client:
        return client.predict(source)


def ask_async(url: str, source: c.Source, key: str | None = None, **options: Any) -> c.Prediction:
    async def ask() -> c.Prediction:
        async with c.AsyncClient(url, key, **options) as client:
            return await client.predict(source)

    return asyncio.run(ask())


def many_sync(
    url: str, sources: Iterable[c.Source], concurrency: int, first: int | None = None, timeout: float = 30
) -> list[c.Prediction | c.PredictionError]:
    told = []
    with c.Client(url, timeout=timeout) as client:
        for outcome in client.predict_many(sources, concurrency):
            told.append(outcome)
            if len(told) == first:
                break
    return told


def many_async(
    url: str, sources: Iterable[c.Source], concurrency: int, first: int | None = None, timeout: float = 30
) -> list[c.Prediction | c.PredictionError]:
    async def ask() -> list[c.Prediction | c.PredictionError]:
        told: list[c.Prediction | c.PredictionError] = []
        async with c.AsyncClient(url, timeout=timeout) as client:
            stream = client.predict_many(sources, concurrency)
            async for outcome in stream:
                told.append(outcome)
                if len(told) == first:
                    break
            await stream.aclose()
        return told

    return asyncio.run(ask())


@pytest.fixture(params=[ask_sync, ask_async], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    chosen: Ask = request.param
    return chosen


@pytest.fixture(params=[many_sync, many_async], ids=["sync", "async"])
def ask_many(request: pytest.FixtureRequest) -> AskMany:
    chosen: AskMany = request.param
    return chosen


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    """The reference server behind a socket."""
    places = {
        "keyed": Place(KEY),
        "open": Place(None),
        "rest": Place(None, WireOptions(status=StatusStyle.REST)),
        "wrapped": Place(None, WireOptions(envelope=Envelope.GATEWAY)),
        "both": Place(None, WireOptions(Envelope.GATEWAY, StatusStyle.REST)),
    }
    with serving(ReferenceServer(places).answer) as loopback:
        yield loopback


@pytest.fixture
def url(server: Loopback) -> str:
    return f"{server.base}/api/image/open"


def in_turn(*replies: Reply) -> Respond:
    """Answer the first request with the first reply, and so on; the last one for all that follow."""
    left = list(replies)
    guard = threading.Lock()

    def respond(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        with guard:
            return left.pop(0) if len(left) > 1 else left[0]

    return respond


def refusing(code: Code, headers: Mapping[str, str] | None = None, options: WireOptions | None = None) -> Reply:
    answer = failure(code, Detail("不行。", "This will not do."), "r-7", "en")
    status, body = render(answer, options or WireOptions())
    return status, {"X-Request-Id": "r-7", **(headers or {})}, body


# What is sent


def test_a_prediction_says_everything_the_answer_said(ask: Ask, url: str) -> None:
    told = ask(url, PICTURE)
    assert list(told.scores) == LABELS
    assert told.label == max(told.scores, key=told.scores.__getitem__)
    assert told.score == told.scores[told.label]
    assert told.request_id.startswith("ref-")
    assert 0 < told.elapsed < 10


SOURCES: dict[str, Callable[[Path], Any]] = {
    "path": lambda path: path,
    "name": str,
    "bytes": lambda path: path.read_bytes(),
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "file object": lambda path: io.BytesIO(path.read_bytes()),
    "numpy array": lambda path: drawing.pixels(64, 48, seed=1),
    "numpy array in another layout": lambda path: drawing.pixels(64, 48, seed=1)[:, ::-1][:, ::-1],
    "Pillow image": lambda path: drawing.image(64, 48, seed=1),
    "Pillow image of a file": lambda path: drawing.opened(path.read_bytes()),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_way_to_give_a_picture_gets_the_same_answer(ask: Ask, url: str, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "图片 1.png"
    path.write_bytes(PICTURE)
    assert ask(url, SOURCES[kind](path)).scores == ask(url, PICTURE).scores


def test_a_pillow_image_is_sent_upright_as_its_file_would_be_seen(ask: Ask, url: str) -> None:
    lying = drawing.lying(drawing.image(64, 48, seed=1), 6)
    stored = drawing.encoded(lying, "PNG", exif=drawing.orientation(6))
    upright = ask(url, PICTURE).scores
    assert ask(url, stored).scores == upright
    assert ask(url, drawing.opened(stored)).scores == upright


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "F"])
def test_a_pillow_image_of_any_mode_can_be_sent(ask: Ask, url: str, mode: str) -> None:
    assert ask(url, drawing.image(64, 48, mode="L" if mode == "F" else mode).convert(mode)).label in LABELS


def test_a_key_may_stand_in_the_url_or_beside_it(ask: Ask, server: Loopback) -> None:
    keyed = f"{server.base}/api/image/keyed"
    assert ask(f"{keyed}?neu_app_key={KEY}", PICTURE).label in LABELS
    assert ask(keyed, PICTURE, KEY).label in LABELS
    assert ask(f"{keyed}?neu_app_key=old&a=1", PICTURE, KEY).label in LABELS
    assert "old" not in server.requests[-1][1]
    with pytest.raises(c.BadKey):
        ask(keyed, PICTURE)


def test_no_error_repeats_the_key(ask: Ask, server: Loopback) -> None:
    with pytest.raises(c.BadKey) as caught:
        ask(f"{server.base}/api/image/keyed?neu_app_key=secret-1", PICTURE, "secret-2")
    assert "secret" not in str(caught.value)
    with pytest.raises(c.NotAPredictionServer) as lost, serving(in_turn((404, {}, b""))) as other:
        ask(f"{other.base}/x?neu_app_key=secret-1", PICTURE)
    assert "secret" not in str(lost.value)
    assert "secret" not in repr(c.Client(f"{server.base}/x?neu_app_key=secret-1", "secret-2"))


def test_connections_are_used_again() -> None:
    with serving(in_turn(SUCCESS)) as loopback, c.Client(loopback.base) as client:
        for _ in range(5):
            client.predict(PICTURE)
        assert loopback.connections == 1


# What comes back


@pytest.mark.parametrize("name", ["open", "wrapped", "rest", "both"])
def test_every_style_of_answer_is_understood(ask: Ask, server: Loopback, name: str) -> None:
    address = f"{server.base}/api/image/{name}"
    assert ask(address, PICTURE).label in LABELS
    with pytest.raises(c.BadPixels) as caught:
        ask(address, drawing.png(20, 20), language="en")
    assert caught.value.code == 10442
    assert "20" in caught.value.detail
    assert caught.value.request_id.startswith("ref-")


ERRORS: dict[Code, type[c.PredictionError]] = {
    Code.MISSING_PARAMETER: c.BadRequest,
    Code.BAD_PARAMETER: c.BadRequest,
    Code.BAD_TYPE: c.NotAPicture,
    Code.TOO_LARGE: c.PictureTooLarge,
    Code.BAD_PIXELS: c.BadPixels,
    Code.BAD_RATIO: c.BadRatio,
    Code.INTERNAL: c.ServerFailed,
    Code.BAD_KEY: c.BadKey,
    Code.UPSTREAM: c.UpstreamFailed,
    Code.GATEWAY: c.ServerFailed,
    Code.TOO_MANY_REQUESTS: c.TooManyRequests,
    Code.QUOTA_USED_UP: c.QuotaUsedUp,
    Code.OVERLOADED: c.Overloaded,
}


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.SUCCESS], ids=lambda code: code.name)
def test_every_code_has_an_error_of_its_own_kind(ask: Ask, code: Code) -> None:
    options = WireOptions(Envelope.GATEWAY, StatusStyle.REST)
    for style in (WireOptions(), options):
        with serving(in_turn(refusing(code, options=style))) as loopback, pytest.raises(ERRORS[code]) as caught:
            ask(loopback.base, PICTURE, retries=0)
        assert type(caught.value) is ERRORS[code]
        assert (caught.value.code, caught.value.request_id) == (code.number, "r-7")
        assert caught.value.detail == "This will not do."


def test_a_code_of_the_future_is_a_prediction_error(ask: Ask) -> None:
    reply = (200, dict[str, str](), b'{"code":4711,"message":"new"}')
    with serving(in_turn(reply)) as loopback, pytest.raises(c.PredictionError, match="new") as caught:
        ask(loopback.base, PICTURE)
    assert caught.value.code == 4711


@pytest.mark.parametrize(("language", "word"), [("zh", "像素"), ("en", "pixels"), (None, "像素")])
def test_details_come_in_the_language_that_was_asked_for(ask: Ask, url: str, language: Any, word: str) -> None:
    with pytest.raises(c.BadPixels, match=word):
        ask(url, drawing.png(20, 20), language=language)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ((404, {"Content-Type": "text/html"}, b"<html>"), "HTTP 404 with text/html"),
        ((502, {"Content-Type": "text/html"}, b"<html>"), "HTTP 502"),
        ((200, {}, b""), "no content type"),
        ((200, {"Content-Type": "application/json"}, b'{"status":"ok"}'), "complete URL"),
        (
            (308, {"Location": "https://example.org/api/image/cats"}, b""),
            "https://example.org/api/image/cats; ask there",
        ),
        ((200, {}, b'{"code":10000,"predictResult":{"prediction":"a","thresholdList":[]}}'), "no score"),
        ((200, {"Content-Encoding": "gzip"}, b"not gzip"), "cannot be spoken to"),
        ("flood", "more than an answer can hold"),
    ],
    ids=["404", "502", "empty", "other JSON", "redirect", "no score", "no gzip", "flood"],
)
def test_what_is_no_prediction_server_is_told_apart(ask: Ask, reply: Reply, words: str) -> None:
    with serving(in_turn(reply)) as loopback, pytest.raises(c.NotAPredictionServer, match=words):
        ask(loopback.base, PICTURE)
    assert len(loopback.requests) == 1


# What is refused before anything is sent


def _too_large(folder: Path) -> Path:
    path = folder / "large.jpg"
    path.write_bytes(drawing.padded(drawing.jpeg(64, 48), 4_194_305))
    return path


def _huge(folder: Path) -> Path:
    """A file that is long in name only: whoever tries to read it runs out of memory."""
    path = folder / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(1 << 36)
    return path


def _closed(folder: Path) -> IO[bytes]:
    with (folder / "cat.jpg").open("wb+") as file:
        return file


def _empty(folder: Path) -> Path:
    path = folder / "empty.jpg"
    path.write_bytes(b"")
    return path


LOCAL: dict[str, tuple[Callable[[Path], Any], type[c.PredictionError], int | None, str]] = {
    "no such file": (lambda folder: folder / "cat.jpg", c.UnreadableSource, None, "No such file"),
    "a folder": (lambda folder: folder, c.UnreadableSource, None, "directory"),
    "a name with a zero byte": (lambda folder: folder / "a\0b", c.UnreadableSource, None, "null byte"),
    "a closed file": (_closed, c.UnreadableSource, None, "closed"),
    "an empty file": (_empty, c.BadRequest, 10310, "empty"),
    "too large a file": (_too_large, c.PictureTooLarge, 10441, "4194305"),
    "a huge file": (_huge, c.PictureTooLarge, 10441, str(1 << 36)),
    "too large bytes": (lambda folder: bytes(4_194_305), c.PictureTooLarge, 10441, "4194305"),
    "a text file": (lambda folder: io.StringIO("x"), c.UnreadableSource, None, 'mode "rb"'),
    "a number": (lambda folder: 7, c.UnreadableSource, None, "A int is no picture"),
    "a grey array": (lambda folder: drawing.pixels(40, 40)[..., 0], c.UnreadableSource, None, r"\(40, 40\)"),
    "an array of floats": (lambda folder: drawing.pixels(40, 40) / 255, c.UnreadableSource, None, "float64"),
    "a small array": (lambda folder: drawing.pixels(29, 40), c.BadPixels, 10442, "29x40"),
    "a long image": (lambda folder: drawing.image(91, 30), c.BadRatio, 10443, "91x30"),
}


@pytest.mark.parametrize("kind", LOCAL)
def test_what_surely_would_be_refused_is_not_even_sent(ask: Ask, tmp_path: Path, kind: str) -> None:
    source, error, code, words = LOCAL[kind]
    with serving(in_turn(SUCCESS)) as loopback, pytest.raises(error, match=words) as caught:
        ask(loopback.base, source(tmp_path))
    assert type(caught.value) is error
    assert caught.value.code == code
    assert loopback.connections == 0


# When to try again


@pytest.mark.parametrize(
    "first",
    [
        "hang up",
        refusing(Code.OVERLOADED, {"Retry-After": "0"}),
        refusing(Code.OVERLOADED),
        refusing(Code.TOO_MANY_REQUESTS, {"Retry-After": "0"}),
    ],
    ids=["hung up", "2003", "2003 without a time", "2001"],
)
def test_what_may_pass_in_a_moment_is_tried_again(ask: Ask, first: Reply) -> None:
    with serving(in_turn(first, first, SUCCESS)) as loopback:
        assert ask(loopback.base, PICTURE).label == "dog"
    assert len(loopback.requests) == 3


@pytest.mark.parametrize(
    ("reply", "error"),
    [("hang up", c.ConnectionFailed), (refusing(Code.OVERLOADED, {"Retry-After": "0"}), c.Overloaded)],
)
@pytest.mark.parametrize("retries", [0, 1])
def test_attempts_end_with_the_last_error(ask: Ask, reply: Reply, error: type[Exception], retries: int) -> None:
    with serving(in_turn(reply)) as loopback, pytest.raises(error):
        ask(loopback.base, PICTURE, retries=retries)
    assert len(loopback.requests) == retries + 1


FINAL = [code for code in ERRORS if code not in {Code.OVERLOADED, Code.TOO_MANY_REQUESTS}]


@pytest.mark.parametrize("code", FINAL, ids=lambda code: code.name)
def test_an_answer_that_would_only_be_repeated_is_final(ask: Ask, code: Code) -> None:
    with serving(in_turn(refusing(code, {"Retry-After": "0"}), SUCCESS)) as loopback, pytest.raises(ERRORS[code]):
        ask(loopback.base, PICTURE)
    assert len(loopback.requests) == 1


def test_a_wait_that_would_outlast_the_time_is_left_to_the_caller(ask: Ask) -> None:
    reply = refusing(Code.OVERLOADED, {"Retry-After": "3600"})
    with serving(in_turn(reply)) as loopback, pytest.raises(c.Overloaded) as caught:
        ask(loopback.base, PICTURE)
    assert caught.value.retry_after == 3600
    assert len(loopback.requests) == 1


def test_a_server_that_is_not_there_is_said_within_the_time(ask: Ask) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/api/image/cats"
        with pytest.raises(c.ConnectionFailed, match=r"/api/image/cats cannot be reached .* is the server running"):
            ask(address, PICTURE)


@pytest.mark.parametrize("how", ["stall", "drip"])
def test_a_server_that_does_not_come_to_an_end_is_given_up_in_time(ask: Ask, how: Any) -> None:
    with serving(in_turn(how)) as loopback:
        began = time.monotonic()
        with pytest.raises(c.TimedOut, match=r"no answer within 0\.3 s"):
            ask(loopback.base, PICTURE, timeout=0.3)
        assert time.monotonic() - began < 2
    assert len(loopback.requests) == 1


def test_asyncio_code_gives_up_headers_that_never_end_as_well() -> None:
    with serving(in_turn("drip headers")) as loopback, pytest.raises(c.TimedOut):
        ask_async(loopback.base, PICTURE, timeout=0.3)


def test_all_attempts_together_keep_the_time(ask: Ask) -> None:
    with serving(in_turn("hang up", "stall")) as loopback:
        began = time.monotonic()
        with pytest.raises(c.TimedOut):
            ask(loopback.base, PICTURE, timeout=0.5)
        assert 0.45 < time.monotonic() - began < 2


# Many pictures


def test_many_pictures_are_answered_in_order_and_a_bad_one_hurts_nobody(
    ask_many: AskMany, url: str, tmp_path: Path
) -> None:
    good = [drawing.png(40 + n, 40, seed=n) for n in range(10)]
    sources: list[c.Source] = [*good[:4], tmp_path / "nobody.png", b"no picture", *good[4:]]
    told = ask_many(url, sources, 3)
    assert [type(outcome) for outcome in told] == [
        *[c.Prediction] * 4,
        c.UnreadableSource,
        c.NotAPicture,
        *[c.Prediction] * 6,
    ]
    alone = [ask_sync(url, picture).scores for picture in good]
    assert [outcome.scores for outcome in told if isinstance(outcome, c.Prediction)] == alone


def test_no_pictures_are_no_answers(ask_many: AskMany, url: str) -> None:
    assert ask_many(url, [], 3) == []


def test_as_many_as_asked_for_are_under_way_at_once_and_never_more(ask_many: AskMany) -> None:
    together = threading.Barrier(4, timeout=10)
    guard = threading.Lock()
    now, most = 0, 0

    def respond(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        nonlocal now, most
        with guard:
            now += 1
            most = max(most, now)
        together.wait()
        with guard:
            now -= 1
        return SUCCESS

    with serving(respond) as loopback:
        assert len(ask_many(loopback.base, [PICTURE] * 24, 4)) == 24
        assert loopback.connections == 4
    assert most == 4


def test_pictures_are_taken_only_a_few_ahead_of_the_answers(ask_many: AskMany) -> None:
    taken = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield PICTURE

    with serving(in_turn(SUCCESS)) as loopback:
        assert len(ask_many(loopback.base, counted(), 2, first=3)) == 3
    assert taken <= 3 + 2 * 2


def only_the_first(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """Answer the picture "first" and no other."""
    return SUCCESS if body == encode_request(b"first") else "stall"


def test_leaving_early_asks_for_nothing_more(ask_many: AskMany) -> None:
    with serving(only_the_first) as loopback:
        assert len(ask_many(loopback.base, [b"first", *[b"later"] * 9], 2, first=1, timeout=0.4)) == 1
    assert len(loopback.requests) <= 3


def test_leaving_asyncio_work_early_ends_it_at_once() -> None:
    with serving(only_the_first) as loopback:
        began = time.monotonic()
        many_async(loopback.base, [b"first", *[b"later"] * 9], 2, first=1)
        assert time.monotonic() - began < 5


def test_a_concurrency_of_nothing_is_refused(ask_many: AskMany, url: str) -> None:
    with pytest.raises(c.BadTarget, match="give 1 or more"):
        ask_many(url, [PICTURE], 0)


def test_what_is_sent_is_the_contracts_request() -> None:
    bodies = []

    def respond(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        bodies.append((method, target, headers["content-type"], headers["accept-language"], json.loads(body)))
        return SUCCESS

    with serving(respond) as loopback:
        ask_sync(f"{loopback.base}/api/image/cats?a=b", b"\xff\xd8\xff\xe0", language="en")
    assert bodies == [
        ("POST", "/api/image/cats?a=b", "application/json;charset=UTF-8", "en", {"base64": "/9j/4A=="}),
    ]
