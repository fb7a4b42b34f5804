import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from nichiiki_instances.generating import parameters as p
from nichiiki_instances.generating.drawing import (
    draw,
    draw_in_group,
    first_of_row,
    group_offsets,
    lists_of,
    runs_of,
    spread,
)
from nichiiki_instances.generating.municipalities import read_municipalities
from nichiiki_instances.generators import SIZES, generate
from nichiiki_models.errors import FileError, UsageError
from nichiiki_models.instance import Instance

ROOT = Path(__file__).resolve().parents[2]
HEADER = "code6,name,pref_code,lat,lon,pop_2020,n_emg_tsunami,nearest_station"
TOWNS = [
    "271004,大阪市,27,34.69389,135.50222,2754742,2027,大江橋",
    "302066,田辺市,30,33.72806,135.37778,69906,45,紀伊田辺",
    "304018,白浜町,30,33.67806,135.34806,,0,白浜",
    "303917,みなべ町,30,33.7725,135.32056,11818,0,",
]


def a_table(folder: Path, *lines: str) -> Path:
    file = folder / "towns.csv"
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8-sig")
    return file


@pytest.fixture(scope="module")
def large() -> Instance:
    return generate(households=20_000, seed=7)


def test_same_seed_same_hash() -> None:
    assert generate(households=50, seed=3).hash == generate(households=50, seed=3).hash


def test_other_seed_other_hash() -> None:
    assert generate(households=50, seed=3).hash != generate(households=50, seed=4).hash


@pytest.mark.parametrize("seed", range(40))
def test_valid_for_many_seeds(seed: int) -> None:
    """An Instance checks itself, so making it is the test; the sizes vary with the seed."""
    instance = generate(households=1 + 13 * seed, seed=seed, periods=1 + seed % 12)
    assert len(instance.households) == 1 + 13 * seed
    wishing = np.unique(instance.choices["household_id"][instance.choices["list"] == "stay"])
    assert len(wishing) == len(instance.households)


@pytest.mark.parametrize("name", ["S", "M"])
def test_sizes(name: str) -> None:
    size = SIZES[name]
    instance = generate(households=size.households, houses=size.houses, hosts=size.hosts, seed=1)
    assert (len(instance.households), len(instance.houses)) == (size.households, size.houses)
    assert len(np.unique(instance.houses["region_id"])) == size.hosts


@pytest.mark.parametrize("shares", [x for x in p.PARAMETERS if isinstance(x, p.Shares)], ids=lambda x: x.name)
def test_shares_are_drawn_as_written(shares: p.Shares) -> None:
    drawn = draw(np.random.default_rng(1), shares, 100_000)
    for value, share in zip(shares.values, shares.shares, strict=True):
        assert abs(np.mean(drawn == value) - share / sum(shares.shares)) < 0.01


@pytest.mark.parametrize(
    "curve", [x for x in p.PARAMETERS if isinstance(x, p.Lognormal)], ids=lambda x: x.name
)
def test_lognormals_are_drawn_as_written(curve: p.Lognormal) -> None:
    drawn = spread(np.random.default_rng(1), curve, 100_000)
    assert drawn.min() >= curve.low - curve.step
    assert drawn.max() <= curve.high
    assert abs(np.median(drawn) / curve.median - 1) < max(0.06, curve.step / curve.median)
    assert 0.85 < np.mean(drawn <= curve.under_90) < 0.95


def test_households_follow_the_table(large: Instance) -> None:
    sizes = np.bincount(large.households.find(large.persons["household_id"]))
    for value, share in zip(p.HOUSEHOLD_SIZE.values, p.HOUSEHOLD_SIZE.shares, strict=True):
        assert abs(np.mean(sizes == value) - share / 100) < 0.015
    assert abs(np.mean(large.households["car"]) - p.CAR.value) < 0.015
    assert abs(np.mean(large.households["income_class"] <= 4) - 0.5) < 0.02
    assert abs(np.mean(large.households.lists("groups").holds("children")) - 0.4) < 0.015


def test_families_and_every_list_are_present(large: Instance) -> None:
    assert set(large.choices["list"].tolist()) == {"stay", "school", "care", "desk", "role", "experience"}
    assert np.mean(large.households["siblings"] == "together") > 0.01
    assert {"fixed", "consecutive", "any"} == set(large.households["stay_kind"].tolist())


