"""The log: one JSON object a line on standard error; never an address, an id, a query or a value of a request."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

OTHER = "other"
"""What the log calls a path that is none of ours: its text could hold anything."""


def tell(event: str, **facts: str | int | float) -> None:
    """Write a line."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    sys.stderr.write(json.dumps({"at": at, "event": event, **facts}) + "\n")
    sys.stderr.flush()


class Logged:
    """Tells of every request when it is over.

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen: dict[str, Any] = {"status": 0, "bytes": 0}
        started = time.perf_counter()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
            seen["bytes"] += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            path = getattr(scope.get("route"), "path", OTHER)
            tell("request", path=path, **seen, milliseconds=round((time.perf_counter() - started) * 1000))
