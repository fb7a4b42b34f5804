"""Check a tariff against the instance and its own claims, independently of what chose the prices.

Ways are followed link by link, travellers listed anew, payments and choices computed anew, and every sum, limit and claim
compared. Rules: docs/explanation/tariffs.md.
"""

from __future__ import annotations

from collections import defaultdict
from math import inf

import numpy as np

from nichiiki_models.allocation import Allocation, Status, Violation
from nichiiki_models.columns import Array
from nichiiki_models.hashing import content_hash
from nichiiki_models.instance import Instance
from nichiiki_models.rules import DemandRule
from nichiiki_models.tables import Product
from nichiiki_models.tariff import Figures, TariffResult
from nichiiki_solver.verify.arrays import NO_ROW
from nichiiki_solver.verify.fares import Key, Sums, WayBook, check_covers, key_of
from nichiiki_solver.verify.findings import ONCE, Findings
from nichiiki_solver.verify.takers import Party, Takers, choose, months, null, parties_of, pay, takers_of

SLACK = 1
"""Stated sums are rounded to whole yen once."""


def verify_tariff(
    instance: Instance, tariff: TariffResult, allocation: Allocation | None = None
) -> list[Violation]:
    """List what a tariff breaks of the rules and of its own claims; empty if all is kept.

    Parameters
    ----------
    instance
        What was priced.
    tariff
        The answer.
    allocation
        The allocation whose households travel, if there was one.
    """
    findings = Findings()
    if not _same(instance, tariff, allocation, findings):
        return findings.sorted()
    _check_claims(tariff, findings)
    if not tariff.ways:
        return findings.sorted()
    _check_prices(instance, tariff, findings)
    if findings.sorted():
        return findings.sorted()
    book = WayBook(instance, {p.product_id: frozenset(p.covers) for p in tariff.products})
    check_covers(book, tariff, findings)
    sums = _follow(book, tariff, findings)
    parties = parties_of(instance, allocation)
    takers = takers_of(book, tariff, parties, sums)
    choose(instance, tariff, takers)
    _check_reach(book, tariff, parties, sums, findings)
    if not findings.sorted():
        _check_sums(instance, tariff, takers, findings)
        _check_limits(instance, tariff, takers, findings)
        _check_seats(instance, tariff, takers, findings)
    return findings.sorted()


def _same(
    instance: Instance, tariff: TariffResult, allocation: Allocation | None, findings: Findings
) -> bool:
    if tariff.instance_hash != instance.hash:
        findings.add("tariff_instance", ONCE, "", value=tariff.instance_hash, limit=instance.hash)
        return False
    own = None if allocation is None else content_hash({"stays": allocation.stays}, DemandRule())
    if own != tariff.allocation_hash:
        findings.add("tariff_allocation", ONCE, "", value=str(tariff.allocation_hash), limit=str(own))
    return own == tariff.allocation_hash


def _check_claims(tariff: TariffResult, findings: Findings) -> None:
    """Check that no bound is below its objective, and that OPTIMAL means proven."""
    for level in tariff.levels:
        if level.bound is not None and level.objective is not None and level.bound < level.objective:
            findings.add("tariff_bound", ONCE, level.name, value=level.objective, limit=level.bound)
    leading = next((x for x in tariff.levels if not x.proven), tariff.levels[0] if tariff.levels else None)
    if leading is not None and (tariff.objective, tariff.bound) != (leading.objective, leading.bound):
        findings.add(
            "tariff_claim", ONCE, "objective", value=str(tariff.objective), limit=str(leading.objective)
        )
    proven = bool(tariff.levels) and all(level.proven for level in tariff.levels)
    if tariff.status is Status.OPTIMAL and not proven:
        findings.add("tariff_claim", ONCE, "status", value="OPTIMAL", limit="FEASIBLE")


def _check_prices(instance: Instance, tariff: TariffResult, findings: Findings) -> None:
    """Check that every product is there once, at its given price or at one of its grid."""
    ids = instance.products["product_id"].tolist()
    names = [product.product_id for product in tariff.products]
    if names != ids:
        findings.add("tariff_products", ONCE, " ".join(sorted(set(names) ^ set(ids))))
        return
    for product, row in zip(tariff.products, instance.products.rows(), strict=True):
        low, high = row.price_min_yen, row.price_max_yen
        ranged = row.price_yen is None and low is not None and high is not None
        asked = product.price_yen
        right = asked == (row.price_yen or 0) and product.offered
        if ranged and low is not None and high is not None:
            on_grid = asked is None or (low <= asked <= high and asked % row.step_yen == 0)
            right = on_grid and product.offered == (asked is not None)
        if not right or product.decided != ranged:
            findings.add("tariff_price", ONCE, product.product_id, value=str(asked))
    _check_ratios(instance, tariff, findings)


