"""Fuzzing of every reader, guided by coverage: change good files at random, and see whether anything but a refusal comes out.

    make fuzz                                                  a minute for each reader
    .venv/bin/python tools/fuzz.py --cases 100000 --seed 1     so many cases for each
    .venv/bin/python tools/fuzz.py --target folder --cases 1000000

Needs atheris (``pip install 'nichiiki[fuzz]'``), which runs libFuzzer on our own modules. Each reader runs in a process of
its own, again after a fault until its cases are used up. A fault is kept in ``tests/data/corpus/TARGET/``; every file there is a
case of ``tests/test_corpus.py``, so a fault that is mended stays mended. Exit code 1 if there was one.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests" / "data" / "corpus"
OURS = ("nichiiki_instances", "nichiiki_models")
MOST_FAULTS = 5
"""Faults of one reader after which it is given up: they are most likely the same."""


def main(arguments: list[str] | None = None) -> int:
    """Fuzz the readers that are asked for; return the exit code."""
    options = _parser().parse_args(arguments)
    if options.inside:
        _fuzz_here(options.target[0], options.inside)
        return 0
    names = options.target or _targets()
    counts = {name: _fuzz(name, options) for name in names}
    print(
        f"{sum(cases for cases, _ in counts.values()):,} cases, {sum(f for _, f in counts.values())} faults"
    )
    return int(any(faults for _, faults in counts.values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", action="append", help="a reader; may be repeated; all if left out")
    parser.add_argument("--cases", type=int, default=10_000_000, help="cases for each reader")
    parser.add_argument(
        "--seconds", type=int, default=60, help="time for each reader, if --cases is not given"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _targets() -> list[str]:
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from nichiiki_fuzzing import TARGETS

    return list(TARGETS)


def _fuzz(name: str, options: argparse.Namespace) -> tuple[int, int]:
    """Run one reader until its cases or its time are used up; return cases and faults."""
    done, faults, began = 0, 0, time.monotonic()
    timed = options.cases == 10_000_000
    with tempfile.TemporaryDirectory() as found:
        while done < options.cases and faults < MOST_FAULTS:
            left = max(1, options.seconds - round(time.monotonic() - began))
            flags = [
                f"-runs={options.cases - done}",
                f"-seed={options.seed + faults}",
                f"-artifact_prefix={found}/",
            ]
            flags += [f"-max_total_time={left}"] if timed else []
            run = subprocess.run(  # noqa: S603 - our own interpreter and file
                [sys.executable, __file__, "--target", name, "--inside", *flags, found],
                capture_output=True,
                text=True,
                errors="replace",
            )
            done += max(1, _cases(run.stderr))
            if run.returncode == 0:
                break
            faults += 1
            _keep(name, Path(found), run.stdout + run.stderr)
    print(f"{name:14} {done:>9,} cases  {faults} faults  {time.monotonic() - began:6.0f} s", flush=True)
    return done, faults


def _cases(log: str) -> int:
    """Return how many cases libFuzzer says it has tried."""
    return max((int(number) for number in re.findall(r"^#(\d+)", log, re.MULTILINE)), default=0)


def _keep(name: str, found: Path, log: str) -> None:
    """Keep the case of a fault, and show what came out."""
    lines = [line for line in log.splitlines() if not line.startswith(("#", "INFO", "MS:"))]
    print("\n".join(lines[-30:]), file=sys.stderr)
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    for kind in ("crash-", "timeout-", "oom-"):
        for file in found.glob(f"{kind}*"):
            kept = CORPUS / name / f"{kind}{file.name[len(kind) :][:12]}"
            kept.write_bytes(file.read_bytes())
            file.unlink()
            print(f"kept as {kept.relative_to(ROOT)}", file=sys.stderr)


def _fuzz_here(name: str, flags: list[str]) -> None:
    """Fuzz in this process; the other side of `_fuzz`."""
    import atheris

    sys.path.insert(0, str(ROOT / "tests" / "support"))
    with atheris.instrument_imports(include=list(OURS)):
        import nichiiki_fuzzing as fuzzing
        import nichiiki_instances.reading  # noqa: F401 - so that it is instrumented
    *options, folder = flags
    for number, case in enumerate(fuzzing.seeds(name)):
        (Path(folder) / f"seed-{number}").write_bytes(case)
    dictionary = Path(folder).with_suffix(".dict")
    dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in fuzzing.words(name)), "utf-8")
    longest = max(len(case) for case in fuzzing.seeds(name)) + 200
    atheris.Setup(
        [
            sys.argv[0],
            *options,
            f"-dict={dictionary}",
            f"-max_len={longest}",
            "-timeout=20",
            "-rss_limit_mb=2000",
            folder,
        ],
        fuzzing.TARGETS[name],
    )
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in word)


if __name__ == "__main__":
    sys.exit(main())
