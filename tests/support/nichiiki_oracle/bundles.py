"""Bundles: everything a household may get, with rank, utility and use of what is shared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product
from math import prod

from nichiiki_models.tables import Choice, House, Household, Quota
from nichiiki_oracle.market import Market, Periods
from nichiiki_oracle.needs import (
    TARGET_RULES,
    Answer,
    Need,
    answers,
    case_of,
    list_order,
    named_by,
    needs_of,
    refusal_of_target,
    role_periods,
)
from nichiiki_oracle.stays import (
    STAY_RULES,
    Refusal,
    Stay,
    Wished,
    allowed_stays,
    cost_yen,
    houses_of,
    patterns_of,
    refusal_of_stay,
    units_needed,
)
from nichiiki_oracle.vehicles import vehicles_taken

Use = dict[tuple[str, ...], int]
"""Amounts by (rule, ids…, period) of what is shared."""
RankKey = tuple[tuple[int, ...], ...]
TieKey = tuple[str, tuple[int, ...], tuple[tuple[bool, tuple[str, ...]], ...]]


@dataclass(frozen=True)
class Bundle:
    """One thing a household may get as a whole.

    Attributes
    ----------
    rank, tie
        Keys by which bundles of one household are compared: smaller is better.
    utility, role_value
        Milli-points.
    cost_yen
        Highest monthly cost over the periods.
    use
        Use of what is shared: (rule, ids…, period) to amount.
    """

    household_id: str
    stay: Stay
    units: int
    answers: tuple[Answer, ...]
    rank: RankKey
    tie: TieKey
    utility: int
    role_value: int
    cost_yen: int
    use: Use

    @property
    def held(self) -> list[tuple[Need, str]]:
        """Every need with each target given for it."""
        return [(answer.need, target) for answer in self.answers for target in answer.targets]

    def targets(self, *lists: str) -> set[str]:
        """Return the targets held of some lists."""
        return {target for need, target in self.held if need.list in lists}


def bundles(market: Market, household: Household) -> list[Bundle]:
    """List every allowed bundle of a household, best first (rank, then ties)."""
    return market.once(("bundles", household.household_id), lambda: _enumerated(market, household))


def _enumerated(market: Market, household: Household) -> list[Bundle]:
    needs = needs_of(market, household)
    found = []
    for stay in allowed_stays(market, household):
        for chosen in product(*(answers(market, household, need, stay) for need in needs)):
            if _siblings_fit(market, household, chosen):
                found.append(_bundle(market, household, stay, chosen))
    return sorted(found, key=lambda bundle: (bundle.rank, bundle.tie))


def _siblings_fit(market: Market, household: Household, chosen: tuple[Answer, ...]) -> bool:
    schools = {answer.targets for answer in chosen if answer.need.list == "school"}
    return household.siblings == "apart" or len(schools) <= 1 or not market.applies("siblings")


def _bundle(market: Market, household: Household, stay: Stay, chosen: tuple[Answer, ...]) -> Bundle:
    roles = [
        market.roles[target] for answer in chosen if answer.need.list == "role" for target in answer.targets
    ]
    return Bundle(
        household_id=household.household_id,
        stay=stay,
        units=units_needed(market, household, stay.house),
        answers=chosen,
        rank=_rank_key(market, stay, chosen),
        tie=_tie_key(market, stay, chosen),
        utility=stay.wished.utility + sum(answer.utility for answer in chosen),
        role_value=sum(role.value for role in roles),
        cost_yen=cost_yen(market, household, stay),
        use=_use(market, household, stay, chosen),
    )


def _rank_key(market: Market, stay: Stay, chosen: tuple[Answer, ...]) -> RankKey:
    entries: list[tuple[int, ...]] = []
    for name in list_order(market):
        entries += (
            [(stay.wished.rank,)] if name == "stay" else [a.entry for a in chosen if a.need.list == name]
        )
    return tuple(entries)


def _tie_key(market: Market, stay: Stay, chosen: tuple[Answer, ...]) -> TieKey:
    positions = tuple(market.position[period] for period in stay.periods)
    return stay.house.house_id, positions, tuple((not answer.targets, answer.targets) for answer in chosen)


# Use of what is shared


def held_periods(market: Market, stay: Stay) -> Periods:
    """Return the periods in which a stay holds its units: its own, and the gap after each of its runs."""
    gaps = [market.chain(run[-1], 1 + stay.house.gap_periods) for run in market.runs(stay.periods)]
    return market.in_order([*stay.periods, *(period for gap in gaps for period in gap)])


def _use(market: Market, household: Household, stay: Stay, chosen: tuple[Answer, ...]) -> Use:
    use: Counter[tuple[str, ...]] = Counter()
    house, units = stay.house, units_needed(market, household, stay.house)
    use.update({("house_units", house.house_id, period): units for period in held_periods(market, stay)})
    use.update({("reception", house.region_id, period): 1 for period in stay.periods})
    use.update({("quota", quota_id): 1 for quota_id in _quotas_counting(market, household, stay)})
    for quota in market.reserved:
        if house.ready and quota.group not in household.groups and is_in_target(quota, house):
            use.update({("quota_reserved", quota.quota_id, p): units for p in held_periods(market, stay)})
    for answer in chosen:
        for target in answer.targets:
            use.update(_use_of(market, household, answer.need, target, stay.periods))
            use.update(
                {("quota", name): 1 for name in _employer_quotas(market, household, answer.need, target)}
            )
    if household.family is not None:
        use.update({("one_base", household.family, period): 1 for period in stay.periods})
        use.update({("all_bases", household.family): 1 if household.all_bases else 0})
    for period in stay.periods:
        use.update(
            {("vehicles", link, period): 1 for link in vehicles_taken(market, household, house, period)}
        )
    return dict(use)


def _employer_quotas(market: Market, household: Household, need: Need, target: str) -> list[str]:
    employer = market.roles[target].employer if need.list == "role" else None
    return [
        quota.quota_id
        for quota in market.quotas
        if quota.target_kind == "employer"
        and quota.target_id == employer
        and (quota.group is None or quota.group in household.groups)
    ]


def _use_of(market: Market, household: Household, need: Need, target: str, periods: Periods) -> Use:
    person = market.persons.get(need.person_id or "")
    if need.list == "experience":
        return {("experience", target): 1}
    if need.list == "supporter":
        return {("supporter_caseload", target, period): 1 for period in periods}
    if need.list == "role":
        return {
            ("role", target, p): 1 for p in role_periods(market, household, market.roles[target], periods)
        }
    if need.list == "desk" or person is None:
        return {("desks", target, period): 1 for period in periods}
    if need.list == "school":
        return {("school_seats", target, person.grade, period): 1 for period in periods}
    places: Use = {("care_places", target, person.grade, period): person.care_days for period in periods}
    if market.facilities[target].staff is not None:
        share = person.care_days * carer_days(market) // children_per_carer(market)[person.grade]
        places.update({("care_staff", target, period): share for period in periods})
    return places


def children_per_carer(market: Market) -> dict[str, int]:
    """Return how many children of each age band one carer looks after."""
    ratio = market.instance.rules.limits.children_per_carer
    return {"age0": ratio.age0, "age1-2": ratio.age1_2, "age3": ratio.age3, "age4-5": ratio.age4_5}


def carer_days(market: Market) -> int:
    """Return into how many parts a carer's day is cut, so that each child takes a whole number of them."""
    return prod(children_per_carer(market).values())


