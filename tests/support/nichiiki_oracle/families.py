"""Families of rules: when an instance has one, and whether it decides anything there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

from nichiiki_models.instance import Instance
from nichiiki_oracle.brute_force import Optimum, optimum
from nichiiki_oracle.bundles import Bundle, bundles
from nichiiki_oracle.market import Market
from nichiiki_oracle.points import ordered_households

Test = Callable[[Instance], bool]
Decision = Callable[["Whole"], bool]
Variant = Callable[[Instance], Instance]


@dataclass(frozen=True)
class Family:
    """A family of rules.

    Attributes
    ----------
    is_present
        Whether an instance has data for it.
    decides
        Whether the allowed bundles, the optimum or the order of households would be others without it.
    """

    name: str
    is_present: Test
    decides: Decision


class Whole:
    """An instance with all of its rules, and its bundles and optimum once they were asked for."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.market = Market(instance)
        self.bundles = {name: bundles(self.market, row) for name, row in self.market.households.items()}

    @cached_property
    def optimum(self) -> Optimum | None:
        """The optimum under all rules."""
        return optimum(self.market)


# Ways to leave a family out


def _without_rule(rule: str) -> Decision:
    """A rule of single bundles decides if there are more bundles without it."""

    def decides(whole: Whole) -> bool:
        part = Market(whole.instance, without=[rule])
        return any(
            len(bundles(part, row)) != len(whole.bundles[name]) for name, row in part.households.items()
        )

    return decides


def _without_shared(rule: str) -> Decision:
    """A rule on what is shared decides if the optimum is another without it; the bundles are the same."""

    def decides(whole: Whole) -> bool:
        part = Market(whole.instance, without=[rule])
        part.memo = whole.market.memo
        other = optimum(part)
        return (whole.optimum and whole.optimum.levels) != (other and other.levels)

    return decides


def _seen(bundle: Bundle) -> tuple[Any, ...]:
    use = tuple(sorted(bundle.use.items()))
    return bundle.rank, bundle.tie, bundle.utility, bundle.cost_yen, use


def _changed(variant: Variant) -> Decision:
    """Data decides if the bundles are others (or worth something else) in a variant of the instance."""

    def decides(whole: Whole) -> bool:
        part = Market(variant(whole.instance))
        return any(
            [_seen(bundle) for bundle in whole.bundles[name]]
            != [_seen(bundle) for bundle in bundles(part, row)]
            for name, row in part.households.items()
        )

    return decides


def _reordered(variant: Variant) -> Decision:
    """Data decides if the order of households is another in a variant of the instance."""

    def order(instance: Instance) -> list[str]:
        return [household.household_id for household in ordered_households(Market(instance), 1)]

    return lambda whole: order(whole.instance) != order(variant(whole.instance))


def _ranks_tie(whole: Whole) -> bool:
    """Ties decide if two bundles of a household have equal ranks."""
    return any(a.rank == b.rank for found in whole.bundles.values() for a, b in pairwise(found))


# Variants and presence


def _with_cells(table: str, **cells: Any) -> Variant:
    """Give every row of a table the same value in some columns."""

    def variant(instance: Instance) -> Instance:
        rows = [row.model_copy(update=cells) for row in getattr(instance, table).rows()]
        return instance.replace(**{table: rows})

    return variant


def _with_rows(table: str, keep: Callable[[Any], bool]) -> Variant:
    """Keep some rows of a table."""
    return lambda instance: instance.replace(
        **{table: [row for row in getattr(instance, table).rows() if keep(row)]}
    )


def _with_rules(part: str, **cells: Any) -> Variant:
    """Change keys of a part of the rules."""

    def variant(instance: Instance) -> Instance:
        changed = getattr(instance.rules, part).model_copy(update=cells)
        return instance.replace(rules=instance.rules.model_copy(update={part: changed}))

    return variant


def _only_listed(instance: Instance) -> Instance:
    lists = instance.rules.lists
    cells = {
        name: getattr(lists, name).model_copy(update={"accept_unlisted": False})
        for name in ("stay", "school", "care", "desk", "role", "supporter", "experience")
    }
    return _with_rules("lists", **cells)(instance)


