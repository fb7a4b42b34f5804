"""The log of a batch: one JSON object a line, numbers and keys only, never a name, an id or a value of the input."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

FILE = "log.jsonl"


class Log:
    """Appends events to a file; each line is written in one call, so that lines of two processes do not mix.

    Parameters
    ----------
    folder
        Folder of the batch.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def tell(self, event: str, **facts: str | int | float | None) -> None:
        """Add an event with its time (UTC) and process."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"at": at, "process": os.getpid(), "event": event, **facts}) + "\n"
        with self._path.open("ab", buffering=0) as stream:
            stream.write(line.encode("utf-8"))
