"""What owners and trial houses ask for: use limits, refusals, and units kept for a group. All of it is an assumption (仮)."""

from __future__ import annotations

from nichiiki_models.tables import House, Quota

ONCE_A_HALF_YEAR = ("narakawa", "oto", "yumoto")
"""Settlements whose trial units take a household once a half-year, as 豊浦町 does."""
REFUSED = {"h-daimon-2": ("no_ties",), "h-kogen-3": ("no_ties",)}
"""Owners who want households with ties to the region."""
RESERVED = (
    Quota(
        quota_id="q-narakawa-kept",
        kind="reserved",
        target_kind="settlement",
        target_id="narakawa",
        group="single_parent",
        min=1,
    ),
)
"""Units kept (戸数枠): one of the three trial units of 楢川 for single parents."""


def with_owners(houses: list[House]) -> list[House]:
    """Return the houses with what their owners ask for."""
    return [house.model_copy(update=_asked(house)) for house in houses]


def _asked(house: House) -> dict[str, object]:
    found: dict[str, object] = {"refuses": REFUSED.get(house.house_id, ())}
    if house.settlement in ONCE_A_HALF_YEAR and house.kind == "trial":
        found["uses_per_half_year"] = 1
    return found
