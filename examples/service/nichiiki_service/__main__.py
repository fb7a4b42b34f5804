"""``python -m nichiiki_service``: start the service."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import fields

import uvicorn

from nichiiki_service.app import make_app
from nichiiki_service.log import tell
from nichiiki_service.settings import Settings


class Server(uvicorn.Server):
    """A server that says where it listens."""

    async def startup(self, *args: object, **kwargs: object) -> None:
        """Start, and tell the port: with ``--port 0`` the system chooses it."""
        await super().startup(*args, **kwargs)  # type: ignore[arg-type]  # passed on as it came
        for server in self.servers:
            for each in server.sockets:
                tell("listening", port=int(each.getsockname()[1]))


def main(arguments: list[str] | None = None) -> None:
    """Start the service and run it until it is told to stop (SIGTERM, Ctrl-C)."""
    parser = argparse.ArgumentParser(prog="nichiiki-service", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    for each in fields(Settings):
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=type(each.default), default=each.default)
    given = vars(parser.parse_args(arguments))
    host, port = given.pop("host"), given.pop("port")
    # no access log: it holds addresses and paths of those who ask
    config = uvicorn.Config(
        make_app(Settings(**given)), host=host, port=port, access_log=False, log_level="critical", server_header=False
    )  # fmt: skip
    asyncio.run(Server(config).serve())


if __name__ == "__main__":
    main()
