"""Rules that hold across columns and tables: one small function a rule, each listing what breaks it.

Every rule works on whole columns, passes over empty cells and unknown ids (other checks report
them), and names
the column that a person would correct.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import comb
from typing import Any

import numpy as np

from nichiiki_models.columns import NULL_INT, Array, ListColumn, is_in, is_null
from nichiiki_models.problems import Problem, of_rows
from nichiiki_models.rules import Rules
from nichiiki_models.table import Table
from nichiiki_models.tables import CARE_BANDS, LISTS, SCHOOL_GRADES

Tables = Mapping[str, Table[Any]]
Check = Callable[[Tables, Rules], Iterator[Problem]]

KIND_TABLES = {
    "house": "houses",
    "region": "regions",
    "facility": "facilities",
    "role": "roles",
    "supporter": "supporters",
    "experience": "experiences",
}
LIST_KINDS = {
    "stay": ("house", "region"),
    "school": ("facility", "region", "none"),
    "care": ("facility", "region", "none"),
    "desk": ("facility", "region", "none"),
    "role": ("role", "region", "none"),
    "supporter": ("supporter", "region", "none"),
    "experience": ("experience", "region", "none"),
}
LIST_FACILITIES = {"school": "school", "care": "nursery", "desk": "coworking"}
PERSONAL = ("school", "care", "desk", "role")
FACILITY_BANDS = {"school": SCHOOL_GRADES, "nursery": CARE_BANDS, "coworking": ("desk",)}
BAND_AGES = {"age0": (0, 1), "age1-2": (1, 3), "age3": (3, 4), "age4-5": (4, 6)} | {
    str(grade): (grade + 4, grade + 8) for grade in range(1, 10)
}
RANGES = (
    ("periods", "starts_on", "ends_on"),
    ("houses", "min_stay", "max_stay"),
    ("roles", "min_age", "max_age"),
    ("roles", "min_holders", "max_holders"),
    ("experiences", "min_places", "places"),
    ("products", "price_min_yen", "price_max_yen"),
    ("programmes", "valid_from", "valid_until"),
    ("quotas", "min", "max"),
)
PRODUCT_FIELDS = {
    "capped": ("cap_rides",),
    "percentage": ("percent_back",),
    "threshold": ("threshold_trips", "bonus_yen"),
}
PRICED = ("flat", "capped", "fixed_ride")
SCOPES = {"od": ("places", "regions"), "zone": ("regions",), "links": ("links",)}
PROGRAMMES_MAX = 6
"""Most programmes of a measure."""
END_TABLES = ("places", "regions", "houses", "facilities")


def _rows(
    code: str, table: str, mask: Array, column: str, values: Array | None = None, **fields: Any
) -> Iterator[Problem]:
    """Yield a problem for each row of a mask."""

    def one(row: int) -> Problem:
        value = None if values is None else str(values[row])
        return Problem(code=code, table=table, row=row, column=column, value=value, **fields)

    yield from of_rows(np.flatnonzero(mask), one)


def _null(table: Table[Any], column: str) -> Array:
    return is_null(table.specs[column].kind, table.columns[column])


def range_order(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a lower end is not above its upper end: days, stays, ages, holders, places, prices, quotas."""
    for name, low, high in RANGES:
        table = tables[name]
        wrong = ~_null(table, low) & ~_null(table, high) & (table[low] > table[high])
        for row in np.flatnonzero(wrong).tolist():
            params = {"low_column": low, "high": str(table[high][row])}
            yield Problem(
                code="range_reversed",
                table=name,
                row=row,
                column=high,
                value=params["high"],
                params={**params, "low": str(table[low][row])},
            )