def _check_ratios(instance: Instance, tariff: TariffResult, findings: Findings) -> None:
    """Check that prices tied to another one are the nearest multiples of their step."""
    step = {row.product_id: row.step_yen for row in instance.products.rows()}
    for name, (other, percent) in tariff.settings.get("price_ratios", {}).items():
        price, base = tariff.prices[name], tariff.prices[other]
        wrong = (price is None) != (base is None)
        if price is not None and base is not None:
            off = 100 * price - percent * base
            wrong = not -100 * step[name] < 2 * off <= 100 * step[name] or price % step[name] != 0
        if wrong:
            findings.add("tariff_ratio", ONCE, name, value=str(price), limit=f"{percent} % {other} {base}")


def _follow(book: WayBook, tariff: TariffResult, findings: Findings) -> dict[tuple[Key, str], Sums]:
    found: dict[tuple[Key, str], Sums] = {}
    for way in tariff.ways:
        where = (way.from_id, way.to_id, way.period_id, way.product_id or "")
        sums = book.follow(way)
        if sums is None:
            findings.add("tariff_way", ONCE, *where)
        elif not book.is_best(way):
            findings.add("tariff_best_way", ONCE, *where)
        else:
            found[key_of(way), way.product_id or ""] = sums
    return found


def _check_reach(
    book: WayBook,
    tariff: TariffResult,
    parties: list[Party],
    sums: dict[tuple[Key, str], Sums],
    findings: Findings,
) -> None:
    """Check that whoever has no way stated has none, and that each product's way is stated wherever it helps."""
    lost = [party for party in parties if (party.key, "") not in sums]
    for key in sorted({party.key for party in lost}):
        if book.has_way(key):
            findings.add("tariff_way_missing", ONCE, *key[:3])
    without = sum(party.mass * (party.adults + party.children) for party in lost)
    _compare(findings, "unreachable", tariff.unreachable, without)
    for product in tariff.products:
        for key in sorted(
            {p.key for p in parties if (p.key, "") in sums and (p.key, product.product_id) not in sums}
        ):
            if book.would_use(key, product.product_id) and _may(book, key, product.product_id, parties):
                findings.add("tariff_way_missing", ONCE, *key[:3], product.product_id)


def _may(book: WayBook, key: Key, product: str, parties: list[Party]) -> bool:
    """Whether somebody with this trip may buy the product then."""
    table = book.instance.products
    row = table["product_id"].tolist().index(product)
    entitled = frozenset(table.lists("eligible")[row])
    if key[2] in frozenset(table.lists("blackout_periods")[row]):
        return False
    return any(p.key == key and (not entitled or p.registration in entitled) for p in parties)


def _compare(findings: Findings, name: str, stated: int | None, own: float, slack: int = SLACK) -> None:
    if stated is None or abs(stated - own) > slack:
        findings.add("tariff_claim", ONCE, name, value=str(stated), limit=str(round(own)))


