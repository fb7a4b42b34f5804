"""Make the bundled instance ``platform``: ``python tools/make_platform.py [FOLDER]`` writes the same bytes every time.

Towns are facts (localgovjp, 2026-07-09, CC0); members, needs, offers and their wishes are synthetic and stand for nobody.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nichiiki_instances import write
from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules
from nichiiki_models.table import Table
from nichiiki_models.tables import Need, Offer, Region

FOLDER = Path(__file__).resolve().parents[1] / "instances" / "nichiiki_instances" / "data" / "platform"
NOTE = "A small platform: needs of thirteen towns and a prefecture, offers of companies. Only the towns are real; see SOURCES.md."
RULES = Rules(rules_id="platform-2026", version="2026-04-01", source="仮: 双方の希望順を点に直す")

TOWNS: tuple[tuple[str, str, str, float, float, str], ...] = (
    ("nagano-pref", "長野県", "200000", 36.651289, 138.181224, ""),
    ("nasu", "那須町", "094072", 37.01972, 140.12111, ""),
    ("shiojiri", "塩尻市", "202151", 36.115, 137.95361, "nagano-pref"),
    ("hakuba", "白馬村", "204854", 36.69833, 137.86222, "nagano-pref"),
    ("obuse", "小布施町", "205419", 36.69778, 138.31222, "nagano-pref"),
    ("saku", "佐久市", "202177", 36.24889, 138.47694, "nagano-pref"),
    ("chino", "茅野市", "202142", 35.99556, 138.15889, "nagano-pref"),
    ("iida", "飯田市", "202053", 35.51472, 137.82194, "nagano-pref"),
    ("tanabe", "田辺市", "302066", 33.72806, 135.37778, ""),
    ("sasayama", "丹波篠山市", "282219", 35.07583, 135.21917, ""),
    ("ishinomaki", "石巻市", "042021", 38.43417, 141.30278, ""),
    ("sado", "佐渡市", "152242", 38.01806, 138.36833, ""),
    ("assabu", "厚沢部町", "013633", 41.92095, 140.22536, ""),
    ("miyoshi", "三好市", "362085", 34.02583, 133.80722, ""),
)

# town and field, most partners, offers in order (none: any that fits)
NEEDS: tuple[tuple[str, str, int, str], ...] = (
    ("nasu", "transport", 2, "rail-east share-car bus-demand"),
    ("shiojiri", "transport", 1, "rail-east bus-demand"),
    ("hakuba", "transport", 2, "share-car bus-demand rail-east"),
    ("tanabe", "transport", 2, "air-south rail-west share-car"),
    ("sado", "transport", 1, "ferry-card air-south"),
    ("sasayama", "transport", 1, "share-car rail-west"),
    ("nasu", "housing", 2, "sub-homes inn-reuse bank-web"),
    ("hakuba", "housing", 1, "inn-reuse"),
    ("chino", "housing", 1, "sub-homes bank-web"),
    ("tanabe", "housing", 2, "bank-web inn-reuse sub-homes"),
    ("miyoshi", "housing", 1, ""),
    ("ishinomaki", "housing", 1, "bank-web sub-homes"),
    ("hakuba", "work", 2, "season-jobs side-jobs"),
    ("obuse", "work", 1, "side-jobs season-jobs"),
    ("iida", "work", 1, "season-jobs"),
    ("tanabe", "work", 1, "season-jobs side-jobs"),
    ("saku", "work", 2, "side-jobs office-build"),
    ("nagano-pref", "matching", 1, "match-web"),
    ("nasu", "matching", 1, "match-web match-local"),
    ("tanabe", "matching", 1, "match-local match-web"),
    ("obuse", "matching", 1, ""),
    ("assabu", "school", 1, "child-stay"),
    ("saku", "school", 1, "child-stay dual-school"),
    ("miyoshi", "school", 1, "dual-school child-stay"),
    ("chino", "school", 1, ""),
)

# offer, field, region, most partners, towns in order (none: any that fits)
OFFERS: tuple[tuple[str, str, str, int, str], ...] = (
    ("rail-east", "transport", "", 2, "shiojiri hakuba nasu"),
    ("rail-west", "transport", "", 1, "tanabe sasayama"),
    ("air-south", "transport", "tanabe", 1, ""),
    ("ferry-card", "transport", "sado", 1, ""),
    ("share-car", "transport", "", 3, "hakuba nasu sasayama tanabe"),
    ("bus-demand", "transport", "nagano-pref", 1, "hakuba shiojiri"),
    ("sub-homes", "housing", "", 2, "tanabe nasu chino ishinomaki"),
    ("inn-reuse", "housing", "", 1, "tanabe hakuba nasu"),
    ("bank-web", "housing", "", 3, "ishinomaki tanabe nasu chino"),
    ("side-jobs", "work", "", 2, "hakuba saku obuse tanabe"),
    ("season-jobs", "work", "", 2, "iida tanabe hakuba obuse"),
    ("office-build", "work", "nagano-pref", 1, ""),
    ("match-web", "matching", "", 2, "tanabe nagano-pref nasu obuse"),
    ("match-local", "matching", "", 1, "nasu tanabe"),
    ("child-stay", "school", "", 2, "assabu saku miyoshi"),
    ("dual-school", "school", "miyoshi", 1, ""),
)


def platform() -> Instance:
    """Build the instance."""
    regions = [
        Region(
            region_id=key,
            name=name,
            municipality_code=code,
            lat=lat,
            lon=lon,
            part_of=part or None,
            platform_member=True,
        )
        for key, name, code, lat, lon, part in TOWNS
    ]
    needs = [
        Need(
            need_id=f"{town}-{field}",
            member=town,
            field=field,
            region_id=town,
            capacity=most,
            ranked=tuple(wishes.split()),
        )
        for town, field, most, wishes in NEEDS
    ]
    offers = [
        Offer(
            offer_id=key,
            member=f"m-{key}",
            field=field,
            region_id=region or None,
            capacity=most,
            ranked=tuple(f"{town}-{field}" for town in wishes.split()),
        )
        for key, field, region, most, wishes in OFFERS
    ]
    tables: dict[str, Table[Any]] = {
        "regions": Table.from_rows(Region, regions),
        "needs": Table.from_rows(Need, needs),
        "offers": Table.from_rows(Offer, offers),
    }
    return Instance.from_tables(tables, RULES, name="platform", note=NOTE)


def main(arguments: Sequence[str]) -> None:
    """Write the tables and rules into the folder; an argument names another one. Other files stay."""
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as workshop:
        write(platform(), Path(workshop) / "platform")
        for file in sorted((Path(workshop) / "platform").iterdir()):
            shutil.copyfile(file, folder / file.name)


if __name__ == "__main__":
    main(sys.argv[1:])
