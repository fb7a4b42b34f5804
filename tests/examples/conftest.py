"""A running service, and a client on a real socket."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import nichiiki as nk

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 3_000_000


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """A service on a port of this machine."""

    process: subprocess.Popen[bytes]
    port: int = 0
    log: list[str] = field(default_factory=list)
    listener: Thread | None = None

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def send(self, path: str, asked: Any, **headers: str) -> tuple[http.client.HTTPConnection, Any]:
        """Send a question, and give back the connection and its answer before it is read."""
        connection = self.connect()
        body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", path, body, {"Content-Type": "application/json", **named})
        return connection, connection.getresponse()

    def ask(self, path: str, asked: Any = None, method: str = "POST", **headers: str) -> Answer:
        if method == "POST":
            connection, answer = self.send(path, asked, **headers)
        else:
            connection = self.connect()
            connection.request(method, path)
            answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return Answer(answer.status, {k.casefold(): v for k, v in answer.getheaders()}, content)

    def is_free_within(self, seconds: float) -> bool:
        """Whether all processes are free before some seconds are over."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            health = self.ask("/health", method="GET").json()
            if health["idle"] == health["workers"]:
                return True
            time.sleep(0.05)
        return False


def started(*arguments: str) -> Service:
    """Start a service of its own, warnings as errors, and wait until it listens."""
    folders = ("api", "examples/service", "instances", "models", "solver")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in folders)}
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "nichiiki_service", "--port", "0", *arguments],
        env=environment,
        stderr=subprocess.PIPE,
    )
    service = Service(process)
    assert process.stderr is not None
    for line in process.stderr:
        service.log.append(line.decode())
        if '"listening"' in service.log[-1]:
            service.port = json.loads(line)["port"]
            break
    else:
        raise AssertionError("".join(service.log))
    stream = process.stderr
    service.listener = Thread(
        target=lambda: service.log.extend(line.decode() for line in stream), daemon=True
    )
    service.listener.start()
    return service


def ended(service: Service) -> None:
    service.process.terminate()
    assert service.process.wait(30) in (0, -signal.SIGTERM)  # uvicorn ends by the signal it was sent
    if service.listener is not None and service.process.stderr is not None:
        service.listener.join(10)
        service.process.stderr.close()


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    running = started("--most-bytes", str(MOST_BYTES), "--grace-s", "20")
    yield running
    ended(running)


@pytest.fixture(scope="session")
def town() -> nk.Instance:
    return nk.generate(households=12, seed=3)


@pytest.fixture(scope="session")
def large_town() -> nk.Instance:
    """A town whose proof takes far longer than a test waits."""
    return nk.generate(households=150, seed=1)
