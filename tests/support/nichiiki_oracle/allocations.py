"""From a choice of bundles to an `Allocation`, and the levels of an `Allocation` from the data alone."""

from __future__ import annotations

from typing import Any

from nichiiki_models.allocation import Allocation, LevelResult, Status, StopReason
from nichiiki_models.instance import Instance
from nichiiki_models.tables import Household
from nichiiki_oracle.bundles import Bundle, bundles, refused_wishes
from nichiiki_oracle.market import Market
from nichiiki_oracle.measures import Plan, Taken
from nichiiki_oracle.shared import Choice, Levels, add, levels_of, levels_of_choice, levels_of_measures, obeys
from nichiiki_oracle.stays import allowed_stays


def to_allocation(
    instance: Instance,
    choice: Choice,
    *,
    taken: Taken | None = None,
    policy: str = "optimum",
    seed: int = 0,
    status: Status = Status.OPTIMAL,
    reason: StopReason = StopReason.PROVEN,
) -> Allocation:
    """Write a choice as an allocation, with costs, levels and the reasons of households without a place."""
    market = Market(instance)
    placed = [bundle for bundle in choice.values() if bundle is not None]
    taken = taken or {}
    values = add(levels_of_choice(market, choice), levels_of_measures(market, taken))
    proven = status is Status.OPTIMAL
    results = tuple(
        LevelResult(name=level.name, objective=value, bound=value if proven else None)
        for level, value in zip(instance.levels, values, strict=True)
    )
    rows: dict[str, Any] = {
        "placements": [_object_of(bundle) for bundle in placed],
        "unplaced": [
            _unplaced(market, market.households[n]) for n, bundle in choice.items() if bundle is None
        ],
    }
    return Allocation.model_validate(
        {
            "instance_hash": instance.hash,
            "policy": policy,
            "seed": seed,
            "status": status,
            "reason": reason,
            "objective": results[-1 if proven else 0].objective,
            "bound": results[-1 if proven else 0].bound,
            "levels": results,
            "measures": [{"measure_id": name, "cost_yen": market.measures[name].cost_yen} for name in taken],
            "payments": [row for name, plan in taken.items() for row in _payments(name, plan)],
            **rows,
        }
    )


def _payments(name: str, plan: Plan) -> list[dict[str, Any]]:
    paid = [*plan.shares, *([(None, plan.own_yen)] if plan.own_yen else [])]
    return [{"measure_id": name, "programme_id": who, "amount_yen": yen} for who, yen in paid]


def _object_of(bundle: Bundle) -> dict[str, Any]:
    """Return the JSON shape of a placement."""
    stay, house = bundle.stay, bundle.stay.house
    roles: dict[str, list[str]] = {}
    for need, target in bundle.held:
        if need.list == "role" and need.person_id is not None:
            roles.setdefault(need.person_id, []).append(target)
    place = {
        "house_id": house.house_id,
        "region_id": house.region_id,
        "units": bundle.units,
        "periods": stay.periods,
    }
    return {
        "household_id": bundle.household_id,
        "stays": [place],
        "schools": _by_person(bundle, "school"),
        "care": _by_person(bundle, "care"),
        "desks": _by_person(bundle, "desk"),
        "roles": roles,
        "experiences": sorted(bundle.targets("experience")),
        "supporter_id": next(iter(bundle.targets("supporter")), None),
        "cost_yen": bundle.cost_yen,
    }


def _by_person(bundle: Bundle, name: str) -> dict[str | None, str]:
    return {need.person_id: target for need, target in bundle.held if need.list == name}


def _unplaced(market: Market, household: Household) -> dict[str, Any]:
    """Return the JSON shape of a household without a place: each rule and target once."""
    reasons = {}
    for wish in refused_wishes(market, household):
        refusal = wish.refusal
        detail = {"value": refusal.value, "limit": refusal.limit}
        reasons[refusal.rule, refusal.target_id] = {
            "rule": refusal.rule,
            "target_id": refusal.target_id,
            "detail": detail,
        }
    found: list[dict[str, Any]] = list(reasons.values())
    if bundles(market, household) or not found:
        found.append(_last_reason(market, household))
    return {"household_id": household.household_id, "reasons": found}


def _last_reason(market: Market, household: Household) -> dict[str, Any]:
    """Return why a household that could have been placed (or whose wishes name nothing) has no place."""
    every = bundles(market, household)
    free = [bundle for bundle in every if obeys(market, household.household_id, bundle)]
    rule = (
        "outranked"
        if free
        else "lock"
        if every
        else "required"
        if allowed_stays(market, household)
        else "no_wish"
    )
    target = next((bundle.stay.house.house_id for bundle in free or every), None)
    return {"rule": rule, "target_id": target, "detail": {"value": None, "limit": None}}


# Back from an allocation


def choice_of(instance: Instance, allocation: Allocation) -> Choice:
    """Find the allowed bundle of every placed household of an allocation.

    Raises
    ------
    ValueError
        If a placement is none of the allowed bundles of its household.
    """
    market = Market(instance)
    wanted = {entry["household_id"]: entry for entry in allocation.model_dump()["placements"]}
    return {
        name: _find(market, household, wanted[name]) if name in wanted else None
        for name, household in market.households.items()
    }


def _find(market: Market, household: Household, wanted: dict[str, Any]) -> Bundle:
    for bundle in bundles(market, household):
        if _comparable(_object_of(bundle)) == _comparable(wanted):
            return bundle
    raise ValueError(f"{household.household_id}: the placement is no allowed bundle")


def _comparable(entry: dict[str, Any]) -> dict[str, Any]:
    stays = [{**stay, "periods": tuple(stay["periods"])} for stay in entry["stays"]]
    return {
        **entry,
        "stays": stays,
        "roles": {person: sorted(held) for person, held in entry["roles"].items()},
    }


def objective_levels(instance: Instance, allocation: Allocation) -> Levels:
    """Recompute the level values of an allocation from the instance."""
    market = Market(instance)
    paid = {row.measure_id: Plan((), 0) for row in allocation.measures.rows()}
    for row in allocation.payments.rows():
        if row.programme_id is None:
            paid[row.measure_id] = Plan((), row.amount_yen)
    total = levels_of_measures(market, paid)
    for bundle in choice_of(instance, allocation).values():
        total = add(total, levels_of(market, bundle))
    return total
