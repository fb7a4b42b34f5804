"""What a registration as a furusato resident is worth (section 2)."""

from __future__ import annotations

from datetime import timedelta

from nichiiki_models.tables import Facility, Household
from nichiiki_oracle.market import Market, Periods

ORDER = ("none", "basic", "premium")


def activities(market: Market, household: Household) -> int:
    """Count the activities in the days before the calendar."""
    first = min(period.starts_on for period in market.periods.values())
    days = {first - timedelta(days=n) for n in range(1, market.rules.registration.activity_days + 1)}
    return sum(
        1
        for use in market.instance.use_history.rows()
        if use.household_id == household.household_id and use.kind == "activity" and use.on in days
    )


def standing(market: Market, household: Household, period: str) -> str:
    """Return the standing of a household in a period."""
    until = household.registration_valid_until
    if household.registration == "none" or (until and until < market.periods[period].starts_on):
        return "none"
    enough = activities(market, household) >= market.rules.registration.activities_min
    return "premium" if household.registration == "premium" and enough else "basic"


def suffices(market: Market, household: Household, periods: Periods) -> bool:
    """Say whether the standing is always that which a stay asks for."""
    least = ORDER.index(market.rules.registration.stay)
    return all(ORDER.index(standing(market, household, period)) >= least for period in periods)


def is_entitled(market: Market, household: Household, facility: Facility, periods: Periods) -> bool:
    """Say whether a household may use a facility in every period."""
    found = {standing(market, household, period) for period in periods}
    return not facility.eligible or found <= set(facility.eligible)
