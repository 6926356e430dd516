"""What happens in a run, as it happens: server-sent events, or a page of them."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio
from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from fenlei.api.access import Here, Viewer
from fenlei.api.errors import documented
from fenlei.api.paging import Page
from fenlei.api.platform import Platform
from fenlei.api.wire.base import MOST_NUMBER, RunId
from fenlei.api.wire.runs import EventOut
from fenlei.contract.errors import FenleiError
from fenlei.runs import News, news

router = APIRouter(tags=["runs"])

ONE = {
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "description": "To go on after."},
        "event": {"type": "string", "description": "The event's kind."},
        "data": {"type": "string", "contentMediaType": "application/json", "description": "The event."},
    },
}
"""One event, as OpenAPI 3.2 describes streams."""

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events in order. Each has its id, its kind as `event`, and as `data` the event as JSON.",
        "model": Page[EventOut],
        "content": {"text/event-stream": {"itemSchema": ONE}},
    },
    204: {"description": "The run is over, and nothing came after the last id: there is nothing to wait for."},
}

PAUSE = 0.25
"""Seconds between two looks at a run that is silent."""

HEARTBEAT = 15.0
"""Seconds of silence after which a comment tells proxies, and the server, that both ends are there."""

BATCH = 200


@router.get(
    "/runs/{run_id}/events",
    response_class=Response,
    responses=ANSWERS | documented(401, 403, 404),
)
async def run_events(
    run_id: RunId,
    who: Viewer,
    here: Here,
    request: Request,
    after: Annotated[int | None, Query(ge=0, lt=MOST_NUMBER, description="The last id that is known.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Of a page, where one is asked for.")] = BATCH,
    last_event_id: Annotated[str | None, Header(max_length=40, description="Where a browser goes on.")] = None,
) -> Response:
    """Follow a run: server-sent events from the beginning, or after an id, until it is over.

    A browser that lost the connection goes on by itself. With `Accept: application/json` the answer is a page of what
    is there by now; its `next` goes on from there, and is null when the run is over and this is all.
    """
    # A browser that comes back asks for the same URL, `after` included, and says in the header what it has seen since.
    known = max(after or 0, _number(last_event_id) or 0)
    as_page = "application/json" in request.headers.get("accept", "")
    found = await to_thread.run_sync(news, here.store, run_id, known, limit if as_page else BATCH)
    if as_page:
        following = None if found.over else str(found.last or known)
        shown = Page[EventOut](items=[EventOut.model_validate(each) for each in found.events], next=following)
        return JSONResponse(shown.model_dump(mode="json"))
    if found.over and not found.events:
        return Response(status_code=204)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_stream(here, run_id, known, found), media_type="text/event-stream", headers=headers)


async def _stream(here: Platform, run_id: str, known: int, found: News) -> AsyncIterator[bytes]:
    """Events until the run is over or the server drains; no transaction is open while this waits."""
    spoke = time.monotonic()
    yield b": follow\n\n"  # so that the caller sees at once that it is let in
    while True:
        if found.events:
            yield b"".join(_written(EventOut.model_validate(each)) for each in found.events)
            known, spoke = found.events[-1].id, time.monotonic()
        if found.over or here.draining.is_set():
            return
        if len(found.events) < BATCH:
            await anyio.sleep(PAUSE)
        if time.monotonic() - spoke >= HEARTBEAT:
            yield b": still there\n\n"
            spoke = time.monotonic()
        try:
            found = await to_thread.run_sync(news, here.store, run_id, known, BATCH)
        except FenleiError:  # it was deleted, or the database is away; who asks again is told
            return


def _written(event: EventOut) -> bytes:
    data = json.dumps(event.model_dump(mode="json"), ensure_ascii=False)  # one line, whatever is in it
    return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n".encode()


def _number(last_event_id: str | None) -> int | None:
    """The id after which to go on; what is no id of ours is as good as none."""
    text = last_event_id or ""
    number = int(text) if text.isascii() and text.isdigit() else 0
    return number if 0 < number < MOST_NUMBER else None
