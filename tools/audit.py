"""Ask whether a pinned version is known to be vulnerable (pip-audit), and say so plainly when nobody could be asked.

A known vulnerability ends with exit code 1. Where the advisory service does not answer, or does not know the packages, the tool
says that NOTHING was audited, and ends with 0, so that lint works offline; with ``--required`` it ends with 2 then.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pins import Pin, all_pins

ACCEPTED: dict[str, str] = {}
"""Ids of advisories that do not concern us, each with the reason."""
LIMIT_S = 120
CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 2


@dataclass(frozen=True)
class Verdict:
    """What the advisory service knows: vulnerabilities in words, and how many packages it could not be asked about."""

    asked: int
    vulnerable: tuple[str, ...] = ()
    unknown: int = 0

    @property
    def code(self) -> int:
        """Exit code of a strict run."""
        return VULNERABLE if self.vulnerable else NOT_AUDITED if self.unknown else CLEAN

    def sentence(self) -> str:
        """Say it in words."""
        if self.vulnerable:
            return "\n".join(
                ["Known vulnerabilities:", *self.vulnerable, "Remedy: raise the pin, then make lock."]
            )
        if self.unknown:
            which = "NOTHING WAS AUDITED" if self.unknown == self.asked else "NOT ALL WAS AUDITED"
            return (
                f"WARNING: {which}: the advisory service did not answer for {self.unknown} of {self.asked} pinned "
                "packages (no network?). Run `make audit` where it can be reached."
            )
        return f"No known vulnerability in {self.asked} pinned packages."


def verdict_of(report: dict[str, Any], asked: int) -> Verdict:
    """Read a report of pip-audit; what it skipped is unknown, never clean."""
    listed = report.get("dependencies", [])
    found = [
        f"  {each['name']} {each['version']}: {vulnerability['id']}, fixed in {_versions(vulnerability)}"
        for each in listed
        for vulnerability in each.get("vulns", [])
        if vulnerability["id"] not in ACCEPTED
    ]
    audited = sum("vulns" in each for each in listed)
    return Verdict(asked, tuple(found), asked - audited)


def _versions(vulnerability: dict[str, Any]) -> str:
    return ", ".join(vulnerability.get("fix_versions", [])) or "no version yet"


def audited(pins: Sequence[Pin], options: Sequence[str] = ()) -> Verdict:
    """Run pip-audit over some pins; one that says nothing readable has audited nothing."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "pins.txt"
        listed.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in pins), "utf-8")
        command = [
            sys.executable,
            "-m",
            "pip_audit",
            "--requirement",
            str(listed),
            "--no-deps",
            "--disable-pip",
        ]
        command += ["--format", "json", "--progress-spinner", "off", *options]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)  # noqa: S603 - our own pin
            return verdict_of(json.loads(ran.stdout), len(pins))
        except (subprocess.TimeoutExpired, json.JSONDecodeError):
            return Verdict(len(pins), unknown=len(pins))


def main() -> None:
    """Audit everything that is pinned."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--required", action="store_true", help="fail where the advisory service does not answer"
    )
    given = parser.parse_args()
    verdict = audited(list(all_pins().values()))
    print(verdict.sentence(), file=sys.stdout if verdict.code == CLEAN else sys.stderr)
    sys.exit(verdict.code if given.required or verdict.code == VULNERABLE else CLEAN)


if __name__ == "__main__":
    main()