def is_in_target(quota: Quota, house: House) -> bool:
    """Say whether a house lies in the target of a quota."""
    own = {"region": house.region_id, "settlement": house.settlement, "house": house.house_id}
    return quota.target_kind == "all" or quota.target_id == own.get(quota.target_kind, "")


def _quotas_counting(market: Market, household: Household, stay: Stay) -> list[str]:
    return [
        quota.quota_id
        for quota in market.quotas
        if quota.target_kind != "employer"
        and (quota.group is None or quota.group in household.groups)
        and is_in_target(quota, stay.house)
    ]


# Refusals


@dataclass(frozen=True)
class RefusedWish:
    """A wish that no bundle can fulfil, and the rule that stands against it."""

    list: str
    person_id: str | None
    rank: int
    refusal: Refusal


def refused_wishes(market: Market, household: Household) -> list[RefusedWish]:
    """List the wishes that no stay (or no target with any allowed stay) can fulfil.

    Of several houses, patterns or targets that a wish names, the one that comes furthest down the table of
    rules tells the reason. Wishes of kind ``none``, and wishes that name nothing, are left out.
    """
    stays = allowed_stays(market, household)
    found = []
    for wish in market.choices:
        if wish.household_id == household.household_id:
            tries = _tries(market, household, wish, stays)
            if tries and None not in tries:
                refusal = max((t for t in tries if t is not None), key=lambda t: _depth(wish.list, t.rule))
                found.append(RefusedWish(wish.list, wish.person_id, wish.rank, refusal))
    return found


def _tries(market: Market, household: Household, wish: Choice, stays: list[Stay]) -> list[Refusal | None]:
    if wish.list == "stay":
        pairs = [(h, p) for h in houses_of(market, wish) for p in patterns_of(market, household, wish)]
        wished = Wished(wish.rank, 0)
        return [refusal_of_stay(market, household, Stay(house, periods, wished)) for house, periods in pairs]
    need = Need(wish.list, wish.person_id)
    cases = [case_of(market, household, need, stay) for stay in stays]
    return [
        refusal_of_target(case, wish.list, t) for case in cases for t in named_by(market, wish.list, wish)
    ]


def _depth(name: str, rule: str) -> int:
    order = list(STAY_RULES) if name == "stay" else list(TARGET_RULES[name])
    return order.index(rule)
