"""What engines print past Python is no part of what a command says."""

import subprocess
import sys

BOTH = """
import os
from nichiiki.cli.engines_apart import engines_apart
with engines_apart():
    os.write(1, b"an engine\\n")
    print("a command")
os.write(1, b"afterwards\\n")
"""


def test_an_engine_that_prints_goes_to_standard_error() -> None:
    done = subprocess.run([sys.executable, "-c", BOTH], capture_output=True, text=True, check=True)
    assert done.stdout == "a command\nafterwards\n"
    assert done.stderr == "an engine\n"


def test_a_command_keeps_its_output_and_its_exit_code() -> None:
    command = [sys.executable, "-m", "nichiiki", "policies"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "welfare" in done.stdout and done.stderr == ""


def test_a_reader_that_has_gone_is_no_error() -> None:
    command = [sys.executable, "-m", "nichiiki", "schema"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None and started.stderr is not None
        started.stdout.close()
        assert started.stderr.read() == ""
