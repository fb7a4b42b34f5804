"""The processes of the service: asked to stop first, ended where they do not listen, replaced always."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

import pytest

from nichiiki_service.frames import Event
from nichiiki_service.pool import BusyError, EndedError, Job, Pool
from nichiiki_service.settings import Settings

T = TypeVar("T")
HEAD = """
import json, os, sys, time
def tell(kind): sys.stdout.write(json.dumps({"kind": kind, "status": 200, "size": 2}) + "\\n{}"); sys.stdout.flush()
def read():
    head = json.loads(sys.stdin.readline()); sys.stdin.read(head["size"]); return head
tell("ready")
"""
DEAF = HEAD + "while True:\n    read(); tell('answer'); time.sleep(1000)\n"
"""Takes a job, answers once, and hears nothing more."""
POLITE = (
    HEAD
    + "while True:\n    head = read()\n    if head['kind'] == 'cancel': tell('result')\n    else: tell('answer')\n"
)
"""Works until it is asked to stop."""
DYING = HEAD + "read(); os._exit(3)\n"
GREEDY = HEAD + "read(); kept = bytearray(os.urandom(1)) * 300_000_000\ntime.sleep(1000)\n"


def within(work: Callable[[Pool], Awaitable[T]], script: str, settings: Settings) -> T:
    async def whole() -> T:
        pool = Pool(settings, (sys.executable, "-c", script))
        await pool.start()
        try:
            return await work(pool)
        finally:
            await pool.stop()

    return asyncio.run(whole())


async def events(pool: Pool) -> list[Event]:
    return [event async for event in pool.run(Job("allocate", b"{}", "en"))]


async def first(pool: Pool) -> str:
    async with aclosing(pool.run(Job("allocate", b"{}", "en"))) as running:
        return (await anext(running)).kind


async def until_idle(pool: Pool, seconds: float = 20.0) -> float:
    started = time.monotonic()
    while pool.idle == 0 and time.monotonic() - started < seconds:
        await asyncio.sleep(0.01)
    assert pool.idle == 1
    return time.monotonic() - started


@pytest.mark.parametrize(("script", "least_s"), [(POLITE, 0.0), (DEAF, 0.3)])
def test_a_job_nobody_waits_for_frees_its_process(script: str, least_s: float) -> None:
    async def work(pool: Pool) -> float:
        assert await first(pool) == "answer"
        waited = await until_idle(pool)
        assert await first(pool) == "answer"  # it, or its replacement, works again
        return waited

    assert within(work, script, Settings(workers=1, grace_s=0.3)) >= least_s


def test_a_job_past_its_time_is_asked_to_stop_and_answers() -> None:
    found = within(events, POLITE, Settings(workers=1, most_seconds=0.3, grace_s=20))
    assert [each.kind for each in found] == ["answer", "result"]


@pytest.mark.parametrize(
    ("script", "kind", "settings"),
    [
        (DEAF, "late", Settings(workers=1, most_seconds=0.3, grace_s=0.2)),
        (DYING, "failed", Settings(workers=1)),
        (GREEDY, "memory", Settings(workers=1, memory_mb=200)),
    ],
)
def test_a_process_that_is_ended_is_told_and_replaced(script: str, kind: str, settings: Settings) -> None:
    async def work(pool: Pool) -> str:
        with pytest.raises(EndedError) as raised:
            await events(pool)
        await until_idle(pool)
        return raised.value.kind

    assert within(work, script, settings) == kind


def test_one_more_than_may_wait_is_told_to_come_again() -> None:
    async def work(pool: Pool) -> None:
        async with aclosing(pool.run(Job("allocate", b"{}", "en"))) as running:
            await anext(running)
            second = asyncio.ensure_future(first(pool))
            while pool.waiting == 0:
                await asyncio.sleep(0.01)
            with pytest.raises(BusyError):
                await first(pool)
            assert pool.waiting == 1
        assert await second == "answer"

    within(work, POLITE, Settings(workers=1, most_waiting=1, grace_s=20))
