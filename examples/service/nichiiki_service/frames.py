"""How the service and its processes talk: a line of JSON, and after it as many bytes as the line says."""

from __future__ import annotations

import json
from dataclasses import dataclass

FINAL = ("result", "problem")
"""Kinds of events that end a job."""


@dataclass(frozen=True)
class Event:
    """Something a process tells: ``ready``, ``progress``, ``answer``, ``result`` or ``problem``, and its JSON."""

    kind: str
    data: bytes = b""
    status: int = 200

    @property
    def is_final(self) -> bool:
        """Whether nothing comes after it."""
        return self.kind in FINAL


def frame(head: dict[str, object], body: bytes = b"") -> bytes:
    """Return a message as bytes."""
    return json.dumps({**head, "size": len(body)}).encode() + b"\n" + body
