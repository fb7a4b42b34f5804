"""A link names one point only: an id of two tables is refused, whichever two they are."""

from itertools import combinations

import pytest

from nichiiki_models.errors import InstanceError
from nichiiki_models.instance import Instance
from nichiiki_models.table import Row, Table
from nichiiki_models.tables import TABLES, Facility, House, Link, Place, Region

REGION = Region(region_id="r", name="r", lat=35, lon=139)
POINTS: dict[str, Row] = {
    "regions": Region(region_id="x", name="x", lat=35, lon=139),
    "places": Place(place_id="x", region_id="r", name="x", kind="station", lat=35, lon=139),
    "houses": House(house_id="x", region_id="r", lat=35, lon=139, capacity_persons=2, rent_yen=1),
    "facilities": Facility(facility_id="x", region_id="r", kind="school", name="x", lat=35, lon=139),
}


@pytest.mark.parametrize("pair", list(combinations(POINTS, 2)))
@pytest.mark.parametrize("end", ["from_id", "to_id"])
def test_an_id_of_two_tables_is_refused(pair: tuple[str, str], end: str) -> None:
    ends = {"from_id": "r", "to_id": "r", end: "x"}
    link = Link.model_validate({"link_id": "l", "mode": "rail", "minutes": 9, "fare_yen": 1, **ends})
    rows: dict[str, list[Row]] = {"regions": [REGION], "links": [link]}
    for name in pair:
        rows.setdefault(name, []).append(POINTS[name])
    with pytest.raises(InstanceError) as refused:
        Instance.from_tables({name: Table.from_rows(TABLES[name], listed) for name, listed in rows.items()})
    found = [problem for problem in refused.value.problems if problem.code == "ambiguous_id"]
    assert [(problem.table, problem.column, problem.value) for problem in found] == [("links", end, "x")]