def periods_apart(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: periods overlap only in different slots; ``all`` meets both others."""
    table = tables["periods"]
    dated = ~_null(table, "starts_on") & ~_null(table, "ends_on") & (table["slot"] != "")
    for slots in (("all", "weekday"), ("all", "weekend")):
        rows = np.flatnonzero(dated & np.isin(table["slot"], slots))
        rows = rows[np.argsort(table["starts_on"][rows], kind="stable")]
        ends = np.maximum.accumulate(table["ends_on"][rows].astype(np.int64)) if len(rows) else rows
        for place in np.flatnonzero(table["starts_on"][rows][1:].astype(np.int64) <= ends[:-1]).tolist():
            row = int(rows[place + 1])
            other = int(
                rows[: place + 1][
                    np.flatnonzero(table["ends_on"][rows[: place + 1]] >= table["starts_on"][row])[0]
                ]
            )
            if slots[1] == "weekday" or "weekend" in (table["slot"][row], table["slot"][other]):
                params = {"other_id": str(table["period_id"][other])}
                value = str(table["period_id"][row])
                yield Problem(
                    code="periods_overlap",
                    table="periods",
                    row=row,
                    column="starts_on",
                    value=value,
                    params=params,
                    other_row=other,
                )


def no_cycle(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: no region is, over others, part of itself."""
    table = tables["regions"]
    parent = table.find(table["part_of"])
    parent[table["part_of"] == ""] = -1
    reach = parent.copy()
    for _ in range(len(table).bit_length() + 1):
        # after k rounds every region looks 2^k regions up; only those above or in a cycle still see one
        reach = np.where(reach >= 0, reach[reach], -1)
    on_cycle = np.zeros(len(table), dtype=bool)
    if (reach >= 0).any():
        on_cycle[reach[reach >= 0]] = True
        for _ in range(len(table)):
            grown = on_cycle.copy()
            grown[parent[on_cycle]] = True
            if (grown == on_cycle).all():
                break
            on_cycle = grown
    yield from _rows("part_of_cycle", "regions", on_cycle, "part_of", table["part_of"])


def stay_length_given(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a household that wants consecutive or any periods says how many; a fixed one does not."""
    table = tables["households"]
    flexible = np.isin(table["stay_kind"], ("consecutive", "any"))
    null = _null(table, "stay_length")
    yield from _rows("stay_length_missing", "households", flexible & null, "stay_length")
    yield from _rows(
        "stay_length_unused",
        "households",
        (table["stay_kind"] == "fixed") & ~null,
        "stay_length",
        severity="warning",
    )


def window_long_enough(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: the window is long enough, and an ``any`` stay has not too many ways to lie in it."""
    table = tables["households"]
    window, length = _window(tables), table["stay_length"]
    flexible = np.isin(table["stay_kind"], ("consecutive", "any")) & (length != NULL_INT)
    short = flexible & (window < length)
    for row in np.flatnonzero(short).tolist():
        params = {"window": str(int(window[row]))}
        yield Problem(
            code="window_too_short",
            table="households",
            row=row,
            column="stay_length",
            value=str(length[row]),
            params=params,
        )
    wide = flexible & ~short & (table["stay_kind"] == "any")
    ways = {pair: comb(*pair) for pair in set(zip(window[wide].tolist(), length[wide].tolist(), strict=True))}
    most = rules.limits.any_patterns_max
    for row in np.flatnonzero(wide).tolist() if any(count > most for count in ways.values()) else ():
        pair = (int(window[row]), int(length[row]))
        if ways[pair] > most:
            params = {"window": str(pair[0]), "ways": _count(ways[pair]), "most": str(most)}
            yield Problem(
                code="too_many_patterns",
                table="households",
                row=row,
                column="stay_length",
                value=str(pair[1]),
                params=params,
            )


def _count(number: int) -> str:
    return str(number) if number < 10**9 else f"{number:.2e}" if number < 10**300 else "10^300"


def _window(tables: Tables) -> Array:
    wanted = tables["households"].lists("stay_periods").lengths
    return np.where(wanted > 0, wanted, int(tables["periods"]["open"].sum()))


def trips_in_hundredths(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: round trips are counted in hundredths."""
    trips = tables["households"]["round_trips"]
    hundredths = np.where(np.isfinite(trips), trips, 0.0) * 100
    yield from _rows(
        "too_fine", "households", np.abs(hundredths - np.round(hundredths)) > 1e-6, "round_trips", trips
    )


def stay_is_wished(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a household without a wish for a stay can get nothing, unless unlisted houses are accepted."""
    choices, table = tables["choices"], tables["households"]
    if not rules.lists.stay.accept_unlisted:
        wishing = choices["household_id"][choices["list"] == "stay"]
        lost = ~is_in(table["household_id"], wishing.tolist()) & (table["household_id"] != "")
        yield from _rows(
            "no_stay_wish", "households", lost, "household_id", table["household_id"], severity="warning"
        )


def homes_are_linked(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: where there is no link at all, nobody reaches a house outside the own region; said once."""
    table = tables["households"]
    home = table["home_region"]
    away = (home != "") & ~is_in(home, tables["houses"]["region_id"].tolist())
    if not len(tables["links"]) and len(tables["houses"]) and away.any():
        row = int(np.flatnonzero(away)[0])
        yield Problem(
            code="no_links",
            severity="warning",
            table="households",
            row=row,
            column="home_region",
            value=str(home[row]),
        )


def registration_dated(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a premium registration has a last day."""
    table = tables["households"]
    undated = (table["registration"] == "premium") & _null(table, "registration_valid_until")
    yield from _rows(
        "registration_undated", "households", undated, "registration_valid_until", severity="warning"
    )


def registrations_elsewhere(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: registrations are not at home, and not more than the rules allow."""
    table = tables["households"]
    others = table.lists("other_municipalities")
    home = np.zeros(len(table), dtype=bool)
    home[others.owners[others.values == table["home_region"][others.owners]]] = True
    yield from _rows("home_among_others", "households", home, "other_municipalities", table["home_region"])
    most = rules.limits.registrations_max
    yield from _rows(
        "too_many_registrations",
        "households",
        others.lengths > most,
        "other_municipalities",
        others.lengths,
        params={"most": str(most)},
    )


def plans_have_parts(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a row that is placed only with the other parts of its plan has such parts."""
    table = tables["households"]
    marked = table["all_bases"] & (table["family"] != "")
    names, count = np.unique(table["family"][marked], return_counts=True)
    alone = table["all_bases"] & ~is_in(table["family"], names[count > 1].tolist())
    yield from _rows(
        "plan_of_one_part", "households", alone, "all_bases", table["family"], severity="warning"
    )


def grade_fits_age(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a grade or age band is usual for the age."""
    table = tables["persons"]
    for band, (young, old) in BAND_AGES.items():
        odd = (
            (table["grade"] == band)
            & (table["age"] != NULL_INT)
            & ((table["age"] < young) | (table["age"] > old))
        )
        params = {"low": str(young), "high": str(old), "grade": band}
        yield from _rows(
            "grade_unlikely", "persons", odd, "grade", table["age"], severity="warning", params=params
        )


def seats_fit_facility(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a seat row has a band of its facility's kind; days and carers stand only where there is care."""
    seats = tables["seats"]
    kinds = _looked_up(tables["facilities"], seats["facility_id"], "kind")
    yield from _band_problems("seats", seats, kinds)
    idle = np.isin(kinds, ("school", "coworking")) & ~_null(seats, "days")
    yield from _rows("days_without_care", "seats", idle, "days", seats["days"])
    facilities = tables["facilities"]
    without = np.isin(facilities["kind"], ("school", "coworking")) & ~_null(facilities, "staff")
    yield from _rows("staff_without_care", "facilities", without, "staff", facilities["staff"])


def _band_problems(name: str, table: Table[Any], kinds: Array) -> Iterator[Problem]:
    for kind, bands in FACILITY_BANDS.items():
        wrong = (kinds == kind) & (table["band"] != "") & ~np.isin(table["band"], bands)
        params = {"kind": kind, "bands": " / ".join(bands)}
        yield from _rows("band_of_other_kind", name, wrong, "band", table["band"], params=params)


def _looked_up(table: Table[Any], ids: Array, column: str) -> Array:
    """Return a column of the rows that ids name; empty where there is none."""
    at = table.find(ids)
    if not len(table):
        return np.full(len(ids), "", dtype=np.str_)
    return np.where(at >= 0, table[column][at], "")


def links_join_two_points(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a link joins two different points, each of which is one thing only."""
    links = tables["links"]
    loops = (links["from_id"] == links["to_id"]) & (links["from_id"] != "")
    yield from _rows("link_to_itself", "links", loops, "to_id", links["to_id"])
    for column in ("from_id", "to_id"):
        found = sum(is_in(links[column], tables[name].ids).astype(np.int64) for name in END_TABLES)
        yield from _rows("ambiguous_id", "links", (found > 1) & (links[column] != ""), column, links[column])


def persons_of_wishes(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a wish for school, care, desk or role names a person of the household; others none."""
    table = tables["choices"]
    personal, named = np.isin(table["list"], PERSONAL), table["person_id"] != ""
    yield from _rows("person_missing", "choices", personal & ~named, "person_id")
    yield from _rows(
        "person_superfluous",
        "choices",
        ~personal & named & (table["list"] != ""),
        "person_id",
        table["person_id"],
    )
    for name in ("choices", "use_history", "previous"):
        yield from _foreign_persons(name, tables)


def _foreign_persons(name: str, tables: Tables) -> Iterator[Problem]:
    table = tables[name]
    household = _looked_up(tables["persons"], table["person_id"], "household_id")
    foreign = (household != "") & (table["household_id"] != "") & (household != table["household_id"])
    yield from _rows("person_of_other_household", name, foreign, "person_id", table["person_id"])


def kinds_of_wishes(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a list of wishes holds only its own kinds of targets, and facilities of its own kind."""
    table = tables["choices"]
    given = table["target_kind"] != ""
    for name, kinds in LIST_KINDS.items():
        wrong = (table["list"] == name) & given & ~np.isin(table["target_kind"], kinds)
        params = {"list": name, "kinds": " / ".join(kinds)}
        yield from _rows(
            "kind_not_for_list", "choices", wrong, "target_kind", table["target_kind"], params=params
        )
    kind = _looked_up(tables["facilities"], table["target_id"], "kind")
    for name, right in LIST_FACILITIES.items():
        wrong = (
            (table["list"] == name) & (table["target_kind"] == "facility") & (kind != "") & (kind != right)
        )
        params = {"list": name, "kind": right}
        yield from _rows(
            "facility_not_for_list", "choices", wrong, "target_id", table["target_id"], params=params
        )


def periods_of_wishes(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: only a wish for a stay has periods of its own."""
    table = tables["choices"]
    wrong = (table["list"] != "stay") & (table["list"] != "") & (table.lists("periods").lengths > 0)
    yield from _rows("periods_outside_stay", "choices", wrong, "periods")


def targets_of_their_kind(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: the target of a row is of the kind that the row says; kinds without a target have none."""
    none: dict[str, tuple[str, ...]] = {
        "choices": ("none",),
        "priorities": (),
        "measures": (),
        "locks": ("placed",),
        "quotas": ("all", "settlement", "employer"),
    }
    for name, without in none.items():
        table = tables[name]
        kind, target = table["target_kind"], table["target_id"]
        nothing = np.isin(kind, without) & ~np.isin(kind, ("settlement", "employer"))
        yield from _rows("target_superfluous", name, nothing & (target != ""), "target_id", target)
        if table.specs["target_id"].nullable:
            yield from _rows("target_missing", name, ~nothing & (kind != "") & (target == ""), "target_id")
        for word, of in KIND_TABLES.items():
            yield from _other_kind(name, tables, kind == word, (of,), word)


def _other_kind(
    name: str, tables: Tables, rows: Array, allowed: tuple[str, ...], word: str
) -> Iterator[Problem]:
    """Targets that are known, but in another table than the kind says."""
    table = tables[name]
    target = table["target_id"]
    candidates = np.flatnonzero(rows & (target != ""))
    for of in allowed:
        candidates = candidates[~is_in(target[candidates], tables[of].ids)]
    known = (
        frozenset().union(*(tables[of].ids for of in table.specs["target_id"].references))
        if len(candidates)
        else frozenset()
    )
    wrong = np.zeros(len(table), dtype=bool)
    wrong[candidates[is_in(target[candidates], known)]] = True
    yield from _rows(
        "target_of_other_kind",
        name,
        wrong,
        "target_id",
        target,
        params={"kind": word, "tables": " / ".join(allowed)},
    )


def history_of_its_kind(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: earlier stays, activities and the last allocation name targets of their kind."""
    use, previous = tables["use_history"], tables["previous"]
    yield from _other_kind("use_history", tables, use["kind"] == "stay", ("houses",), "stay")
    yield from _other_kind(
        "use_history", tables, use["kind"] == "activity", ("roles", "experiences"), "activity"
    )
    for name, kinds in LIST_KINDS.items():
        yield from _other_kind(
            "previous", tables, previous["item_kind"] == name, (KIND_TABLES[kinds[0]],), name
        )
    undated = (use["period_id"] == "") & _null(use, "on")
    yield from _rows("use_undated", "use_history", undated, "on")


def measures_name_bands(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a measure at a facility says which grade, band or desk it adds to; one elsewhere does not."""
    table = tables["measures"]
    at_facility, given = table["target_kind"] == "facility", table["band"] != ""
    yield from _rows("band_missing", "measures", at_facility & ~given, "band")
    superfluous = ~at_facility & given & (table["target_kind"] != "")
    yield from _rows("band_superfluous", "measures", superfluous, "band", table["band"])
    kinds = np.where(at_facility, _looked_up(tables["facilities"], table["target_id"], "kind"), "")
    yield from _band_problems("measures", table, kinds)


def measures_are_paid(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a measure names few programmes, as every choice of them is tried; own money is that of regions."""
    many = tables["measures"].lists("programmes").lengths
    params = {"most": str(PROGRAMMES_MAX)}
    yield from _rows(
        "too_many_programmes", "measures", many > PROGRAMMES_MAX, "programmes", many, params=params
    )
    for name in rules.funding.own_budget_yen:
        if name not in tables["regions"].ids:
            yield Problem(
                code="funding_region_unknown", table="rules", column="funding.own_budget_yen", value=name
            )


def products_are_complete(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a product has the fields of its kind, and a price or a range of them where its kind has one."""
    table = tables["products"]
    for kind, columns in PRODUCT_FIELDS.items():
        for column in columns:
            missing = (table["kind"] == kind) & _null(table, column)
            yield from _rows("field_missing", "products", missing, column, params={"kind": kind})
    ranged = ~_null(table, "price_min_yen") & ~_null(table, "price_max_yen")
    unpriced = np.isin(table["kind"], PRICED) & _null(table, "price_yen") & ~ranged
    yield from _rows("price_missing", "products", unpriced, "price_yen")


def scopes_fit(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a scope lists what its kind says: two ends, regions, or links."""
    table = tables["products"]
    scope = table.lists("scope")
    for kind, names in SCOPES.items():
        rows = table["scope_kind"] == kind
        wrong_count = rows & ((scope.lengths != 2) if kind == "od" else (scope.lengths == 0))
        yield from _rows(
            "scope_count", "products", wrong_count, "scope", scope.lengths, params={"kind": kind}
        )
        yield from _scope_kinds(scope, rows, kind, names, tables)


def _scope_kinds(
    scope: ListColumn, rows: Array, kind: str, names: tuple[str, ...], tables: Tables
) -> Iterator[Problem]:
    known = frozenset().union(*(tables[name].ids for name in names))
    anything = frozenset().union(*(tables[name].ids for allowed in SCOPES.values() for name in allowed))
    wrong = rows[scope.owners] & ~is_in(scope.values, known) & is_in(scope.values, anything)
    for entry in np.flatnonzero(wrong).tolist():
        params = {"kind": kind, "tables": " / ".join(names)}
        row = int(scope.owners[entry])
        yield Problem(
            code="target_of_other_kind",
            table="products",
            row=row,
            column="scope",
            value=str(scope.values[entry]),
            params=params,
        )


def quotas_bind(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a quota has a bound (a reserved one its minimum); its settlement has a house, its employer a role."""
    table = tables["quotas"]
    open_ended = _null(table, "min") & (_null(table, "max") | (table["kind"] == "reserved"))
    yield from _rows("quota_without_bound", "quotas", open_ended, "min")
    for kind, named in (
        ("settlement", tables["houses"]["settlement"]),
        ("employer", tables["roles"]["employer"]),
    ):
        known = frozenset(named.tolist()) - {""}
        asked = (table["target_kind"] == kind) & (table["target_id"] != "")
        unknown = asked & ~is_in(table["target_id"], known)
        yield from _rows(f"{kind}_unknown", "quotas", unknown, "target_id", table["target_id"])
    of_employer = (table["target_kind"] == "employer") & (table["kind"] == "reserved")
    yield from _rows("employer_reserved", "quotas", of_employer, "kind")


def locks_agree(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: a household has at most one house it must have, and none if it must never be placed."""
    table = tables["locks"]
    must = table["effect"] == "must"
    first: dict[str, int] = {}
    for row in np.flatnonzero(must & (table["target_kind"] == "house")).tolist():
        value, other = str(table["target_id"][row]), first.setdefault(str(table["household_id"][row]), row)
        if value != str(table["target_id"][other]):
            yield Problem(
                code="two_must_houses",
                table="locks",
                row=row,
                column="target_id",
                value=value,
                other_row=other,
            )
    barred = table["household_id"][(table["effect"] == "never") & (table["target_kind"] == "placed")]
    yield from _rows(
        "must_but_never_placed", "locks", must & is_in(table["household_id"], barred.tolist()), "effect"
    )


def rules_agree(tables: Tables, rules: Rules) -> Iterator[Problem]:
    """Check: names in the rules are unique; the order of lists names each list once."""
    ids = [row.rule_id for row in rules.points]
    names = [level.name for level in rules.objective.levels]
    named: tuple[tuple[list[str], str], ...] = (
        (ids, "points.rule_id"),
        (names, "objective.levels.name"),
        (list(rules.procedure.tie_order), "procedure.tie_order"),
    )
    for values, key in named:
        for value in sorted({value for value in values if values.count(value) > 1}):
            yield Problem(code="rule_name_twice", table="rules", column=key, value=value)
    if sorted(rules.lists.order) != sorted(LISTS):
        shown = ", ".join(rules.lists.order)
        yield Problem(
            code="list_order_incomplete",
            table="rules",
            column="lists.order",
            value=shown,
            params={"lists": ", ".join(LISTS)},
        )


CROSS_CHECKS: tuple[Check, ...] = (
    range_order,
    periods_apart,
    no_cycle,
    stay_length_given,
    window_long_enough,
    trips_in_hundredths,
    stay_is_wished,
    homes_are_linked,
    registration_dated,
    registrations_elsewhere,
    plans_have_parts,
    grade_fits_age,
    seats_fit_facility,
    links_join_two_points,
    persons_of_wishes,
    kinds_of_wishes,
    periods_of_wishes,
    targets_of_their_kind,
    history_of_its_kind,
    measures_name_bands,
    measures_are_paid,
    products_are_complete,
    scopes_fit,
    quotas_bind,
    locks_agree,
    rules_agree,
)
"""Every rule across columns and tables, in the order in which they are checked."""