def _one_slot(instance: Instance) -> Instance:
    """Put the weekends behind the weekdays, since periods of one slot must not overlap."""
    days = {"weekday": {"ends_on": 2}, "weekend": {"starts_on": 3}, "all": {}}
    rows = [
        row.model_copy(
            update={"slot": "all"}
            | {key: row.starts_on + timedelta(days=n) for key, n in days[row.slot].items()}
        )
        for row in instance.periods.rows()
    ]
    return instance.replace(periods=rows)


def _without_points_table(instance: Instance) -> Instance:
    return instance.replace(rules=instance.rules.model_copy(update={"points": ()}))


def _any(table: str, has: Callable[[Any], Any]) -> Test:
    """Say whether a row of a table has something."""
    return lambda instance: any(has(row) for row in getattr(instance, table).rows())


def _limit(name: str) -> Test:
    return lambda instance: bool(getattr(instance.rules.limits, name))


def _wishes_for(name: str) -> Test:
    """Say whether a list is wished for, or accepted unlisted."""
    return lambda instance: (
        getattr(instance.rules.lists, name).accept_unlisted
        or any(row.list == name for row in instance.choices.rows())
    )


def _either(*tests: Test) -> Test:
    return lambda instance: any(test(instance) for test in tests)


def _has_required(instance: Instance) -> bool:
    lists = instance.rules.lists
    return any(
        getattr(lists, name).required
        for name in ("school", "care", "desk", "role", "supporter", "experience")
    )


BUNDLE_RULES: dict[str, Test] = {
    "house_not_ready": _any("houses", lambda row: not row.ready),
    "period_closed": _either(
        _any("periods", lambda row: not row.open), _any("houses", lambda row: row.closed_periods)
    ),
    "min_stay": _any("houses", lambda row: row.min_stay),
    "max_stay": _any("houses", lambda row: row.max_stay),
    "start_period": _any("houses", lambda row: row.start_periods),
    "house_capacity": _any("houses", lambda row: row.capacity_persons < 5),
    "needs": _any("households", lambda row: row.needs),
    "hazard_shared": _limit("hazards_apart"),
    "own_region": _any("households", lambda row: row.home_region.startswith("host")),
    "owner_veto": _any("houses", lambda row: row.accepts or row.refuses),
    "use_limit": _any("houses", lambda row: row.uses_per_half_year is not None),
    "no_route": _any("links", lambda row: True),
    "trip_minutes": _either(_limit("trip_minutes"), _any("households", lambda row: row.max_trip_minutes)),
    "budget": _any("households", lambda row: True),
    "burden": _limit("burden_by_income"),
    "registrations_max": _any("households", lambda row: row.other_municipalities),
    "registration": lambda instance: instance.rules.registration.stay != "none",
    "reach": _limit("reach"),
    "not_entitled": _any("facilities", lambda row: row.eligible),
    "chain": _any("persons", lambda row: row.multiwork),
    "not_a_school": _wishes_for("school"),
    "not_a_pupil": _wishes_for("school"),
    "school_region": _wishes_for("school"),
    "consent_host": _wishes_for("school"),
    "consent_home": _wishes_for("school"),
    "no_seats": _either(_wishes_for("school"), _wishes_for("care"), _wishes_for("desk")),
    "not_a_nursery": _wishes_for("care"),
    "no_care_needed": _wishes_for("care"),
    "care_region": _wishes_for("care"),
    "care_days_max": _wishes_for("care"),
    "not_a_coworking": _wishes_for("desk"),
    "no_telework": _wishes_for("desk"),
    "desk_region": _wishes_for("desk"),
    "role_region": _wishes_for("role"),
    "role_period": _wishes_for("role"),
    "skill": _any("roles", lambda row: row.skill),
    "age": _any("roles", lambda row: row.min_age > 16 or row.max_age < 120),
    "hours": _wishes_for("role"),
    "roles_per_person": _wishes_for("role"),
    "commute": _any("households", lambda row: row.max_commute_minutes is not None),
    "supporter_scope": _wishes_for("supporter"),
    "supporter_language": _any("households", lambda row: row.languages),
    "supporter_topic": _any("households", lambda row: row.topics),
    "experience_region": _wishes_for("experience"),
    "experience_period": _any("experiences", lambda row: row.periods),
    "siblings": _any("households", lambda row: row.siblings == "together"),
    "required": _has_required,
}
"""Rules that allow or refuse single bundles, by id."""