def test_wishes_are_ranked_without_gaps_and_at_most_five(large: Instance) -> None:
    stay = large.choices["list"] == "stay"
    owner = large.households.find(large.choices["household_id"][stay])
    rank = large.choices["rank"][stay]
    count = np.bincount(owner)
    assert count.max() == int(p.STAY_WISHES.value)
    assert np.array_equal(np.bincount(owner, weights=rank), count * (count + 1) / 2)


def test_near_places_are_wished_more(large: Instance) -> None:
    """Osaka wishes for Tanabe first, Tokyo hardly."""
    tanabe = np.isin(
        large.choices["target_id"], large.houses["house_id"][large.houses["region_id"] == "R302066"]
    )
    home = large.households["home_region"][large.households.find(large.choices["household_id"])]
    stay = large.choices["list"] == "stay"
    assert tanabe[stay & (home == "R271004")].mean() > 3 * tanabe[stay & (home == "Rtokyo23")].mean()


def test_reads_a_table_of_municipalities(tmp_path: Path) -> None:
    file = a_table(tmp_path, *TOWNS)
    instance = generate(households=40, seed=1, municipalities=file)
    assert set(instance.houses["region_id"].tolist()) == {"R302066", "R303917"}
    assert set(instance.households["home_region"].tolist()) == {"R271004"}
    towns = read_municipalities(file)
    assert towns.population[2] == 0
    assert towns.station[3] == "みなべ町"


def test_refuses_a_table_it_cannot_use(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="The columns code6"):
        (tmp_path / "a.csv").write_text("x\n1\n", encoding="utf-8")
        read_municipalities(tmp_path / "a.csv")
    with pytest.raises(FileError, match='line 2, column "lat": "north" is not a number'):
        read_municipalities(a_table(tmp_path, "302066,田辺市,30,north,135.3,69906,45,"))
    with pytest.raises(FileError, match="The file does not exist"):
        read_municipalities(tmp_path / "missing.csv")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"households": 0, "seed": 1}, "households: 0 is too small. Allowed: A whole number, 1 or more"),
        ({"households": 5, "seed": -1}, "seed: -1 is too small"),
        ({"households": 5, "seed": 1, "periods": 0}, "periods: 0 is too small"),
        ({"households": 5, "seed": 1, "hosts": 6}, "hosts: 6 hosts cannot be chosen. Allowed: 1 to 5"),
        ({"households": 5, "seed": 1, "hosts": 3, "houses": 2}, "more than there are houses or roles"),
    ],
)
def test_refuses_numbers_out_of_range(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        generate(**arguments)  # type: ignore[arg-type]  # the dict mixes names


def test_page_lists_every_parameter() -> None:
    page = (ROOT / "docs" / "reference" / "generator.md").read_text(encoding="utf-8")
    assert page.split("| --- | --- | --- | --- |\n")[1].splitlines() == p.table_lines()
    assert all("assumption" in x.source or re.search(r"\d{4}", x.source) for x in p.PARAMETERS)


def test_real_municipalities() -> None:
    given = os.environ.get("NICHIIKI_SHARED_DATA", str(ROOT.parent / "shared" / "data"))
    file = Path(given) / "municipalities.csv"
    if not file.is_file():
        pytest.skip(f"reference data not found: {file}")
    instance = generate(households=2_000, seed=1, houses=700, hosts=77, municipalities=file)
    assert len(np.unique(instance.houses["region_id"])) == 77
    assert len(json.dumps(instance.note)) > 2


def test_draw_in_group_stays_in_its_group() -> None:
    groups = np.array([0, 0, 1, 2, 2, 2])
    offsets = group_offsets(groups, 3)
    drawn = draw_in_group(np.random.default_rng(0), np.ones(6), offsets, np.repeat([[0, 1, 2]], 500, axis=0))
    assert np.array_equal(groups[drawn], np.repeat([[0, 1, 2]], 500, axis=0))
    assert len(np.unique(drawn)) == 6


def test_lists() -> None:
    names = np.array(["a", "b", "c"])
    assert list(lists_of(np.array([[True, False, True], [False] * 3]), names)) == [("a", "c"), ()]
    assert list(runs_of(np.array([1, 0]), np.array([2, 0]), names)) == [("b", "c"), ()]
    assert first_of_row(np.array([[3, 1, 3, 1]])).tolist() == [[True, True, False, False]]
