"""Public lotteries: fix everything first, name a public value that nobody knows yet, then let it decide.

Before the draw the office publishes a digest of the roll (who takes part), the rules and the *name* of a public value that
does not exist yet (a future round of a randomness beacon, tomorrow's winning numbers). Once the value is out, the number
of each id is HMAC-SHA256(value, id): nobody chose it, anybody can work it out again, there is no redraw, and equal
numbers would be a collision of SHA-256.

References
----------
RFC 2104, HMAC: Keyed-Hashing for Message Authentication; FIPS 180-4, Secure Hash Standard; drand, a distributed
randomness beacon (its future rounds can be named before they exist).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nichiiki_models.errors import CommitmentError, UsageError

FORMAT = "nichiiki-lottery/1"


@dataclass(frozen=True, order=True)
class Drawn:
    """A lottery number (256 bits) and whose it is; smaller numbers come first."""

    number: int
    id: str

    @property
    def hex(self) -> str:
        """The number as 64 hexadecimal digits."""
        return f"{self.number:064x}"


def commit(roll_ids: Iterable[str], rules: str, public_value_name: str) -> str:
    """Return the digest to publish before the draw.

    Parameters
    ----------
    roll_ids
        Ids of all who take part; their order does not matter.
    rules
        The rules of the draw, as text.
    public_value_name
        What the value will be, so that everybody finds it ("drand quicknet round 20000000").

    Returns
    -------
    str
        SHA-256, as 64 hexadecimal digits, of the format's name, the value's name, the rules and the sorted ids; each of
        them in UTF-8, after its length as 8 bytes, big-endian.

    Raises
    ------
    UsageError
        If nobody takes part, an id is empty or listed twice, or the value has no name.
    """
    parts = (FORMAT, _named(public_value_name), rules, *_roll(roll_ids))
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8) + data)
    return digest.hexdigest()


def lottery_number(value: str, roll_id: str) -> int:
    """Return the number of an id: HMAC-SHA256 with the value as key, read big-endian."""
    return int.from_bytes(hmac.digest(value.encode(), roll_id.encode(), "sha256"))


def seed_of(value: str, roll_ids: Iterable[str], rules: str, public_value_name: str, digest: str) -> int:
    """Return the seed that a public value gives to a run, after the same check as in `reveal`.

    Returns
    -------
    int
        The first 63 bits of SHA-256(value), big-endian.
    """
    _check(value, _roll(roll_ids), rules, public_value_name, digest)
    return int.from_bytes(hashlib.sha256(value.encode()).digest()[:8]) >> 1


def reveal(
    value: str, roll_ids: Iterable[str], rules: str, public_value_name: str, digest: str
) -> tuple[Drawn, ...]:
    """Draw with the public value, after checking that roll, rules and name are those that were fixed.

    Parameters
    ----------
    value
        The public value, exactly as published.
    roll_ids, rules, public_value_name
        As given to `commit`.
    digest
        What `commit` returned.

    Returns
    -------
    tuple of Drawn
        Everybody's number, smallest first.

    Raises
    ------
    UsageError
        If the value is empty, or as for `commit`.
    CommitmentError
        If the digest is another one: roll, rules or name have been changed since.
    """
    roll = _roll(roll_ids)
    _check(value, roll, rules, public_value_name, digest)
    return tuple(sorted(Drawn(lottery_number(value, each), each) for each in roll))


def _check(value: str, roll: Sequence[str], rules: str, public_value_name: str, digest: str) -> None:
    """Refuse a value, roll, rules or name that are not those that were fixed."""
    if not value:
        raise UsageError.of("public_value_empty", argument="value")
    found = commit(roll, rules, public_value_name)
    if not hmac.compare_digest(found.encode(), digest.strip().lower().encode()):
        shown = digest.strip()[: len(found)]  # what is no digest may be long
        raise CommitmentError.of("commitment_changed", argument="digest", value=shown, found=found)


def _named(name: str) -> str:
    if not name.strip():
        raise UsageError.of("public_name_empty", argument="public_value_name")
    return name


def _roll(roll_ids: Iterable[str]) -> Sequence[str]:
    """Ids in order, checked."""
    roll = sorted(roll_ids)
    if not roll:
        raise UsageError.of("lottery_of_nobody", argument="roll_ids")
    if not roll[0]:
        raise UsageError("roll_ids: an id is empty")
    twice = next((a for a, b in pairwise(roll) if a == b), None)
    if twice is not None:
        raise UsageError.of("arg_twice", argument="roll_ids", value=twice)
    return roll
