"""Write the locks: what `make` installs, every wheel by its SHA-256, for all supported Pythons and systems.

``requirements/<set>.lock`` follows from ``pyproject.toml`` and the versions in ``constraints.txt``. uv finds which package is needed
where, and reads the hashes from the package index; no address gets into a lock. With ``--check`` nothing is written, and the
exit code is 1 where a lock is not what would be written.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "requirements"
FIRST, LAST = 11, 14
"""The supported Pythons: 3.11 to 3.14."""


@dataclass(frozen=True)
class Set:
    """What is installed together: another set, and some extras."""

    extras: tuple[str, ...] = ()
    above: str | None = None


SETS = {
    "run": Set(),
    "test": Set(("test",), "run"),
    "dev": Set(("dev",), "test"),
    "docs": Set(("docs",), "run"),
    "fuzz": Set(("fuzz",), "test"),
    "extras": Set(("charts", "dask", "parquet"), "run"),
}
"""Every set by its name; ``run`` holds what builds the package too, since it is built without a network."""

HEAD = """\
# Written by tools/lock.py (`make lock`) from pyproject.toml and constraints.txt; do not change it by hand.
"""
SYSTEMS = {
    "Linux": r"manylinux\w*_x86_64",
    "Linux on ARM": r"manylinux\w*_aarch64",
    "macOS": r"macosx_\w*_(arm64|universal2)",
    "macOS on Intel": r"macosx_\w*_(x86_64|universal2)",
    "Windows": r"win_amd64",
}
"""The platform tags of each system."""
NEEDED = ("Linux", "macOS", "Windows")
"""Systems that every package must have a wheel for; of the others what there is."""

PARTIAL = ("atheris",)
"""Packages that need not fit every machine: only `make fuzz` asks for them, on Linux."""

Machine = tuple[int, str]
"""A Python 3 and a system."""


def written() -> dict[str, str]:
    """Return the text of every lock by its name."""
    found: dict[str, dict[str, str]] = {}
    texts = {}
    for name, each in SETS.items():
        known = found[each.above] if each.above else {}
        needed = {wanted["name"]: entry(wanted) for wanted in resolved(each.extras)}
        lines = [line for package, line in sorted(needed.items()) if known.get(package) != line]
        included = [f"-r {each.above}.lock\n"] if each.above else []
        found[name] = {**known, **needed}
        texts[name] = HEAD + "".join([*included, *lines])
    return texts


def resolved(extras: tuple[str, ...]) -> list[dict[str, Any]]:
    """Let uv find the packages of some extras, in the form of PEP 751."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        builders = Path(folder) / "build.txt"
        builders.write_text("\n".join(project["build-system"]["requires"]), "utf-8")
        lock = Path(folder) / "pylock.toml"
        command = [
            "uv",
            "pip",
            "compile",
            "--quiet",
            "pyproject.toml",
            str(builders),
            "-c",
            "constraints.txt",
        ]
        command += [
            "--universal",
            "--python-version",
            f"3.{FIRST}",
            "--only-binary",
            ":all:",
            "-o",
            str(lock),
        ]
        command += [
            "--no-emit-package",
            "pip",
            "--format",
            "pylock.toml",
            *(f"--extra={extra}" for extra in extras),
        ]
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True)  # noqa: S603 - our own pin of uv
        packages: list[dict[str, Any]] = tomllib.loads(lock.read_text("utf-8"))["packages"]
    return packages


def entry(package: dict[str, Any]) -> str:
    """Return the lines of a package: version, where it is needed, and the hash of each wheel that fits one of our machines."""
    fitting = {wheel["hashes"]["sha256"]: machines(file_of(wheel)) for wheel in package["wheels"]}
    where = f" ; {package['marker']}" if "marker" in package else ""
    missing = {(n, s) for n in range(FIRST, LAST + 1) for s in NEEDED} - set().union(*fitting.values())
    if missing and not where and package["name"] not in PARTIAL:
        raise SystemExit(f"{package['name']} {package['version']}: no wheel for {sorted(missing)}")
    listed = "".join(f" \\\n    --hash=sha256:{each}" for each in sorted(fitting) if fitting[each])
    return f"{package['name']}=={package['version']}{where}{listed}\n"


def file_of(wheel: dict[str, Any]) -> str:
    """Return the name of a wheel's file."""
    return str(wheel.get("name") or unquote(wheel["url"].rpartition("/")[2]))


def machines(file: str) -> set[Machine]:
    """Return the supported machines that a wheel fits."""
    tags = parse_wheel_filename(file)[3]
    return {(number, system) for tag in tags for number in _pythons(tag) for system in _systems(tag)}


def _pythons(tag: Tag) -> set[int]:
    number = re.fullmatch(r"cp3(\d+)", tag.interpreter)
    if tag.interpreter == "py3" or (number is not None and tag.abi == "abi3"):
        return set(range(FIRST if number is None else max(FIRST, int(number[1])), LAST + 1))
    is_plain = number is not None and tag.abi in ("none", tag.interpreter)  # not one without the global lock
    return {int(number[1])} & set(range(FIRST, LAST + 1)) if number is not None and is_plain else set()


def _systems(tag: Tag) -> list[str]:
    return [
        name for name, form in SYSTEMS.items() if tag.platform == "any" or re.fullmatch(form, tag.platform)
    ]


def main() -> None:
    """Write the locks, or compare them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a lock is not current")
    check = parser.parse_args().check
    stale = []
    for name, text in written().items():
        path = LOCKS / f"{name}.lock"
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(path.name)
        if not check:
            path.write_text(text, "utf-8")
    if check and stale:
        raise SystemExit(f"not current: {', '.join(stale)}; run: make lock")
    print(f"{len(SETS)} locks, {len(stale)} {'stale' if check else 'changed'}")


if __name__ == "__main__":
    main()
