"""Needs: what a household asks for beside a stay, and the rules of the second table of section 2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from nichiiki_models.rules import ListRule
from nichiiki_models.tables import (
    CARE_BANDS,
    LISTS,
    SCHOOL_GRADES,
    Choice,
    Experience,
    Facility,
    House,
    Household,
    Person,
    Role,
    Supporter,
)
from nichiiki_oracle.market import Market, Periods
from nichiiki_oracle.measures import added
from nichiiki_oracle.standing import is_entitled
from nichiiki_oracle.stays import Broken, Refusal, Stay, Wished, best_of, broken_if
from nichiiki_oracle.ways import commute_minutes

WORSE_THAN_ANY_RANK = 1_000_000
PERSONAL = ("school", "care", "desk", "role")
KINDS = {"school": "school", "care": "nursery", "desk": "coworking"}


@dataclass(frozen=True)
class Need:
    """A list of wishes for one person, or for the household (person None)."""

    list: str
    person_id: str | None = None


@dataclass(frozen=True)
class Answer:
    """What answers a need: its targets (none = nothing, several only for roles), rank entry and utility."""

    need: Need
    targets: tuple[str, ...]
    entry: tuple[int, ...]
    utility: int


@dataclass(frozen=True)
class Case:
    """A target held against the rules: who would have it, with which stay."""

    market: Market
    household: Household
    person: Person | None
    house: House
    periods: Periods


TargetRule = Callable[[Case, Any], Broken | None]

# Needs, targets and nothing


def list_order(market: Market) -> list[str]:
    """Return the order of the lists, with those left out at the end."""
    return list(dict.fromkeys((*market.rules.lists.order, *LISTS)))


def list_rule(market: Market, name: str) -> ListRule:
    """Return the rule of a list."""
    rule: ListRule = getattr(market.rules.lists, name)
    return rule


def is_natural(name: str, person: Person | None) -> bool:
    """Say whether a need arises without a wish, where unlisted targets are accepted."""
    if person is None:
        return True
    return {
        "school": person.grade in SCHOOL_GRADES,
        "care": person.care_days > 0,
        "desk": person.telework_days > 0,
        "role": person.hours_per_period > 0,
    }[name]


def has_need(market: Market, household: Household, name: str, person: Person | None) -> bool:
    """Say whether a household has a need for a list (and person)."""
    wishes = market.wishes(household, name, None if person is None else person.person_id)
    return bool(wishes) or (list_rule(market, name).accept_unlisted and is_natural(name, person))


def needs_of(market: Market, household: Household) -> list[Need]:
    """List the needs of a household: by list, then by person."""
    found = []
    for name in list_order(market):
        if name == "stay":
            continue
        for person in market.members(household) if name in PERSONAL else [None]:
            if has_need(market, household, name, person):
                found.append(Need(name, None if person is None else person.person_id))
    return found


def targets_of_list(market: Market, name: str) -> Mapping[str, Any]:
    """Return every target of a list by id."""
    if name in KINDS:
        return market.facilities
    targets: dict[str, Mapping[str, Any]] = {
        "role": market.roles,
        "supporter": market.supporters,
        "experience": market.experiences,
    }
    return targets[name]


def named_by(market: Market, name: str, wish: Choice) -> list[str]:
    """List the targets that a wish names; a region names every supporter."""
    targets = targets_of_list(market, name)
    if wish.target_kind == "none":
        return []
    if wish.target_kind != "region":
        return [target for target in targets if target == wish.target_id]
    return [t for t, row in targets.items() if name == "supporter" or row.region_id == wish.target_id]


def _wishes(market: Market, household: Household, need: Need) -> list[Choice]:
    return market.wishes(household, need.list, need.person_id)


def _last_rank(market: Market, household: Household, need: Need) -> int:
    """Return the highest listed rank of a need, `none` included; 0 if nothing is listed."""
    return max((wish.rank for wish in _wishes(market, household, need)), default=0)


def wished_targets(market: Market, household: Household, need: Need) -> dict[str, Wished]:
    """Return every target of a need with its rank and utility."""
    rule = list_rule(market, need.list)
    reached: dict[str, list[Choice]] = {}
    for wish in _wishes(market, household, need):
        for target in named_by(market, need.list, wish):
            reached.setdefault(target, []).append(wish)
    found = {target: best_of(wishes, rule.rank_utility) for target, wishes in reached.items()}
    if rule.accept_unlisted:
        unlisted = Wished(_last_rank(market, household, need) + 1, 0)
        found |= {t: unlisted for t in targets_of_list(market, need.list) if t not in found}
    return found


def wished_nothing(market: Market, household: Household, need: Need) -> Wished | None:
    """Return rank and utility of nothing, or None if nothing is not acceptable."""
    wishes = [wish for wish in _wishes(market, household, need) if wish.target_kind == "none"]
    if wishes:
        return best_of(wishes, (0,))
    if list_rule(market, need.list).required and market.applies("required"):
        return None
    return Wished(_last_rank(market, household, need) + 2, 0)


# Rules of schools, care and desks


def _kind(case: Case, target: Facility, wanted: str) -> Broken | None:
    return broken_if(target.kind != wanted)


def _same_region(case: Case, target: Any) -> Broken | None:
    return broken_if(target.region_id != case.house.region_id)


def _person(case: Case) -> Person:
    if case.person is None:
        raise ValueError("a personal need without a person")
    return case.person


def _not_a_pupil(case: Case, target: Facility) -> Broken | None:
    return broken_if(_person(case).grade not in SCHOOL_GRADES)


def _consent_host(case: Case, target: Facility) -> Broken | None:
    return broken_if(not {case.household.home_region, "*"} & set(target.consent_regions))


def _consent_home(case: Case, target: Facility) -> Broken | None:
    consents = case.market.regions[case.household.home_region].board_consents
    return broken_if(not {target.region_id, "*"} & set(consents))


def _no_seats(case: Case, target: Facility, band: str) -> Broken | None:
    market, name = case.market, target.facility_id
    seats = [
        (row.seats if row else 0) + (added(market, "facility", name, period, band) if row else 0)
        for period in case.periods
        for row in [market.seat_row(name, band, period)]
    ]
    return broken_if(0 in seats)


def _not_entitled(case: Case, target: Facility) -> Broken | None:
    return broken_if(not is_entitled(case.market, case.household, target, case.periods))


def _no_care_needed(case: Case, target: Facility) -> Broken | None:
    person = _person(case)
    return broken_if(person.grade not in CARE_BANDS or person.care_days == 0)


def _care_days_max(case: Case, target: Facility) -> Broken | None:
    person, market = _person(case), case.market
    rows = [(period, market.seat_row(target.facility_id, person.grade, period)) for period in case.periods]
    limits = [market.days_of(row, period) for period, row in rows if row is not None]
    overall = market.rules.limits.care_days_max
    limit = min([*limits, *([] if overall is None else [overall])], default=None)
    return broken_if(limit is not None and person.care_days > limit, person.care_days, limit)


def _no_telework(case: Case, target: Facility) -> Broken | None:
    return broken_if(_person(case).telework_days == 0)


def commute_limit(case: Case, *, child: bool) -> int | None:
    """Return the most minutes of a commute, or None if nothing limits it."""
    limits = [] if case.household.max_commute_minutes is None else [case.household.max_commute_minutes]
    if child:
        by_age = sorted(case.market.rules.limits.commute_by_age, key=lambda row: row.up_to_age)
        limits += [row.minutes for row in by_age if row.up_to_age >= _person(case).age][:1]
    return min(limits, default=None)


def _commute(case: Case, target: Facility | Role, *, child: bool) -> Broken | None:
    minutes = commute_minutes(case.market, case.household, case.house, target)
    limit = commute_limit(case, child=child)
    return broken_if(minutes is None or (limit is not None and minutes > limit), minutes, limit)


# Rules of roles, supporters and experiences


def is_held_from_elsewhere(market: Market, household: Household, role: Role) -> bool:
    """Say whether nobody need live near a role to hold it."""
    at_home = market.rules.limits.roles_at_home and role.region_id == household.home_region
    return role.remote_share == 100 or at_home


def _unless_elsewhere(check: TargetRule) -> TargetRule:
    """Ask a rule only of roles that are held on the spot."""
    return lambda case, target: (
        None if is_held_from_elsewhere(case.market, case.household, target) else check(case, target)
    )


def _role_period(case: Case, target: Role) -> Broken | None:
    own, stay = set(case.market.own_periods(target.periods)), set(case.periods)
    least = Fraction(100 - target.remote_share, 100) * len(own) if target.whole_season else 0
    return broken_if(len(own & stay) < max(1, least))


def _skill(case: Case, target: Role) -> Broken | None:
    return broken_if(target.skill is not None and target.skill not in _person(case).skills)


def _age(case: Case, target: Role) -> Broken | None:
    age = _person(case).age
    limit = target.min_age if age < target.min_age else target.max_age
    return broken_if(not target.min_age <= age <= target.max_age, age, limit)


def _hours(case: Case, target: Role) -> Broken | None:
    offered = _person(case).hours_per_period
    return broken_if(target.hours_per_period > offered, target.hours_per_period, offered)


def _roles_per_person(case: Case, target: Role) -> Broken | None:
    most = case.market.rules.limits.roles_per_person
    return broken_if(most < 1, 1, most)


def _supporter_scope(case: Case, target: Supporter) -> Broken | None:
    everywhere = target.scope == "wide" and not target.regions
    return broken_if(not everywhere and case.house.region_id not in target.regions)


def _supporter_language(case: Case, target: Supporter) -> Broken | None:
    wanted = set(case.household.languages)
    return broken_if(bool(wanted) and not wanted & set(target.languages))


def _supporter_topic(case: Case, target: Supporter) -> Broken | None:
    return broken_if(not set(case.household.topics) <= set(target.topics))


def _experience_period(case: Case, target: Experience) -> Broken | None:
    return broken_if(not set(case.market.own_periods(target.periods)) & set(case.periods))


TARGET_RULES: dict[str, dict[str, TargetRule]] = {
    "school": {
        "not_a_school": lambda case, target: _kind(case, target, "school"),
        "not_a_pupil": _not_a_pupil,
        "school_region": _same_region,
        "consent_host": _consent_host,
        "consent_home": _consent_home,
        "no_seats": lambda case, target: _no_seats(case, target, _person(case).grade),
        "not_entitled": _not_entitled,
        "commute": lambda case, target: _commute(case, target, child=True),
    },
    "care": {
        "not_a_nursery": lambda case, target: _kind(case, target, "nursery"),
        "no_care_needed": _no_care_needed,
        "care_region": _same_region,
        "no_seats": lambda case, target: _no_seats(case, target, _person(case).grade),
        "care_days_max": _care_days_max,
        "not_entitled": _not_entitled,
        "commute": lambda case, target: _commute(case, target, child=True),
    },
    "desk": {
        "not_a_coworking": lambda case, target: _kind(case, target, "coworking"),
        "no_telework": _no_telework,
        "desk_region": _same_region,
        "no_seats": lambda case, target: _no_seats(case, target, "desk"),
        "not_entitled": _not_entitled,
        "commute": lambda case, target: _commute(case, target, child=False),
    },
    "role": {
        "role_region": _unless_elsewhere(_same_region),
        "role_period": _unless_elsewhere(_role_period),
        "skill": _skill,
        "age": _age,
        "hours": _hours,
        "roles_per_person": _roles_per_person,
        "commute": _unless_elsewhere(lambda case, target: _commute(case, target, child=False)),
    },
    "supporter": {
        "supporter_scope": _supporter_scope,
        "supporter_language": _supporter_language,
        "supporter_topic": _supporter_topic,
    },
    "experience": {"experience_region": _same_region, "experience_period": _experience_period},
}
"""Every rule of a target by list and id, in the order of the table."""


def case_of(market: Market, household: Household, need: Need, stay: Stay) -> Case:
    """Return the case of a need with a stay."""
    person = None if need.person_id is None else market.persons[need.person_id]
    return Case(market, household, person, stay.house, stay.periods)


def refusal_of_target(case: Case, name: str, target_id: str) -> Refusal | None:
    """Return the first rule that refuses a target, or None if it is allowed."""
    target = targets_of_list(case.market, name)[target_id]
    for rule, check in TARGET_RULES[name].items():
        broken = check(case, target) if case.market.applies(rule) else None
        if broken is not None:
            return Refusal(rule, target_id, *broken)
    return None


# Answers


def role_periods(market: Market, household: Household, role: Role, periods: Periods) -> Periods:
    """Return the periods in which a role holds with a stay."""
    own = market.own_periods(role.periods)
    if role.whole_season or is_held_from_elsewhere(market, household, role):
        return own
    return tuple(period for period in periods if period in own)


def _hours_fit(case: Case, role_ids: tuple[str, ...]) -> bool:
    """Say whether the hours of a set of roles fit in every period."""
    roles = [case.market.roles[role_id] for role_id in role_ids]
    own = {role.role_id: role_periods(case.market, case.household, role, case.periods) for role in roles}
    hours = [
        sum(role.hours_per_period for role in roles if p in own[role.role_id]) for p in case.market.calendar
    ]
    return not case.market.applies("hours") or max(hours) <= _person(case).hours_per_period


def _leaves_no_gap(case: Case, role_ids: tuple[str, ...]) -> bool:
    """Say whether a set of roles covers the stay, if the person's roles must."""
    roles = [case.market.roles[role_id] for role_id in role_ids]
    covered = {p for role in roles for p in role_periods(case.market, case.household, role, case.periods)}
    asked = _person(case).multiwork and case.market.applies("chain")
    return not asked or covered >= set(case.periods)


