"""The HTTP side: reads bodies within a limit, hands them to the processes, and passes on what they answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from nichiiki_service.asked import QUESTIONS, Health
from nichiiki_service.frames import Event
from nichiiki_service.log import Logged
from nichiiki_service.openapi import describe
from nichiiki_service.pool import BusyError, EndedError, Job, Pool
from nichiiki_service.settings import Settings
from nichiiki_service.words import PROBLEM_JSON, language_of, told

STREAMS = {"text/event-stream": "sse", "application/x-ndjson": "ndjson"}
ALIVE_S = 10.0
"""How often a stream says that it lives, when there is nothing else to say."""
RETRY_S = "5"
HTTP_PROBLEMS = {404: "not_found", 405: "method"}


class RefusedError(Exception):
    """A request that is not even read to its end."""

    def __init__(self, kind: str, **values: object) -> None:
        self.kind, self.values = kind, values
        super().__init__(kind)


def make_app(settings: Settings) -> FastAPI:
    """Return the application."""
    pool = Pool(settings)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        await pool.start()
        yield
        await pool.stop()

    app = FastAPI(
        title="nichiiki", version=version("nichiiki"), lifespan=running, docs_url=None, redoc_url=None
    )  # the pages of FastAPI load scripts from elsewhere
    app.add_middleware(Logged)
    for kind in QUESTIONS:
        app.add_api_route(f"/{kind}", partial(_answer, pool, settings, kind), methods=["POST"], name=kind)
    app.add_api_route("/health", partial(_health, pool, settings), response_model=Health)
    for error, handler in (
        (RefusedError, _refused),
        (BusyError, _busy),
        (EndedError, _ended),
        (HTTPException, _http),
    ):
        app.add_exception_handler(error, handler)
    describe(app)
    return app


async def _health(pool: Pool, settings: Settings) -> Health:
    return Health(
        nichiiki=version("nichiiki"), workers=settings.workers, idle=pool.idle, waiting=pool.waiting
    )


async def _answer(pool: Pool, settings: Settings, kind: str, request: Request) -> Response:
    media_type = next((name for name in STREAMS if name in request.headers.get("accept", "")), None)
    is_streamed = kind == "allocate" and media_type is not None
    body = await _body(request, settings.most_bytes)
    events = pool.run(Job(kind, body, _language(request), is_streamed))
    if not is_streamed:
        return await _whole(request, events)
    first = await _unless_gone(request, anext(events))
    if first is None or first.kind == "problem":
        await events.aclose()
        return _response(request, first)
    wording = _as_sse if media_type == "text/event-stream" else _as_ndjson
    return StreamingResponse(_lines(request, first, events, wording), media_type=media_type)


async def _body(request: Request, most: int) -> bytes:
    """Read a body, no further than the limit."""
    if request.headers.get("content-type", "").partition(";")[0].strip().casefold() != "application/json":
        raise RefusedError("media_type")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise RefusedError("too_large", most=f"{most:,}")
    return bytes(body)


async def _whole(request: Request, events: AsyncGenerator[Event, None]) -> Response:
    """Wait for the end of a job."""
    async with aclosing(events):
        event = await _unless_gone(request, anext(events))
        while event is not None and not event.is_final:
            event = await _unless_gone(request, anext(events))
    return _response(request, event)


async def _unless_gone(request: Request, wanted: Awaitable[Event]) -> Event | None:
    """Wait for an event, or until who asked has gone: None then, and the wait is given up."""
    waiting = asyncio.ensure_future(wanted)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else None
    finally:
        gone.cancel()
        waiting.cancel()
        await asyncio.wait({waiting, gone})


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _response(request: Request, event: Event | None) -> Response:
    if event is None:
        return _problem(request, "gone")
    media_type = PROBLEM_JSON if event.kind == "problem" else "application/json"
    headers = {"Content-Language": _language(request)}
    return Response(event.data, status_code=event.status, media_type=media_type, headers=headers)


Wording = Callable[[str, bytes], bytes]


async def _lines(
    request: Request, first: Event, events: AsyncGenerator[Event, None], wording: Wording
) -> AsyncIterator[bytes]:
    """Yield the events of a job as text; a process that is ended is told as a problem."""
    event: Event | None = first
    async with aclosing(events):
        try:
            while event is not None:
                yield wording(event.kind, event.data)
                if event.is_final:
                    return
                event = await _unless_gone(request, anext(events))
        except EndedError as error:
            yield wording("problem", told(error.kind, _language(request)).model_dump_json().encode())


def _as_sse(kind: str, data: bytes) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"


def _as_ndjson(kind: str, data: bytes) -> bytes:
    return b'{"event":"' + kind.encode() + b'","data":' + data + b"}\n"


def _language(request: Request) -> Any:
    return language_of(request.headers.get("accept-language", ""))


def _problem(
    request: Request, kind: str, headers: dict[str, str] | None = None, /, **values: Any
) -> Response:
    lang = _language(request)
    document = told(kind, lang, **values)
    return Response(
        document.model_dump_json(),
        status_code=document.status,
        media_type=PROBLEM_JSON,
        headers={"Content-Language": lang, **(headers or {})},
    )


async def _refused(request: Request, error: Exception) -> Response:
    kind, values = (error.kind, error.values) if isinstance(error, RefusedError) else ("failed", {})
    return _problem(request, kind, {"Connection": "close"}, **values)


async def _busy(request: Request, _: Exception) -> Response:
    return _problem(request, "busy", {"Retry-After": RETRY_S}, seconds=RETRY_S)


async def _ended(request: Request, error: Exception) -> Response:
    return _problem(request, error.kind if isinstance(error, EndedError) else "failed", kind="-")


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return _problem(request, HTTP_PROBLEMS.get(status, "not_found"), headers)