class _Cells:
    """Every figure for each alternative and party; thousandths."""

    def __init__(self, instance: Instance, tariff: TariffResult, takers: Takers) -> None:
        self.takers, self.tariff = takers, tariff
        rule = instance.rules.demand
        self.buys = np.arange(len(takers.taken))[:, None] > 0
        self.admin = rule.admin_yen * takers.full // 1000
        base, trips, mass = takers.trips[0], takers.trips, takers.taken
        people, before = mass * takers.heads, base > 0
        product = takers.paid - takers.left * trips
        self.cells = {
            "buyers": people * self.buys,
            "riders": people * (trips > 0),
            "priced_out": people * ((trips == 0) & (takers.first > takers.cost[0]) & (takers.most > 0)),
            "trips_existing": people * np.minimum(trips, base),
            "trips_induced": people * np.where(before, np.maximum(trips - base, 0), 0),
            "trips_new": people * np.where(before, 0, trips),
            "trips_lost": people * np.maximum(base - trips, 0),
            "paid_yen": mass * takers.paid,
            "product_yen": mass * product,
            "cost_yen": mass * takers.cost * trips,
            "product_cost_yen": mass * takers.cover_cost * trips,
            "admin_yen": mass * self.admin * self.buys,
            "cannibalised_yen": mass * takers.paid[0] * self.buys,
            "gift_yen": mass * self._gift(instance),
            "need_yen": mass * self._need(product),
            "surplus_yen": mass * takers.worth,
        }

    def _gift(self, instance: Instance) -> Array:
        takers, base = self.takers, self.takers.trips[0]
        ids = instance.products["product_id"].tolist()
        saved = np.zeros(takers.taken.shape, dtype=np.int64)
        for k, product in enumerate(self.tariff.products, start=1):
            paid = pay(instance, takers, k, ids.index(product.product_id), product.price_yen or 0, base)
            saved[k] = np.where(base > 0, np.maximum(takers.paid[0] - paid, 0), 0)
        return saved

    def _need(self, product: Array) -> Array:
        takers = self.takers
        if self.tariff.baseline == "cost":
            need = takers.cover_cost * takers.trips + self.admin - product
        else:
            margin = takers.paid[0] - takers.cost[0] * takers.trips[0]
            need = margin - (takers.paid - takers.cost * takers.trips - self.admin)
        return np.asarray(need * self.buys)

    def compare(
        self, findings: Findings, name: str, stated: Figures, alternatives: Array, parties: Array
    ) -> None:
        """Compare stated figures with their own sums over some alternatives and parties."""
        for figure, cells in self.cells.items():
            own = float(cells[alternatives][:, parties].sum())
            _compare(
                findings,
                f"{name} {figure}",
                getattr(stated, figure),
                own / 1000 if figure.endswith("_yen") else own,
            )


def _check_sums(instance: Instance, tariff: TariffResult, takers: Takers, findings: Findings) -> None:
    cells = _Cells(instance, tariff, takers)
    everyone, all_ = np.arange(len(takers.parties)), np.arange(len(takers.taken))
    cells.compare(findings, "total", tariff.total, all_, everyone)
    for k, product in enumerate(tariff.products, start=1):
        cells.compare(findings, product.product_id, product.figures, np.array([k]), everyone)
    pairs = defaultdict(list)
    for at, party in enumerate(takers.parties):
        pairs[party.key[:2]].append(at)
    for od in tariff.ods:
        cells.compare(
            findings,
            f"{od.from_id} {od.to_id}",
            od.figures,
            all_,
            np.array(pairs[od.from_id, od.to_id], dtype=np.int64),
        )
    _check_objective(instance, tariff, takers, cells, findings)
    _check_units(tariff, takers, cells, findings)


def _check_objective(
    instance: Instance, tariff: TariffResult, takers: Takers, cells: _Cells, findings: Findings
) -> None:
    """Check the value of the goal's first level; units round to whole yen."""
    if not tariff.levels:
        return
    units, stated = len(tariff.units) + 1, tariff.levels[0].objective
    if tariff.goal in ("break_even", "uptake"):
        _compare(findings, "objective", stated, float(cells.cells["buyers"].sum()), slack=units)
    elif tariff.goal == "revenue":
        _compare(findings, "objective", stated, float(cells.cells["paid_yen"].sum()) / 1000, slack=units)
    else:
        gross = takers.worth + takers.paid - takers.cost * takers.trips
        value = float((takers.taken * (gross - cells.admin * cells.buys)).sum()) / 1000
        percent = instance.rules.demand.public_funds_percent
        _compare(
            findings,
            "objective",
            stated,
            value - tariff.subsidy_used_yen * percent / 100,
            slack=units + units,
        )


def _unit_of(tariff: TariffResult, takers: Takers) -> Array:
    """Unit of each party: that of a decided product it may buy, else of a given one; -1 for none."""
    unit = np.full(len(takers.parties), NO_ROW, dtype=np.int64)
    for decided in (False, True):
        for at, each in enumerate(tariff.units):
            members = [
                k
                for k, p in enumerate(tariff.products, start=1)
                if p.product_id in each.product_ids and p.decided == decided
            ]
            if members:
                concerned = takers.open[members].any(axis=0)
                unit[concerned] = at
    return unit