SHARED_RULES: dict[str, Test] = {
    "house_units": _any("houses", lambda row: True),
    "reception": _any("regions", lambda row: row.reception_max),
    "school_seats": _wishes_for("school"),
    "care_places": _wishes_for("care"),
    "desks": _wishes_for("desk"),
    "role_max": _wishes_for("role"),
    "role_min": _any("roles", lambda row: row.min_holders > 1),
    "supporter_caseload": _wishes_for("supporter"),
    "experience_places": _wishes_for("experience"),
    "experience_min": _any("experiences", lambda row: row.min_places > 1),
    "vehicles": _any("links", lambda row: row.vehicles is not None),
    "quota_max": _any("quotas", lambda row: row.max is not None),
    "quota_min": _any("quotas", lambda row: row.min),
    "quota_reserved": _any("quotas", lambda row: row.kind == "reserved"),
    "care_staff": _any("facilities", lambda row: row.staff is not None),
    "one_base": _any("households", lambda row: row.family),
    "all_bases": _any("households", lambda row: row.all_bases),
    "lock": _any("locks", lambda row: True),
}
"""Rules on what is shared, and locks, by id."""

DATA_FAMILIES: tuple[Family, ...] = (
    Family(
        "measures", _any("measures", lambda row: True), _changed(_with_rows("measures", lambda row: False))
    ),
    Family(
        "programmes",
        _any("programmes", lambda row: True),
        _changed(_with_cells("measures", programmes=())),
    ),
    Family(
        "gap", _any("houses", lambda row: row.gap_periods), _changed(_with_cells("houses", gap_periods=0))
    ),
    Family("slots", _any("periods", lambda row: row.slot != "all"), _changed(_one_slot)),
    Family(
        "link_periods", _any("links", lambda row: row.periods), _changed(_with_cells("links", periods=()))
    ),
    Family(
        "car_links",
        _any("links", lambda row: row.mode == "car"),
        _changed(_with_rows("links", lambda row: row.mode != "car")),
    ),
    Family(
        "vehicle_fares",
        _any("links", lambda row: row.fare_basis == "vehicle"),
        _changed(_with_cells("links", fare_basis="person")),
    ),
    Family(
        "one_way_links",
        _any("links", lambda row: not row.both_ways),
        _changed(_with_cells("links", both_ways=True)),
    ),
    Family(
        "own_periods",
        _any("choices", lambda row: row.periods),
        _changed(_with_rows("choices", lambda row: not row.periods)),
    ),
    Family(
        "scores",
        _any("choices", lambda row: row.score is not None),
        _changed(_with_cells("choices", score=None)),
    ),
    Family(
        "none_wishes",
        _any("choices", lambda row: row.target_kind == "none"),
        _changed(_with_rows("choices", lambda row: row.target_kind != "none")),
    ),
    Family("rank_ties", lambda instance: True, _ranks_tie),
    Family(
        "whole_season",
        _any("roles", lambda row: row.whole_season),
        _changed(_with_cells("roles", whole_season=False)),
    ),
    Family(
        "remote_share",
        _any("roles", lambda row: row.remote_share),
        _changed(_with_cells("roles", remote_share=0)),
    ),
    Family("roles_at_home", _limit("roles_at_home"), _changed(_with_rules("limits", roles_at_home=False))),
    Family(
        "two_roles",
        lambda instance: instance.rules.limits.roles_per_person > 1,
        _changed(_with_rules("limits", roles_per_person=1)),
    ),
    Family("accept_unlisted", lambda instance: _only_listed(instance) != instance, _changed(_only_listed)),
    Family("points_table", lambda instance: bool(instance.rules.points), _reordered(_without_points_table)),
    Family("tie_order", lambda instance: True, _reordered(_with_rules("procedure", tie_order=()))),
    Family(
        "lottery_weights",
        lambda instance: bool(instance.rules.lottery.weights),
        _reordered(_with_rules("lottery", weights=())),
    ),
)
"""Families of data that is no rule of its own."""

FAMILIES: tuple[Family, ...] = (
    *(Family(name, test, _without_rule(name)) for name, test in BUNDLE_RULES.items()),
    *(Family(name, test, _without_shared(name)) for name, test in SHARED_RULES.items()),
    *DATA_FAMILIES,
)
"""Every family."""
