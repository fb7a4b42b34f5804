"""What must hold of proven optima whatever the instance: more room, one more rule, other orders, other names; and larger instances."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from nichiiki_models.allocation import Status
from nichiiki_models.columns import NULL_INT, Kind, ListColumn
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules
from nichiiki_models.table import Table
from nichiiki_models.tables import TABLES
from nichiiki_oracle.random_instances import medium_instance, random_instance
from nichiiki_solver.allocating import allocate
from nichiiki_solver.verify import verify

FULL = os.environ.get("NICHIIKI_FULL") == "1"
KEPT = Path(__file__).parents[1] / "data" / "instances"
"""They showed faults: in 87 and 169 the order of links decides who takes which vehicle, in 170 ids of households are long."""
SEEDS = (*range(300 if FULL else 4), *(-int(path.stem.split("-")[1]) for path in sorted(KEPT.iterdir())))
"""Those of instances that are kept are negative."""
MEDIUM = range(40 if FULL else 1)
Change = Callable[[Instance], Instance]


def drawn(seed: int) -> Instance:
    """A random instance, or one that is kept."""
    if seed >= 0:
        return random_instance(seed)
    return Instance.model_validate_json((KEPT / f"random-{-seed}.json").read_bytes())


def values(instance: Instance) -> tuple[int | None, ...] | None:
    """Value of each level of a proven optimum; None where nothing is allowed."""
    result = allocate(instance, time_limit_s=60)
    assert result.status in (Status.OPTIMAL, Status.INFEASIBLE)
    assert [level.bound for level in result.levels] == [level.objective for level in result.levels]
    return None if result.allocation is None else tuple(level.objective for level in result.levels)


def more(table: str, column: str) -> Change:
    """One more of something, wherever a number is given."""

    def change(instance: Instance) -> Instance:
        rows = instance.tables[table]
        numbers = np.where(rows[column] == NULL_INT, NULL_INT, rows[column] + 1)
        return instance.replace(**{table: rows.with_columns(**{column: numbers})})

    return change


ROOM = {
    f"{table}.{column}": more(table, column)
    for table, column in (
        ("houses", "units"),
        ("seats", "seats"),
        ("facilities", "staff"),
        ("roles", "max_holders"),
        ("supporters", "caseload"),
        ("experiences", "places"),
        ("regions", "reception_max"),
        ("links", "vehicles"),
        ("programmes", "budget_yen"),
    )
}


@pytest.mark.parametrize("seed", SEEDS)
def test_more_room_never_lowers_the_optimum(seed: int) -> None:
    instance = drawn(seed)
    before = values(instance)
    if before is not None:
        name = sorted(ROOM)[seed % len(ROOM)]
        after = values(ROOM[name](instance))
        assert after is not None and after >= before, name


def limited(**limits: Any) -> Change:
    """Tighter limits in the rules."""

    def change(instance: Instance) -> Instance:
        rules = instance.rules.model_dump()
        return instance.replace(
            rules=Rules.model_validate({**rules, "limits": {**rules["limits"], **limits}})
        )

    return change


def with_row(table: str, row: dict[str, Any]) -> Change:
    """One more row."""
    return lambda instance: instance.replace(
        **{table: [*instance.tables[table].rows(), TABLES[table].model_validate(row)]}
    )


def nobody_of_the_first(instance: Instance) -> Instance:
    """An override that keeps the first household out."""
    first = str(instance.households["household_id"][0])
    others = [lock for lock in instance.locks.rows() if lock.household_id != first]
    lock = {"household_id": first, "target_kind": "placed", "effect": "never", "reason": "test"}
    return instance.replace(locks=[*others, TABLES["locks"].model_validate(lock)])


def one_family(instance: Instance, **columns: Any) -> Instance:
    """Everybody in one family."""
    family = np.full(len(instance.households), "everybody", dtype=np.str_)
    return instance.replace(households=instance.households.with_columns(family=family, **columns))


RULES: dict[str, Change] = {
    "a quota": with_row("quotas", {"quota_id": "one-more", "max": 1}),
    "one role": limited(roles_per_person=0),
    "care days": limited(care_days_max=1),
    "reach": limited(reach=[{"kinds": ["clinic"], "minutes": 20}]),
    "a family": lambda instance: one_family(instance),
    "a plan": lambda instance: one_family(
        instance, all_bases=np.ones(len(instance.households), dtype=np.bool_)
    ),
    "an override": nobody_of_the_first,
}


@pytest.mark.parametrize("seed", SEEDS)
def test_one_more_rule_never_raises_the_optimum(seed: int) -> None:
    instance = drawn(seed)
    name = list(RULES)[seed % len(RULES)]
    if name == "an override" and len(instance.locks):
        instance = instance.replace(locks=[])
    before, after = values(instance), values(RULES[name](instance))
    assert after is None or (before is not None and after <= before), name


@pytest.mark.parametrize("seed", SEEDS)
def test_neither_the_order_of_rows_nor_names_change_the_optimum(seed: int) -> None:
    instance = drawn(seed)
    rng = np.random.default_rng(abs(seed))
    turned = {name: table.take(rng.permutation(len(table))) for name, table in instance.tables.items()}
    before = values(instance)
    assert values(Instance.from_tables(turned, instance.rules)) == before
    other = renamed(instance)
    assert sorted(other.households["household_id"].tolist()) != sorted(
        instance.households["household_id"].tolist()
    )
    assert values(other) == before


def renamed(instance: Instance) -> Instance:
    """Give everything another id, in another order; links keep theirs, by which vehicles are taken (rules, section 5)."""
    known = frozenset().union(*(table.ids for table in instance.tables.values()))
    names = {name: f"{crc32(name.encode()):08x}-{name}"[:64] for name in known}
    links = sorted(instance.links["link_id"].tolist())
    names |= {name: f"{place:03d}-{name}"[:64] for place, name in enumerate(links)}
    tables = {name: _renamed_table(table, names) for name, table in instance.tables.items()}
    rules = instance.rules.model_dump()
    own = rules["funding"]["own_budget_yen"]
    rules["funding"]["own_budget_yen"] = {names[region]: yen for region, yen in own.items()}
    for row in (*rules["points"], *rules["lottery"]["weights"]):
        for condition in row["when"]:
            if condition["field"] == "home_region":
                condition["value"] = names.get(condition["value"], condition["value"])
    return Instance.from_tables(tables, Rules.model_validate(rules))


def _renamed_table(table: Table[Any], names: dict[str, str]) -> Table[Any]:
    columns: dict[str, Any] = {}
    for name, spec in table.specs.items():
        own = name == table.schema.key[0] or (name == "period_id" and "starts_on" in table.specs)
        if not (spec.references or own or name in ("accepts", "refuses")):
            continue
        if spec.kind is Kind.LIST:
            cells = table.lists(name)
            columns[name] = ListColumn.from_lists([tuple(names.get(e, e) for e in cell) for cell in cells])
        elif spec.kind is Kind.ID:
            columns[name] = np.array([names.get(e, e) for e in table[name].tolist()], dtype=np.str_)
    return table.with_columns(**columns) if columns and len(table) else table


@pytest.mark.parametrize("seed", MEDIUM)
def test_larger_instances_with_every_rule_pass_the_check(seed: int) -> None:
    """Every policy that takes the instance; `verify` shares nothing with them. Few are proven impossible (seed 3: a minimum quota)."""
    instance = medium_instance(seed)
    ended = 0
    for policy in ("welfare", "points", "lottery", "deferred_acceptance"):
        try:
            result = allocate(instance, policy=policy, time_limit_s=10, seed=seed)
        except UnsupportedMarketError:
            continue
        if result.allocation is not None:
            assert verify(result.instance, result.allocation) == []
        ended += result.allocation is not None or result.status is Status.INFEASIBLE
    assert ended
