"""Differential fuzzing of the whole solver: new random instances every night, solved in every way there is.

    make fuzz-solver                                                   ten minutes from a seed of today's date
    .venv/bin/python tools/differential.py --minutes 60 --from 5000000
    .venv/bin/python tools/differential.py --instances 200 --from 1

Each instance draws from all families of rules, and is small enough to enumerate. Compared are complete enumeration, CP-SAT,
prices with HiGHS, HiGHS and SCIP on the whole model, the clerk's procedure written twice, and the independent check of every
answer. An instance on which two of them differ is kept in ``tests/data/corpus/solver/`` and is from then on a case of
``tests/test_corpus.py``. Exit code 1 then.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests" / "data" / "corpus" / "solver"
SHOWN_S = 30.0


def main(arguments: list[str] | None = None) -> int:
    """Solve instances until the time or their number is up; return the exit code."""
    options = _parser().parse_args(arguments)
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from nichiiki_differential import disagreements
    from nichiiki_oracle.random_instances import random_instance

    began, shown, faults, seed = time.monotonic(), 0.0, 0, options.first
    while seed < options.first + options.instances and time.monotonic() - began < 60 * options.minutes:
        instance = random_instance(seed)
        found = list(disagreements(instance, seed))
        if found:
            faults += 1
            CORPUS.mkdir(parents=True, exist_ok=True)
            (CORPUS / f"{seed}.json").write_text(instance.model_dump_json(), "utf-8")
            print(f"seed {seed}: " + "; ".join(found), file=sys.stderr)
        seed += 1
        if time.monotonic() - shown > SHOWN_S:
            shown = time.monotonic()
            print(f"{seed - options.first:,} instances, {faults} faults", flush=True)
    print(
        f"{seed - options.first:,} instances from seed {options.first} in {time.monotonic() - began:.0f} s, {faults} faults"
    )
    return int(faults > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    today = int(datetime.now(UTC).strftime("%y%m%d")) * 10_000
    parser.add_argument("--from", dest="first", type=int, default=today, help="first seed")
    parser.add_argument("--instances", type=int, default=10**9, help="most instances")
    parser.add_argument("--minutes", type=float, default=10.0, help="most minutes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