def _check_units(tariff: TariffResult, takers: Takers, cells: _Cells, findings: Findings) -> None:
    """Check shortfall and subsidy of each unit, and that break-even sells to somebody."""
    unit = _unit_of(tariff, takers)
    for at, each in enumerate(tariff.units):
        need = float(cells.cells["need_yen"][:, unit == at].sum()) / 1000
        _compare(findings, f"unit {at} need_yen", each.need_yen, need)
        _compare(findings, f"unit {at} subsidy_yen", each.subsidy_yen, max(0, each.need_yen), slack=0)
        buyers = float(cells.cells["buyers"][:, unit == at].sum())
        sold = any(p.offered and p.decided for p in tariff.products if p.product_id in each.product_ids)
        if tariff.goal == "break_even" and sold and buyers == 0:
            findings.add("tariff_no_buyer", ONCE, " ".join(each.product_ids))
        cap = tariff.settings.get("subsidy_per_head_yen")
        if cap is not None and each.subsidy_yen * 1000 > cap * buyers:
            findings.add(
                "tariff_per_head",
                ONCE,
                " ".join(each.product_ids),
                value=each.subsidy_yen,
                limit=int(cap * buyers) // 1000,
            )
    _compare(
        findings,
        "subsidy_used_yen",
        tariff.subsidy_used_yen,
        sum(u.subsidy_yen for u in tariff.units),
        slack=0,
    )


def _check_limits(instance: Instance, tariff: TariffResult, takers: Takers, findings: Findings) -> None:
    """Check subsidy, towns, equity, operators' losses and no-arbitrage."""
    settings, cells = tariff.settings, _Cells(instance, tariff, takers)
    cap = settings.get("subsidy_yen")
    if cap is not None and tariff.subsidy_used_yen > cap:
        findings.add("tariff_subsidy", ONCE, "", value=tariff.subsidy_used_yen, limit=cap)
    regions = np.array([_zone(instance, party.key[1]) for party in takers.parties])
    for town, limit in settings.get("town_caps_yen", {}).items():
        need = float(cells.cells["need_yen"][:, regions == town].sum()) / 1000
        if need > limit:
            findings.add("tariff_town", ONCE, town, value=round(need), limit=limit)
    share, most = settings.get("equity_share_percent"), settings.get("equity_yen")
    if share is not None and most is not None:
        people = takers.taken * takers.heads * (takers.trips > 0)
        within = people * (takers.paid * 1000 <= most * takers.full)
        if share * people.sum() > 100 * within.sum():  # whole numbers, in floats too
            reached = int(100 * within.sum() / people.sum())
            findings.add("tariff_equity", ONCE, "", value=reached, limit=share)
    _check_operators(instance, tariff, takers, findings)
    if settings.get("no_arbitrage", True):
        _check_arbitrage(instance, tariff, findings)


def _zone(instance: Instance, point: str) -> str:
    if point in instance.regions.ids:
        return point
    for table in (instance.places, instance.houses):
        at = int(table.find(np.array([point]))[0])
        if at >= 0:
            return str(table["region_id"][at])
    return ""


def _check_operators(instance: Instance, tariff: TariffResult, takers: Takers, findings: Findings) -> None:
    """Check stated incomes of operators and their caps."""
    calendar = sum(months(instance, row) for row in range(len(instance.periods)))
    stated = {row.operator_id: row for row in tariff.settlement if row.rule == "by_fare"}
    for operator, row in enumerate(instance.operators.rows()):
        before, after, spent = (float(x) / 1000 for x in _income(takers, operator))
        claim = stated.get(row.operator_id)
        for name, own in (("before_yen", before), ("after_yen", after), ("cost_change_yen", spent)):
            _compare(
                findings, f"{row.operator_id} {name}", None if claim is None else getattr(claim, name), own
            )
        cap, loss = null(instance.operators["loss_cap_yen"][operator]), before - after + spent
        if cap is not None and tariff.settings.get("operator_caps", True) and loss > cap * calendar / 1000:
            findings.add(
                "tariff_operator", ONCE, row.operator_id, value=round(loss), limit=cap * calendar // 1000
            )


