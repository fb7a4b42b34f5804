"""Random placements that keep no rule on purpose, and what they break: what the check has to find, and nothing else."""

from __future__ import annotations

import random
from dataclasses import replace

from nichiiki_models.tables import House, Household
from nichiiki_oracle.bundles import Bundle, _bundle, _siblings_fit
from nichiiki_oracle.market import Market
from nichiiki_oracle.needs import (
    KINDS,
    TARGET_RULES,
    Answer,
    Need,
    _hours_fit,
    _leaves_no_gap,
    answers,
    case_of,
    needs_of,
    targets_of_list,
    wished_nothing,
    wished_targets,
)
from nichiiki_oracle.shared import (
    Choice,
    below_minimum,
    least_of,
    most_of,
    obeys,
    quota_minima,
    total_use,
)
from nichiiki_oracle.stays import STAY_RULES, Stay, Wished, patterns, wished_stays

Broken = tuple[str, str, int | None, int | None]
"""Rule, the first id that it is about, and the numbers, where the rule states any."""
SUM_RULES = ("hours", "roles_per_person")
"""Rules that are about all roles of a person together."""
OF_KIND = ("not_a_school", "not_a_pupil", "not_a_nursery", "no_care_needed", "not_a_coworking", "no_telework")
OF_PLACES = (
    "school_region", "care_region", "desk_region", "consent_host", "consent_home", "no_seats", "care_days_max",
)  # fmt: skip
"""Rules that say nothing more of what is of a wrong kind, or for a person who cannot have it."""
OF_HOUSEHOLDS = frozenset(
    {*STAY_RULES, *(rule for rules in TARGET_RULES.values() for rule in rules), "not_listed", "required", "siblings", "chain", "lock"}
)  # fmt: skip
"""Rules that the check states of a household first, and of what it has after it."""
NAMES = {"role": "role_max", "experience": "experience_places", "quota": "quota_max"}
LEAST = {"role": "role_min", "experience": "experience_min", "all_bases": "all_bases"}


# Drawing


def random_choice(market: Market, draw: random.Random) -> Choice:
    """Draw what each household gets: mostly something allowed, sometimes a wish that is not, sometimes no wish at all."""
    return {
        name: random_bundle(market, household, draw) if draw.random() < 0.8 else None
        for name, household in market.households.items()
    }


def random_bundle(market: Market, household: Household, draw: random.Random) -> Bundle | None:
    """Draw one placement."""
    stay = _random_stay(market, household, draw)
    if stay is None:
        return None
    chosen = tuple(
        _random_answer(market, household, need, stay, draw) for need in needs_of(market, household)
    )
    counted = tuple(_counted(market, household, stay, answer) for answer in chosen)
    return replace(_bundle(market, household, stay, counted), answers=chosen)


def _counted(market: Market, household: Household, stay: Stay, answer: Answer) -> Answer:
    """The answer without targets of a wrong kind, or for a person who cannot have them: they take nobody's place."""
    if answer.need.list not in KINDS:
        return answer
    case, facilities = case_of(market, household, answer.need, stay), market.facilities
    of_kind = (name for name in answer.targets if facilities[name].kind == KINDS[answer.need.list])
    person = ("not_a_pupil", "no_care_needed", "no_telework")
    rules = [check for rule, check in TARGET_RULES[answer.need.list].items() if rule in person]
    right = tuple(name for name in of_kind if all(check(case, facilities[name]) is None for check in rules))
    return replace(answer, targets=right)


def _random_stay(market: Market, household: Household, draw: random.Random) -> Stay | None:
    wished, known = wished_stays(market, household), patterns(market, household)
    if wished and draw.random() < 0.85:
        return draw.choice(wished)
    houses: list[House] = list(market.houses.values())
    if not houses or not known:
        return None
    return Stay(draw.choice(houses), draw.choice(known), Wished(1, 0))