def _role_sets(case: Case, allowed: list[str]) -> list[tuple[str, ...]]:
    most = (
        case.market.rules.limits.roles_per_person if case.market.applies("roles_per_person") else len(allowed)
    )
    sizes = range(1, min(most, len(allowed)) + 1)
    return [
        chosen
        for size in sizes
        for chosen in combinations(sorted(allowed), size)
        if _hours_fit(case, chosen) and _leaves_no_gap(case, chosen)
    ]


def _padded(market: Market, ranks: list[int], nothing: Wished | None) -> tuple[int, ...]:
    """Return the ranks of a set of roles in ascending order, as long as any set can be."""
    filler = WORSE_THAN_ANY_RANK if nothing is None else nothing.rank
    return (*sorted(ranks), *[filler] * (len(market.roles) - len(ranks)))


def answers(market: Market, household: Household, need: Need, stay: Stay) -> list[Answer]:
    """List every allowed answer to a need with a stay; nothing comes last."""
    case = case_of(market, household, need, stay)
    wished = wished_targets(market, household, need)
    allowed = [target for target in wished if refusal_of_target(case, need.list, target) is None]
    nothing = wished_nothing(market, household, need)
    sets = _role_sets(case, allowed) if need.list == "role" else [(target,) for target in sorted(allowed)]
    found = [_answer(market, need, [wished[t] for t in chosen], chosen, nothing) for chosen in sets]
    return found + ([] if nothing is None else [_no_answer(market, need, nothing)])


def _answer(
    market: Market, need: Need, wished: list[Wished], targets: tuple[str, ...], nothing: Wished | None
) -> Answer:
    ranks = [entry.rank for entry in wished]
    entry = _padded(market, ranks, nothing) if need.list == "role" else tuple(ranks)
    return Answer(need, targets, entry, sum(entry.utility for entry in wished))


def _no_answer(market: Market, need: Need, nothing: Wished) -> Answer:
    entry = _padded(market, [], nothing) if need.list == "role" else (nothing.rank,)
    return Answer(need, (), entry, nothing.utility)
