"""Start a Dask scheduler and workers on this machine, until standard input ends or Ctrl-C.

    python examples/cluster/start.py --workers 2
    nichiiki compare flagship --policies points,welfare --seeds 0-9 --scheduler tcp://127.0.0.1:8786

The first line says the scheduler's address, each of the next ones the process of a worker. On several machines start
``dask scheduler`` on one of them and ``dask worker ADDRESS --nthreads 1`` on each. Whoever can reach a scheduler can run code on
its workers: it listens on this machine alone unless ``--host`` says otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START_S = 60.0


def main() -> int:
    """Start everything, wait, and end everything."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; this machine alone by default"
    )
    parser.add_argument("--port", type=int, default=8786, help="port of the scheduler; 0 takes a free one")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    processes: list[subprocess.Popen[bytes]] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            address = start_scheduler(options.host, options.port, Path(folder) / "address", processes)
        print(address, flush=True)
        for _ in range(options.workers):
            processes.append(start_worker(address, options.host))
            print(processes[-1].pid, flush=True)
        sys.stdin.read()
    except KeyboardInterrupt:
        pass
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()
    return 0


def start_scheduler(host: str, port: int, file: Path, processes: list[subprocess.Popen[bytes]]) -> str:
    """Start the scheduler, add it to the processes, and return its address once it listens."""
    words = ["--host", host, "--port", str(port), "--no-dashboard", "--scheduler-file", str(file)]
    processes.append(_dask("dask_scheduler", *words))
    deadline = time.monotonic() + START_S
    while not (file.exists() and file.stat().st_size):
        if processes[-1].poll() is not None or time.monotonic() > deadline:
            sys.exit("the scheduler does not start; is the port taken? --port 0 takes a free one")
        time.sleep(0.1)
    return str(json.loads(file.read_bytes())["address"])


def start_worker(address: str, host: str = "127.0.0.1") -> subprocess.Popen[bytes]:
    """Start a worker of one thread: each run is a process of its own anyway."""
    return _dask("dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", host)


def _dask(*words: str) -> subprocess.Popen[bytes]:
    # the search path goes along, and nobody looks for graphics cards
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen(  # noqa: S603 - our own interpreter and a module of Dask
        [sys.executable, "-m", f"distributed.cli.{words[0]}", *words[1:]],
        env={**os.environ, "PYTHONPATH": path, "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "False"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    sys.exit(main())