def _income(takers: Takers, operator: int) -> Array:
    """Income before and after, and what more its seats cost: each party's payments shared by adult fares."""
    total = np.zeros(3, dtype=np.int64)
    for at in range(len(takers.parties)):
        single = takers.sums[0][at]
        assert single is not None  # noqa: S101 - parties have a way
        base = int(takers.trips[0, at])
        before = _part(int(takers.left[0, at]), single.by_operator, operator) * base
        for k in np.flatnonzero(takers.taken[:, at]).tolist():
            way, n = takers.sums[k][at], int(takers.trips[k, at])
            assert way is not None  # noqa: S101 - what is taken is open
            stays = _part(int(takers.left[k, at]), way.by_operator, operator) * n
            product = int(takers.paid[k, at]) - int(takers.left[k, at]) * n
            spent = (
                way.cost_by_operator.get(operator, 0) * n - single.cost_by_operator.get(operator, 0) * base
            )
            found = (
                before,
                stays + _part(product, way.cover_by_operator, operator),
                spent * int(takers.heads[at]),
            )
            total += int(takers.taken[k, at]) * np.array(found, dtype=np.int64)
    return total


def _part(amount: int, fares: dict[int, int], operator: int) -> int:
    whole = sum(fares.values())
    return amount * fares.get(operator, 0) // whole if whole else 0


def _check_arbitrage(instance: Instance, tariff: TariffResult, findings: Findings) -> None:
    """Check every product against every other, and every pair of others."""
    rows = {row.product_id: row for row in instance.products.rows() if row.kind in ("flat", "capped")}
    sold = [p for p in tariff.products if p.offered and p.product_id in rows]
    moving = {p.product_id for p in sold if p.decided}
    for target in sold:
        for first in sold:
            for second in (None, *sold):
                parts = [first] if second is None else [first, second]
                if target in parts or not moving & {target.product_id, *(p.product_id for p in parts)}:
                    continue
                cost = sum(p.price_yen or 0 for p in parts)
                replaced = _replaced(instance, rows, target.product_id, [p.product_id for p in parts], tariff)
                if (target.price_yen or 0) > cost and replaced:
                    findings.add(
                        "tariff_arbitrage",
                        ONCE,
                        target.product_id,
                        " ".join(p.product_id for p in parts),
                        value=target.price_yen,
                        limit=cost,
                    )


def _replaced(instance: Instance, rows: dict, target: str, parts: list[str], tariff: TariffResult) -> bool:  # type: ignore[type-arg]
    covers = {p.product_id: frozenset(p.covers) for p in tariff.products}
    own, periods = rows[target], instance.periods["period_id"].tolist()
    everyone = frozenset(("none", "basic", "premium"))
    for name in parts:
        part = rows[name]
        entitled = frozenset(own.eligible or everyone) <= frozenset(part.eligible or everyone)
        holds = all(p in own.blackout_periods or p not in part.blackout_periods for p in periods)
        if not entitled or not holds:
            return False
    legs = covers[target]
    if not legs or not legs <= frozenset().union(*(covers[name] for name in parts)):
        return False
    rides = [_rides(rows[name]) for name in parts]
    enough = sum(rides) if all(legs <= covers[name] for name in parts) else min(rides)
    return _rides(own) <= enough


def _rides(product: Product) -> float:
    return inf if product.cap_rides is None else product.cap_rides


def _check_seats(instance: Instance, tariff: TariffResult, takers: Takers, findings: Findings) -> None:
    """Check passengers of every link, and that no product needs more seats than there are."""
    total: dict[tuple[str, str, str, str], float] = defaultdict(float)
    covered: dict[tuple[str, str, str, str], float] = defaultdict(float)
    for at, party in enumerate(takers.parties):
        for k in np.flatnonzero(takers.taken[:, at]).tolist():
            way = takers.sums[k][at]
            assert way is not None  # noqa: S101 - what is taken is open
            people = float(takers.taken[k, at]) * int(takers.heads[at]) * int(takers.trips[k, at])
            for link, inside in zip(way.links, way.covered_links, strict=True):
                total[(*link, party.key[2])] += people
                covered[(*link, party.key[2])] += people if inside and k else 0.0
    stated = {(f.link_id, f.from_id, f.to_id, f.period_id): f for f in tariff.flows}
    seats = dict(zip(instance.links["link_id"].tolist(), instance.links["seats"].tolist(), strict=True))
    for leg in sorted({leg for leg, people in total.items() if people} | set(stated)):
        flow, limit = stated.get(leg), null(seats[leg[0]])
        for name, own in (("passengers", total[leg]), ("product_passengers", covered[leg])):
            _compare(
                findings,
                f"{' '.join(leg)} {name}",
                None if flow is None else getattr(flow, name),
                own,
                slack=2,
            )
        if limit is not None and covered[leg] > limit * 1000:
            findings.add("tariff_seats", ONCE, *leg, value=int(-(-covered[leg] // 1000)), limit=limit)
