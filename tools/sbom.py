"""Write the software bill of materials: every pinned package in CycloneDX 1.6 JSON, the same bytes for the same pins.

    python tools/sbom.py dist/sbom.cdx.json

What one package needs of another is read from those that are installed, licences too; `make sbom` installs them first.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pins import LOCKS, ROOT, Pin, all_pins, read_lock

SPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""The name space of addresses (RFC 9562): a serial number follows from the content."""


def bill() -> dict[str, Any]:
    """Return the bill of materials."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pins, needed = all_pins(), read_lock(LOCKS / "run.lock")
    own = _purl(project["name"], project["version"])
    direct = sorted(str(canonicalize_name(Requirement(line).name)) for line in project["dependencies"])
    content = {
        "metadata": {"component": _own(project, own)},
        "components": [_component(pin, pin.name in needed) for pin in pins.values()],
        "dependencies": [
            {"ref": own, "dependsOn": [_purl(name, pins[name].version) for name in direct]},
            *({"ref": _purl(pin.name, pin.version), "dependsOn": _needs(pin, pins)} for pin in pins.values()),
        ],
    }
    serial = uuid.uuid5(SPACE, json.dumps(content, sort_keys=True))
    head = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
    }
    return {**head, **content}


def _own(project: dict[str, Any], purl: str) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": purl,
        "name": project["name"],
        "version": project["version"],
        "purl": purl,
        "description": project["description"],
        "licenses": [{"license": {"id": project["license"]}}],
    }


def _component(pin: Pin, is_needed: bool) -> dict[str, Any]:
    """Describe a package; ``optional`` is what only tests, development or extras need."""
    purl = _purl(pin.name, pin.version)
    licence = _licence(pin)
    return {
        "type": "library",
        "bom-ref": purl,
        "name": pin.name,
        "version": pin.version,
        "purl": purl,
        "scope": "required" if is_needed else "optional",
        "hashes": [{"alg": "SHA-256", "content": each} for each in pin.hashes],
        **({"licenses": [licence]} if licence else {}),
        **({"properties": [{"name": "nichiiki:needed-where", "value": pin.marker}]} if pin.marker else {}),
    }


def _purl(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def _installed(pin: Pin) -> Distribution | None:
    try:
        found = distribution(pin.name)
    except PackageNotFoundError:
        return None
    return found if found.version == pin.version else None


def _licence(pin: Pin) -> dict[str, Any] | None:
    """Return the licence that a package states, where it is installed and states a short one."""
    found = _installed(pin)
    if found is None:
        return None
    told = found.metadata.json
    if expression := told.get("license_expression"):
        return {"expression": expression}
    stated = str(told.get("license", "")).strip()
    return {"license": {"name": stated}} if re.fullmatch(r"[^\n]{1,80}", stated) else None


def _needs(pin: Pin, pins: dict[str, Pin]) -> list[str]:
    found = _installed(pin)
    names = {} if found is None else dict.fromkeys(sorted(_requirements(found)))
    return [_purl(name, pins[name].version) for name in names if name in pins]


def _requirements(found: Distribution) -> Iterator[str]:
    for line in found.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield str(canonicalize_name(requirement.name))


def main() -> None:
    """Write the bill to the file named on the command line."""
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bill(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(path)


if __name__ == "__main__":
    main()
