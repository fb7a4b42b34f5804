import csv
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import make_flagship
from nichiiki_instances.bundled import bundled_names, load
from nichiiki_instances.generating.geography import distance_km
from nichiiki_models.checks import find_problems
from nichiiki_models.errors import UsageError
from nichiiki_models.instance import Instance

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = Path(os.environ.get("NICHIIKI_SHARED_DATA", str(ROOT.parent / "shared" / "data")))


@pytest.fixture(scope="module")
def flagship() -> Instance:
    return load("flagship")


def reference(name: str) -> list[dict[str, str]]:
    file = REFERENCE / name
    if not file.is_file():
        pytest.skip(f"reference data not found: {file} (set NICHIIKI_SHARED_DATA)")
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def km(one: tuple[float, float], row: dict[str, str]) -> float:
    ends = (np.array(value) for value in (*one, float(row["lat"]), float(row["lon"])))
    return float(distance_km(*ends))


def test_names() -> None:
    assert "flagship" in bundled_names()
    with pytest.raises(UsageError, match="no bundled instance is called 'flagshop'; there are: flagship"):
        load("flagshop")


def test_has_no_warnings(flagship: Instance) -> None:
    assert find_problems(flagship.tables, flagship.rules) == []


def test_tool_makes_the_same_bytes(tmp_path: Path) -> None:
    make_flagship.main([str(tmp_path)])
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    kept = {file.name: file.read_bytes() for file in make_flagship.FOLDER.iterdir() if file.suffix != ".md"}
    assert made.keys() == kept.keys()
    assert [name for name in made if made[name] != kept[name]] == []


def test_counts(flagship: Instance) -> None:
    assert Counter(flagship.households["home_region"].tolist()) == {
        "tokyo23": 150,
        "osaka": 70,
        "yokohama": 9,
        "saitama": 6,
        "kobe": 5,
    }
    regions = Counter(flagship.houses["region_id"].tolist())
    assert regions == {"nasu": 20, "shiojiri": 12, "hakuba": 12, "obuse": 6, "tanabe": 10, "sado": 2}
    tanabe = flagship.houses["region_id"] == "tanabe"
    assert (flagship.houses["kind"][tanabe] == "trial").sum() == 8
    assert len(np.unique(flagship.houses["settlement"][flagship.houses["region_id"] == "hakuba"])) == 2
    assert (len(flagship.roles), len(flagship.supporters), len(flagship.products)) == (90, 4, 13)
    kinds = Counter(flagship.facilities["kind"].tolist())
    assert kinds == {"school": 14, "nursery": 6, "coworking": 5}
    assert (flagship.households["siblings"] == "together").sum() == 12
    assert (flagship.households["registration"] == "premium").sum() == 30
    assert len(flagship.periods) == 12
    assert len(flagship.locks) == 0


def test_ten_houses_wait_for_a_renovation_of_three_to_eight_million(flagship: Instance) -> None:
    waiting = flagship.houses["house_id"][~flagship.houses["ready"]]
    renovation = flagship.measures["target_kind"] == "house"
    assert sorted(flagship.measures["target_id"][renovation].tolist()) == sorted(waiting.tolist())
    assert len(waiting) == 10
    cost = flagship.measures["cost_yen"][renovation]
    assert 3_000_000 <= cost.min() <= cost.max() <= 8_000_000


def test_seats_are_two_a_grade_and_three_places_a_nursery(flagship: Instance) -> None:
    kind = flagship.facilities["kind"][flagship.facilities.find(flagship.seats["facility_id"])]
    always = flagship.seats["period_id"] == "all"
    assert set(flagship.seats["seats"][always & (kind == "school")].tolist()) == {2}
    nursery = kind == "nursery"
    places = Counter[str]()
    for facility, seats in zip(
        flagship.seats["facility_id"][nursery], flagship.seats["seats"][nursery], strict=True
    ):
        places[str(facility)] += int(seats)
    assert set(places.values()) == {3}


def test_premium_registrations_rest_on_three_activities(flagship: Instance) -> None:
    premium = flagship.households["household_id"][flagship.households["registration"] == "premium"]
    uses = Counter(flagship.use_history["household_id"].tolist())
    assert set(uses) == set(premium.tolist())
    assert min(uses.values()) >= 3


def test_wishes_keep_bundles_few(flagship: Instance) -> None:
    choices = flagship.choices
    role = choices["list"] == "role"
    assert max(Counter(choices["person_id"][role].tolist()).values()) <= 4
    school = (choices["list"] == "school") & (choices["target_kind"] != "none")
    assert max(Counter(choices["person_id"][school].tolist()).values()) <= 3
    sliding = flagship.households["stay_kind"] == "consecutive"
    starts = flagship.households.lists("stay_periods").lengths - flagship.households["stay_length"] + 1
    assert starts[sliding].max() <= 6


def test_codes_and_positions_are_those_of_the_reference(flagship: Instance) -> None:
    known = {row["code6"]: row for row in reference("municipalities.csv")}
    for region in flagship.regions.rows():
        if region.municipality_code is not None:
            fact = known[region.municipality_code]
            assert (region.name, km((region.lat, region.lon), fact) < 1) == (fact["name"], True)


def test_hazards_are_those_of_the_emergency_sites(flagship: Instance) -> None:
    known = {row["code6"]: row for row in reference("municipalities.csv")}
    for region in flagship.regions.rows():
        if region.municipality_code in known and region.hazards:
            row = known[region.municipality_code]
            assert set(region.hazards) == {
                key[6:] for key in row if key.startswith("n_emg_") and int(row[key])
            }


def test_stations_airports_and_schools_are_where_they_are(flagship: Instance) -> None:
    stations = reference("stations.csv")
    for place in flagship.places.rows():
        if place.kind == "station":
            same = [row for row in stations if row["name"] == place.name.removesuffix("駅")]
            assert min(km((place.lat, place.lon), row) for row in same) < 1, place.name
    airports = {row["iata"]: row for row in reference("airports.csv")}
    for place_id, code in (("ap-haneda", "HND"), ("ap-shirahama", "SHM")):
        place = flagship.places.row(int(flagship.places.find(np.array([place_id]))[0]))
        assert km((place.lat, place.lon), airports[code]) < 1


def test_schools_are_in_the_reference_unless_marked(flagship: Instance) -> None:
    codes = dict(
        zip(
            flagship.regions["region_id"].tolist(),
            flagship.regions["municipality_code"].tolist(),
            strict=True,
        )
    )
    sites = {(row["code6"], row["name"]): row for row in reference("schools_from_shelters.csv")}
    for school in flagship.facilities.rows():
        if school.kind == "school" and "仮" not in school.name:
            assert km((school.lat, school.lon), sites[codes[school.region_id], school.name]) < 1


def test_fares_are_those_of_the_corridors(flagship: Instance) -> None:
    facts = {row["corridor_id"]: row for row in reference("corridors.csv")}
    typed = {
        "tk-nasu": "C013",
        "tk-nagano": "C005",
        "sj-shiojiri": "C027",
        "sj-hakuba": "C030",
        "so-tanabe": "C033",
        "tk-niigata": "C021",
    }
    for link_id, corridor in typed.items():
        link = flagship.links.row(int(flagship.links.find(np.array([link_id]))[0]))
        assert link.fare_yen == int(facts[corridor]["total_oneway_jpy"])


def test_every_file_has_its_sources() -> None:
    page = (make_flagship.FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    for file in make_flagship.FOLDER.glob("*.csv"):
        assert file.stem in page
