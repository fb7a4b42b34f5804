"""What an operator can set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Limits of the service.

    Attributes
    ----------
    workers
        Processes that work, and so requests worked on at a time.
    cores
        Processor cores of one solve.
    most_waiting
        Requests that wait for a process; one more is told to come again.
    most_bytes
        Largest body of a request.
    most_seconds
        Longest time of a request from the moment it is read, waiting included; a request may ask for less.
    grace_s
        Time between asking a process to stop and ending it.
    memory_mb
        Main memory in MiB at which a process is ended.
    """

    workers: int = 2
    cores: int = 1
    most_waiting: int = 32
    most_bytes: int = 20_000_000
    most_seconds: float = 300.0
    grace_s: float = 5.0
    memory_mb: int = 2048