def _random_answer(
    market: Market, household: Household, need: Need, stay: Stay, draw: random.Random
) -> Answer:
    allowed = answers(market, household, need, stay)
    kind = draw.random()
    if allowed and kind < 0.6:
        return draw.choice(allowed)
    names = list(
        wished_targets(market, household, need) if kind < 0.85 else targets_of_list(market, need.list)
    )
    most = min(len(names), 3 if need.list == "role" else 1)
    return Answer(need, tuple(sorted(draw.sample(names, draw.randint(0, most)))), (1,), 0)


# What is broken


def broken_by(market: Market, choice: Choice) -> set[Broken]:
    """Every rule that a choice breaks; `market` takes no measures."""
    found = {each for name in market.households for each in _of_household(market, name, choice[name])}
    return found | _shared(market, choice)


def _of_household(market: Market, name: str, bundle: Bundle | None) -> set[Broken]:
    found: set[Broken] = set()
    if not obeys(market, name, bundle):
        found.add(("lock", name, None, None))
    if bundle is None:
        return found
    household, stay = market.households[name], bundle.stay
    for rule, check in STAY_RULES.items():
        broken = check(market, household, stay)
        if broken is not None:
            found.add((rule, name, *broken))
    if (stay.house, stay.periods) not in [
        (each.house, each.periods) for each in wished_stays(market, household)
    ]:
        found.add(("not_listed", name, None, None))
    if not _siblings_fit(market, household, bundle.answers):
        found.add(("siblings", name, None, None))
    for answer in bundle.answers:
        of_answer = _of_answer(market, household, stay, answer)
        found |= {(rule, name, value, limit) for rule, value, limit in of_answer}
    return found


def _of_answer(
    market: Market, household: Household, stay: Stay, answer: Answer
) -> set[tuple[str, int | None, int | None]]:
    need, case = answer.need, case_of(market, household, answer.need, stay)
    if not answer.targets:
        return {("required", None, None)} if wished_nothing(market, household, need) is None else set()
    wished = wished_targets(market, household, need)
    found: set[tuple[str, int | None, int | None]] = set()
    for target_id in answer.targets:
        if target_id not in wished:
            found.add(("not_listed", None, None))
        target = targets_of_list(market, need.list)[target_id]
        rules = {
            rule: broken
            for rule, check in TARGET_RULES[need.list].items()
            if rule not in SUM_RULES and (broken := check(case, target)) is not None
        }
        silent = OF_PLACES if rules.keys() & set(OF_KIND) else ()
        found |= {(rule, *broken) for rule, broken in rules.items() if rule not in silent}
    return found | (_of_roles(market, case, answer) if need.list == "role" else set())


def _of_roles(market: Market, case: object, answer: Answer) -> set[tuple[str, int | None, int | None]]:
    found: set[tuple[str, int | None, int | None]] = set()
    most = market.rules.limits.roles_per_person
    if len(answer.targets) > most:
        found.add(("roles_per_person", len(answer.targets), most))
    if not _hours_fit(case, answer.targets):  # type: ignore[arg-type]
        found.add(("hours", None, None))
    if not _leaves_no_gap(case, answer.targets):  # type: ignore[arg-type]
        found.add(("chain", None, None))
    return found


def _has_row(market: Market, key: tuple[str, ...]) -> bool:
    """Whether there is a row of seats; where there is none, `no_seats` says it."""
    kind, *rest = key
    if kind not in ("school_seats", "care_places", "desks"):
        return True
    facility, *band, period = rest
    return market.seat_row(facility, band[0] if band else "desk", period) is not None


def _shared(market: Market, choice: Choice) -> set[Broken]:
    used = total_use(choice.values())
    found: set[Broken] = set()
    for key, amount in used.items():
        most = most_of(market, key) if _has_row(market, key) else None
        if most is not None and amount > most:
            numbers = (
                (None, None) if key[0] == "care_staff" else (amount, most)
            )  # its unit is the oracle's own
            found.add((NAMES.get(key[0], key[0]), " ".join(key[1:]), *numbers))
    for key in below_minimum(market, used):
        found.add((LEAST[key[0]], " ".join(key[1:]), used[key], least_of(market, key)))
    for key, least in quota_minima(market).items():
        if used[key] < least:
            found.add(("quota_min", key[1], used[key], least))
    return found
