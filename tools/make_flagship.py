"""Make the flagship instance: ``python tools/make_flagship.py [FOLDER]`` writes the same bytes every time.

Facts are typed in ``tools/flagship/facts.py``; supply and people are drawn from fixed seeds.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flagship import facts, housing, island, offers, people, programmes, residents, supply
from flagship.chance import Chance
from nichiiki_instances import write
from nichiiki_models.instance import Instance
from nichiiki_models.rules import (
    Condition,
    Funding,
    Level,
    Limits,
    ListRule,
    Lists,
    Lottery,
    Objective,
    PointRule,
    Procedure,
    Rules,
    Weight,
)
from nichiiki_models.table import Row, Table
from nichiiki_models.tables import TABLES

SEED = 2026
FOLDER = Path(__file__).resolve().parents[1] / "instances" / "nichiiki_instances" / "data" / "flagship"
NOTE = (
    "Flagship: Nasu, Shinshu, Nanki, Sado and the cities of Tokyo and Osaka, fiscal year 2026. Places, lines and "
    "programmes are facts with source and date in SOURCES.md; households, houses, roles, capacities and "
    f"wishes are synthetic (seed {SEED})."
)


def _points(rule_id: str, points: int, field: Any, op: Any, value: bool | int | str, note: str) -> PointRule:
    return PointRule(
        rule_id=rule_id, points=points, when=(Condition(field=field, op=op, value=value),), note=note
    )


RULES = Rules(
    rules_id="flagship-2026",
    version="2026-04-01",
    valid_from=date(2026, 4, 1),
    source="形は保育所の利用調整・公営住宅の優先入居 (国立市・明石市・周南市) にならう; 点数は仮",
    objective=Objective(levels=(Level(name="welfare", weights={"utility": 1, "role_value": 1}),)),
    lists=Lists(
        school=ListRule(required=True, rank_utility=(300, 200, 100)),
        supporter=ListRule(required=True, accept_unlisted=True, rank_utility=(0,)),
    ),
    procedure=Procedure(kind="one_list", tie_order=("income_class", "past_losses", "applied_at", "lottery")),
    points=(
        _points("B01", 10, "children", ">=", 1, "18歳未満の子がいる"),
        _points("B02", 4, "children", ">=", 2, "子が2人以上"),
        _points("B03", 5, "preschool", ">=", 1, "就学前の子がいる"),
        _points("B04", 6, "group", "==", "single_parent", "ひとり親"),
        _points("B05", 4, "group", "==", "elderly", "65歳以上がいる"),
        _points("B06", 6, "income_class", "<=", 2, "所得階層1-2"),
        _points("B07", 3, "income_class", "<=", 4, "所得階層1-4"),
        _points("B08", 4, "past_losses", ">=", 1, "前回までの落選"),
        _points("B09", 4, "past_losses", ">=", 2, "落選2回以上"),
        _points("B10", 5, "registration", "==", "premium", "ふるさと住民 プレミアム登録"),
        _points("B11", 2, "registration", "==", "basic", "ふるさと住民 ベーシック登録"),
        _points("B12", 6, "group", "==", "alumni", "関係人口講座の修了者"),
    ),
    limits=residents.limits(Limits(trip_minutes=330, hazards_apart=("tsunami",), care_days_max=12)),
    funding=Funding(
        single_payers=("state",),
        own_budget_yen={
            "hakuba": 2_500_000,
            "nasu": 6_000_000,
            "obuse": 1_000_000,
            "shiojiri": 4_000_000,
            "tanabe": 4_500_000,
        },
    ),
    lottery=Lottery(
        per_past_loss=1,
        max_tickets=8,
        weights=(Weight(tickets=1, when=(Condition(field="preschool", op=">=", value=1),)),),
    ),
)


def flagship() -> Instance:
    """Build the flagship instance from facts and fixed seeds."""
    made, crowd, wish = Chance(SEED), Chance(SEED + 1), Chance(SEED + 2)
    houses = housing.with_owners(supply.houses(made))
    roles = supply.roles(made)
    found = people.families(crowd)
    rows: dict[str, Sequence[Row]] = {
        "regions": (*facts.regions(), offers.SAKU, *island.REGIONS),
        "places": (*facts.PLACES, offers.SAKUDAIRA, *residents.shops(), *island.PLACES),
        "periods": facts.periods(),
        "households": residents.households(found),
        "persons": residents.persons(found),
        "houses": [*houses, *island.HOUSES],
        "facilities": residents.facilities((*facts.SCHOOLS, *facts.NURSERIES, *facts.DESKS)),
        "seats": supply.seats(),
        "roles": residents.roles(roles),
        "supporters": supply.SUPPORTERS,
        "experiences": supply.EXPERIENCES,
        "choices": island.wishes(residents.wishes(people.wishes(wish, found, houses, roles), found, roles)),
        "priorities": people.priorities(found),
        "links": (
            *facts.TRUNK_LINKS,
            *offers.LINKS,
            *facts.CITY_LINKS,
            *facts.ROAD_LINKS,
            *supply.last_mile_links(made, houses),
            *island.LINKS,
        ),
        "products": (*offers.PRODUCTS, *island.PRODUCTS),
        "programmes": (*facts.PROGRAMMES, *programmes.overview_programmes()),
        "measures": supply.measures(made, houses),
        "quotas": (*supply.QUOTAS, *housing.RESERVED, *residents.SHARES),
        "use_history": people.history(wish, found, roles),
        "operators": (*facts.OPERATORS, *island.OPERATORS),
        "demand": (*offers.DEMAND, *island.DEMAND),
        "offers": supply.OFFERS,
        "needs": supply.NEEDS,
    }
    tables = {name: Table.from_rows(TABLES[name], listed) for name, listed in rows.items()}
    return Instance.from_tables(tables, RULES, name="flagship", note=NOTE)


def main(arguments: Sequence[str]) -> None:
    """Write the tables and rules into the folder; an argument names another one. Other files stay."""
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as workshop:
        write(flagship(), Path(workshop) / "flagship")
        for old in (*folder.glob("*.csv"), *folder.glob("*.toml")):
            old.unlink()
        for file in sorted((Path(workshop) / "flagship").iterdir()):
            shutil.copyfile(file, folder / file.name)


if __name__ == "__main__":
    main(sys.argv[1:])
