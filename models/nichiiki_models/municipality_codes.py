"""Codes of local governments (全国地方公共団体コード): five digits and a check digit."""

from __future__ import annotations

import re

_WEIGHTS = (6, 5, 4, 3, 2)


def check_digit(five: str) -> str:
    """Return the check digit of the first five digits: (11 - (6a + 5b + 4c + 3d + 2e) mod 11) mod 10."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, five, strict=True))
    return str((11 - total % 11) % 10)


def is_municipality_code(code: str) -> bool:
    """Say whether a text is six digits of which the last is right."""
    return re.fullmatch(r"\d{6}", code, re.ASCII) is not None and check_digit(code[:5]) == code[5]
