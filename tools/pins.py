"""Read what is pinned: the locks in ``requirements/``, for whoever checks, lists or packs them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / "requirements"
_PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>.+))?")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pin:
    """A package at its version: where it is needed (None: everywhere), and the SHA-256 of its wheels."""

    name: str
    version: str
    marker: str | None = None
    hashes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_needed_here(self) -> bool:
        """Whether this machine's Python needs it."""
        return self.marker is None or Marker(self.marker).evaluate()


def read_lock(path: Path) -> dict[str, Pin]:
    """Read a lock and those it includes, by name.

    Raises
    ------
    ValueError
        If a line is none of ours: an address, a range, a pin without a hash.
    """
    found: dict[str, Pin] = {}
    for line in path.read_text("utf-8").replace("\\\n", " ").splitlines():
        if not line or line.startswith("#"):
            continue
        if included := re.fullmatch(r"-r ([a-z]+\.lock)", line):
            found |= read_lock(path.parent / included[1])
            continue
        requirement, *hashes = re.split(r"\s+(?=--)", line.strip())
        pin, known = _PIN.fullmatch(requirement), [_HASH.fullmatch(each) for each in hashes]
        if pin is None or not known or None in known:
            raise ValueError(f"{path.name}: not a pin with hashes: {line[:80]}")
        digests = tuple(each[1] for each in known if each is not None)
        found[pin["name"]] = Pin(pin["name"], pin["version"], pin["marker"], digests)
    return found


def all_pins() -> dict[str, Pin]:
    """Read every lock; a package needed everywhere in one of them is needed everywhere."""
    found: dict[str, Pin] = {}
    for path in sorted(LOCKS.glob("*.lock")):
        for name, pin in read_lock(path).items():
            if name not in found or pin.marker is None:
                found[name] = pin
    return dict(sorted(found.items()))


def constraints() -> dict[str, str]:
    """Read the versions in ``constraints.txt``, by name."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {str(canonicalize_name(name)): version for name, version in pairs}
