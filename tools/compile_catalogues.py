"""Compile every message catalogue (.po) below the packages to the .mo that gettext reads.

Without arguments it writes the .mo files. With `--check` it writes nothing and fails if one is missing or
stale.
"""

import argparse
import io
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
SOURCE_ROOTS = ("api", "examples", "instances", "models", "solver")
LANGUAGES = ("en", "ja")
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
_NAMED = re.compile(r"\{(\w*)(?:[.\[][^{}:!]*)?(?:![rsa])?(?::[^{}]*)?\}|%\((\w+)\)")
_POSITIONAL = re.compile(r"%[-+#0]?\d*(?:\.\d+)?[a-zA-Z]")

Key = str | tuple[str, str | None]


def find_catalogues(root: Path = ROOT) -> list[Path]:
    """Every .po file below the packages, in a fixed order."""
    return sorted(path for folder in SOURCE_ROOTS for path in (root / folder).rglob("*.po"))


def read_catalogue(path: Path) -> Catalog:
    """Read one .po file; the folder above LC_MESSAGES names its language."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name, abort_invalid=True)


def compiled(path: Path) -> bytes:
    """Give the bytes of the .mo that belongs to a .po."""
    buffer = io.BytesIO()
    catalogue = read_catalogue(path)
    catalogue.creation_date = (
        NO_DATE  # a .po without a date would get the minute of compiling, and never be current
    )
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def stale_catalogues(catalogues: list[Path]) -> list[Path]:
    """List the .po files whose .mo is missing or not what the .po says."""
    return [po for po in catalogues if not _is_current(po.with_suffix(".mo"), compiled(po))]


def find_problems(catalogues: list[Path]) -> list[str]:
    """List messages that are doubled, missing, empty or fuzzy, or differ in their placeholders."""
    found = [problem for path in catalogues for problem in _doubled(path)]
    domains: dict[tuple[Path, str], dict[str, Path]] = {}
    for path in catalogues:
        domains.setdefault((path.parents[2], path.name), {})[path.parents[1].name] = path
    for (_, name), paths in sorted(domains.items()):
        found += [f"{name}: no catalogue for {language}" for language in LANGUAGES if language not in paths]
        found += _compare({language: _messages(path) for language, path in sorted(paths.items())}, name)
    return found


def placeholders(message: Message) -> set[str]:
    """Collect the names of the placeholders of a translation, over its plural forms."""
    texts = message.string if isinstance(message.string, (tuple, list)) else (message.string or "",)
    found = {brace or percent for text in texts for brace, percent in _NAMED.findall(text)}
    if "python-format" in message.flags:
        found |= {hit for text in texts for hit in _POSITIONAL.findall(text)}
    return found


def main(arguments: list[str] | None = None) -> int:
    """Compile, or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if one is stale")
    check = parser.parse_args(arguments).check
    catalogues = find_catalogues()
    stale = stale_catalogues(catalogues)
    for po in stale:
        if check:
            print(f"{po.relative_to(ROOT)}: missing or stale .mo; run make catalogues", file=sys.stderr)
        else:
            po.with_suffix(".mo").write_bytes(compiled(po))
    print(f"{len(catalogues)} catalogues, {len(stale)} {'stale' if check else 'compiled'}")
    return int(check and bool(stale))


def _is_current(mo: Path, wanted: bytes) -> bool:
    return mo.is_file() and mo.read_bytes() == wanted


def _messages(path: Path) -> dict[Key, Message]:
    found: dict[Key, Message] = {}
    for message in read_catalogue(path):
        if message.id:
            text = message.id if isinstance(message.id, str) else message.id[0]
            found[text, message.context] = message
    return found


def _doubled(path: Path) -> list[str]:
    """Name every message that a file says twice: the reader silently takes the last of them."""
    said = Counter(
        line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("msgid ")
    )
    language = path.parents[1].name
    return [f"{path.name}: {language} says {line[6:]} {n} times" for line, n in said.items() if n > 1]


def _compare(languages: dict[str, dict[Key, Message]], name: str) -> list[str]:
    found: list[str] = []
    for key in sorted({key for messages in languages.values() for key in messages}, key=str):
        variants = {language: messages.get(key) for language, messages in languages.items()}
        for language, message in variants.items():
            if message is None:
                found.append(f"{name}: {language} lacks {key!r}")
            elif message.fuzzy or not _is_translated(message):
                found.append(f"{name}: {language} has no finished text for {key!r}")
        finished = {language: m for language, m in variants.items() if m and _is_translated(m)}
        sets = {language: sorted(placeholders(message)) for language, message in finished.items()}
        if len({tuple(names) for names in sets.values()}) > 1:
            found.append(f"{name}: the placeholders of {key!r} differ: {sets}")
    return found


def _is_translated(message: Message) -> bool:
    texts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return all(texts)


if __name__ == "__main__":
    sys.exit(main())
