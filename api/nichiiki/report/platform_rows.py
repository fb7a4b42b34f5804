"""Lists of a matching on the platform: partnerships, and who has a place left."""

from __future__ import annotations

from nichiiki.report.rows import Cell, Sheet
from nichiiki_models.instance import Instance
from nichiiki_models.platform import PlatformMatching
from nichiiki_models.texts import Lang
from nichiiki_solver.platform.explain import explain_platform

PAIR_COLUMNS = ("field", "need_id", "need_member", "offer_id", "offer_member", "need_rank", "offer_rank")
OPEN_COLUMNS = ("side", "id", "member", "field", "partners", "capacity", "rule", "other_id", "reason")


def pairs_sheet(instance: Instance, matching: PlatformMatching) -> Sheet:
    """Return one row a partnership, by field, need and offer."""
    needs = {row.need_id: row for row in instance.needs.rows()}
    offers = {row.offer_id: row for row in instance.offers.rows()}
    rows = [
        (
            needs[pair.need_id].field,
            pair.need_id,
            needs[pair.need_id].member,
            pair.offer_id,
            offers[pair.offer_id].member,
            pair.need_rank,
            pair.offer_rank,
        )
        for pair in matching.pairs
    ]
    return Sheet("platform", PAIR_COLUMNS, sorted(rows))


def open_sheet(instance: Instance, matching: PlatformMatching, lang: Lang) -> Sheet:
    """Return the needs and offers with a place left, a row for each reason; one without reasons has one row."""
    held = [pair.need_id for pair in matching.pairs] + [pair.offer_id for pair in matching.pairs]
    sides = [("need", row.need_id, row.member, row.field, row.capacity) for row in instance.needs.rows()]
    sides += [("offer", row.offer_id, row.member, row.field, row.capacity) for row in instance.offers.rows()]
    rows: list[tuple[Cell, ...]] = []
    for side, name, member, field, capacity in sides:
        partners = held.count(name)
        if partners < capacity:
            head = (side, name, member, field, partners, capacity)
            reasons = explain_platform(instance, matching, name)
            rows += [
                (*head, each.rule, each.offer_id if side == "need" else each.need_id, each.sentence(lang))
                for each in reasons
            ] or [(*head, "", "", "")]
    return Sheet("platform-open", OPEN_COLUMNS, rows)
