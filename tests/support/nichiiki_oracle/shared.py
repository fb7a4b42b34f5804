"""What is shared: greatest and least amounts, locks, and the levels of the objective."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from nichiiki_models.rules import Level
from nichiiki_models.tables import CARE_BANDS, Household, Lock
from nichiiki_oracle.bundles import Bundle, Use, carer_days, is_in_target
from nichiiki_oracle.market import Market
from nichiiki_oracle.measures import Taken, added, is_open, terms
from nichiiki_oracle.points import total_points

Choice = Mapping[str, Bundle | None]
"""The bundle of every household, or None for those that are not placed."""
Levels = tuple[int, ...]
Key = tuple[str, ...]


def most_of(market: Market, key: Key) -> int | None:
    """Return the most of something that may be used, or None if it has no limit."""
    kind, rest = key[0], key[1:]
    rule = {"role": "role_max", "experience": "experience_places", "quota": "quota_max"}.get(kind, kind)
    if not market.applies(rule):
        return None
    if kind == "house_units":
        units = market.houses[rest[0]].units if is_open(market, *rest) else 0
        return units + added(market, "house", *rest)
    if kind == "reception":
        return market.regions[rest[0]].reception_max
    if kind == "role":
        return market.roles[rest[0]].max_holders + added(market, "role", *rest)
    if kind == "supporter_caseload":
        return market.supporters[rest[0]].caseload + added(market, "supporter", *rest)
    if kind == "experience":
        return market.experiences[rest[0]].places
    if kind == "one_base":
        return 1
    if kind == "all_bases":
        return None
    if kind == "care_staff":
        return _carers(market, *rest)
    if kind == "quota_reserved":
        return _not_reserved(market, rest[0])
    if kind == "vehicles":
        return next(link.vehicles for link in market.links if link.link_id == rest[0])
    if kind == "quota":
        return next(quota.max for quota in market.quotas if quota.quota_id == rest[0])
    return _seats_of(market, key)


def _carers(market: Market, facility_id: str, period: str) -> int:
    rows = [market.seat_row(facility_id, band, period) for band in CARE_BANDS]
    days = max((market.days_of(row, period) for row in rows if row is not None), default=0)
    return (market.facilities[facility_id].staff or 0) * days * carer_days(market)


def _not_reserved(market: Market, quota_id: str) -> int:
    quota = next(row for row in market.reserved if row.quota_id == quota_id)
    inside = [house for house in market.houses.values() if house.ready and is_in_target(quota, house)]
    return max(0, sum(house.units for house in inside) - (quota.min or 0))


def _seats_of(market: Market, key: Key) -> int:
    kind, facility_id, *band, period = key
    name = band[0] if band else "desk"
    row = market.seat_row(facility_id, name, period)
    if row is None:
        return 0
    seats = row.seats + added(market, "facility", facility_id, period, name)
    return seats * market.days_of(row, period) if kind == "care_places" else seats


def least_of(market: Market, key: Key) -> int:
    """Return the least of a role, an experience or a family's plan that somebody holds; 0 for everything else."""
    if key[0] == "role" and market.applies("role_min"):
        return market.roles[key[1]].min_holders
    if key[0] == "experience" and market.applies("experience_min"):
        return market.experiences[key[1]].min_places
    if key[0] == "all_bases" and market.applies("all_bases"):
        return sum(row.all_bases for row in market.households.values() if row.family == key[1])
    return 0


def quota_minima(market: Market) -> dict[Key, int]:
    """Return the least count of every quota that has one."""
    quotas = market.quotas if market.applies("quota_min") else []
    return {("quota", quota.quota_id): quota.min for quota in quotas if quota.min}


def total_use(chosen: Iterable[Bundle | None]) -> Counter[Key]:
    """Return the use of several bundles together."""
    total: Counter[Key] = Counter()
    for bundle in chosen:
        total.update({} if bundle is None else bundle.use)
    return total


def fits(market: Market, used: Mapping[Key, int], more: Use) -> bool:
    """Say whether no maximum is passed if more is used."""
    for key, amount in more.items():
        most = most_of(market, key)
        if most is not None and used.get(key, 0) + amount > most:
            return False
    return True


def below_minimum(market: Market, used: Mapping[Key, int]) -> list[Key]:
    """List the roles (by period) and experiences that have holders, but fewer than their minimum."""
    return [key for key, amount in used.items() if 0 < amount < least_of(market, key)]


# Locks


def obeys(market: Market, household_id: str, bundle: Bundle | None) -> bool:
    """Say whether a bundle (or no place) keeps every lock of a household."""
    locks = [lock for lock in market.locks if lock.household_id == household_id]
    return not market.applies("lock") or all((lock.effect == "must") == _has(lock, bundle) for lock in locks)


def _has(lock: Lock, bundle: Bundle | None) -> bool:
    if bundle is None or lock.target_kind == "placed":
        return bundle is not None
    if lock.target_kind == "house":
        return bundle.stay.house.house_id == lock.target_id
    if lock.target_kind == "region":
        return bundle.stay.house.region_id == lock.target_id
    lists = {"facility": ("school", "care", "desk")}.get(lock.target_kind, (lock.target_kind,))
    return lock.target_id in bundle.targets(*lists)


# Objective

OF_MEASURES = ("measure_yen", "own_yen")


def levels_of_measures(market: Market, taken: Taken) -> Levels:
    """Return what measures taken add to each level of the objective."""
    found = terms(market, taken)
    return tuple(
        sum(weight * found[name] for name, weight in level.weights.items() if name in OF_MEASURES)
        for level in market.instance.levels
    )


def _term(market: Market, household: Household, bundle: Bundle, name: str) -> int:
    terms = {
        "utility": bundle.utility,
        "role_value": bundle.role_value,
        "placed": 1,
        "persons": len(market.members(household)),
        "points": max(0, total_points(market, household)),
        "kept": _kept(market, bundle),
    }
    return terms[name]


def _kept(market: Market, bundle: Bundle) -> int:
    """Return the weight of what the household had before and has again: section 6 of the rules."""
    found = 0
    for row in market.instance.previous.rows():
        if row.household_id != bundle.household_id:
            continue
        if row.item_kind == "stay":
            house = bundle.stay.house.house_id == row.target_id
            again = house and (not row.periods or set(row.periods) == set(bundle.stay.periods))
        else:
            again = any(
                (need.list, need.person_id, target) == (row.item_kind, row.person_id, row.target_id)
                for need, target in bundle.held
            )
        found += getattr(market.rules.moves, row.item_kind) if again else 0
    return found


def _level_value(market: Market, household: Household, bundle: Bundle, level: Level) -> int:
    return sum(
        weight * _term(market, household, bundle, name)
        for name, weight in level.weights.items()
        if name not in OF_MEASURES
    )


def levels_of(market: Market, bundle: Bundle | None) -> Levels:
    """Return what a bundle adds to each level of the objective."""
    levels = market.instance.levels
    if bundle is None:
        return (0,) * len(levels)
    household = market.households[bundle.household_id]
    return tuple(_level_value(market, household, bundle, level) for level in levels)


def add(left: Levels, right: Levels) -> Levels:
    """Add level by level."""
    return tuple(a + b for a, b in zip(left, right, strict=True))


def levels_of_choice(market: Market, choice: Choice) -> Levels:
    """Return the level values of a whole choice."""
    total = levels_of(market, None)
    for bundle in choice.values():
        total = add(total, levels_of(market, bundle))
    return total
