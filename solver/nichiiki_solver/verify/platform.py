"""Check of a matching on the platform: the rules of section 14, read anew, and what the matching says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from nichiiki_models.allocation import Status, Violation
from nichiiki_models.instance import Instance
from nichiiki_models.platform import Partnership, PlatformMatching
from nichiiki_models.tables import Need, Offer

Key = tuple[str, str]


class _Book:
    """Rows by id, and the partners of everybody."""

    def __init__(self, instance: Instance, matching: PlatformMatching) -> None:
        self.rules = instance.rules.platform
        self.part_of = {row.region_id: row.part_of for row in instance.regions.rows()}
        self.needs = {row.need_id: row for row in instance.needs.rows()}
        self.offers = {row.offer_id: row for row in instance.offers.rows()}
        self.known = [
            pair for pair in matching.pairs if pair.need_id in self.needs and pair.offer_id in self.offers
        ]
        self.held = {(pair.need_id, pair.offer_id) for pair in self.known}
        self.of_need = Counter(need for need, _ in self.held)
        self.of_offer = Counter(offer for _, offer in self.held)

    def obstacle(self, need: Need, offer: Offer) -> str | None:
        """Return the first rule that stands against a pair."""
        if need.member == offer.member:
            return "platform_member"
        if need.field != offer.field:
            return "platform_field"
        if not self._covers(offer.region_id, need.region_id):
            return "platform_region"
        listed = rank_of(need.ranked, offer.offer_id) and rank_of(offer.ranked, need.need_id)
        return None if listed else "platform_not_listed"

    def _covers(self, offered: str | None, wanted: str | None) -> bool:
        if offered is None or wanted is None:
            return True
        region: str | None = wanted
        while region is not None and region != offered:
            region = self.part_of.get(region)
        return region is not None

    def points(self, need: Need, offer: Offer) -> int:
        """Return the milli-points of a pair."""
        mine, theirs = rank_of(need.ranked, offer.offer_id), rank_of(offer.ranked, need.need_id)
        tables = (self.rules.need_utility, self.rules.offer_utility)
        return sum(
            table[min(rank, len(table)) - 1] for table, rank in zip(tables, (mine, theirs), strict=True)
        )

    def others(self) -> Iterator[tuple[Need, Offer]]:
        """Every pair that the rules allow and that is not matched."""
        by_field: dict[str, list[Offer]] = {}
        for offer in self.offers.values():
            by_field.setdefault(offer.field, []).append(offer)
        for need in self.needs.values():
            for offer in by_field.get(need.field, ()):
                if (need.need_id, offer.offer_id) not in self.held and self.obstacle(need, offer) is None:
                    yield need, offer


def rank_of(ranked: tuple[str, ...], other: str) -> int:
    """Return the place on a list, 0 if it is not on it; 1 for everybody if the list is empty."""
    if not ranked:
        return 1
    return ranked.index(other) + 1 if other in ranked else 0


def verify_platform(instance: Instance, matching: PlatformMatching) -> list[Violation]:
    """Check a matching of needs and offers against the rules and its own claims.

    Parameters
    ----------
    instance
        What was to be matched.
    matching
        The answer, from whatever source; nothing in it is trusted.

    Returns
    -------
    list of Violation
        Sorted by rule and place; empty if everything is kept. For ``stable`` no pair may block, for ``points`` none may have
        been passed over.
    """
    if matching.instance_hash != instance.hash:
        numbers: dict[str, int | str] = {"value": matching.instance_hash, "limit": instance.hash}
        return [Violation(rule="instance_hash", where="", details=numbers)]
    book = _Book(instance, matching)
    found = [*_pairs(book, matching), *_capacities(book), *_claims(book, matching)]
    if matching.policy == "stable":
        found += [_at("platform_blocking", need, offer) for need, offer in blocking(book)]
    if matching.policy == "points":
        found += _passed_over(book)
    return sorted(found, key=lambda violation: (violation.rule, violation.where))


def blocking_pairs(instance: Instance, matching: PlatformMatching) -> list[Key]:
    """Return the pairs that would both rather have each other than a partner they have, or than a free place."""
    return [(need.need_id, offer.offer_id) for need, offer in blocking(_Book(instance, matching))]


def blocking(book: _Book) -> list[tuple[Need, Offer]]:
    """Return the allowed pairs in which both sides would gain."""
    worst_of_need: dict[str, int] = {}
    worst_of_offer: dict[str, int] = {}
    for need_id, offer_id in book.held:
        need, offer = book.needs[need_id], book.offers[offer_id]
        mine, theirs = rank_of(need.ranked, offer_id), rank_of(offer.ranked, need_id)
        worst_of_need[need_id] = max(mine, worst_of_need.get(need_id, 0))
        worst_of_offer[offer_id] = max(theirs, worst_of_offer.get(offer_id, 0))
    return [
        (need, offer)
        for need, offer in book.others()
        if (
            book.of_need[need.need_id] < need.capacity
            or rank_of(need.ranked, offer.offer_id) < worst_of_need.get(need.need_id, 0)
        )
        and (
            book.of_offer[offer.offer_id] < offer.capacity
            or rank_of(offer.ranked, need.need_id) < worst_of_offer.get(offer.offer_id, 0)
        )
    ]


def _at(rule: str, need: Need, offer: Offer) -> Violation:
    return Violation(rule=rule, where=f"{need.need_id} {offer.offer_id}")


def _pairs(book: _Book, matching: PlatformMatching) -> Iterator[Violation]:
    """Each pair is known, given once, allowed, and has the ranks that both sides give it."""
    counted = Counter((pair.need_id, pair.offer_id) for pair in matching.pairs)
    for (need_id, offer_id), times in counted.items():
        where = f"{need_id} {offer_id}"
        if need_id not in book.needs or offer_id not in book.offers:
            yield Violation(rule="unknown_id", where=where)
        elif times > 1:
            yield Violation(rule="duplicate", where=where)
    for pair in book.known:
        need, offer = book.needs[pair.need_id], book.offers[pair.offer_id]
        obstacle = book.obstacle(need, offer)
        if obstacle is not None:
            yield _at(obstacle, need, offer)
        elif not _ranks_hold(pair, need, offer):
            yield _at("platform_ranks", need, offer)


def _ranks_hold(pair: Partnership, need: Need, offer: Offer) -> bool:
    right = rank_of(need.ranked, offer.offer_id), rank_of(offer.ranked, need.need_id)
    return (pair.need_rank, pair.offer_rank) == right


def _capacities(book: _Book) -> Iterator[Violation]:
    sides = (
        (book.of_need, {name: row.capacity for name, row in book.needs.items()}),
        (book.of_offer, {name: row.capacity for name, row in book.offers.items()}),
    )
    for counts, room in sides:
        for name, count in counts.items():
            if count > room[name]:
                yield Violation(
                    rule="platform_capacity", where=name, details={"value": count, "limit": room[name]}
                )


def _passed_over(book: _Book) -> Iterator[Violation]:
    """By hand a pair is left out only if a side was full with pairs that came before it."""
    orders: dict[str, list[tuple[int, str, str]]] = {}
    for need_id, offer_id in book.held:
        place = (-book.points(book.needs[need_id], book.offers[offer_id]), need_id, offer_id)
        for name in (f"need {need_id}", f"offer {offer_id}"):
            orders.setdefault(name, []).append(place)
    for need, offer in book.others():
        place = (-book.points(need, offer), need.need_id, offer.offer_id)
        before = [
            sum(other < place for other in orders.get(name, ()))
            for name in (f"need {need.need_id}", f"offer {offer.offer_id}")
        ]
        if before[0] < need.capacity and before[1] < offer.capacity:
            yield _at("platform_passed_over", need, offer)


def _claims(book: _Book, matching: PlatformMatching) -> Iterator[Violation]:
    """What the matching says of its value, bounds and status."""
    real = {
        "needs_served": len(book.of_need),
        "utility": sum(
            book.points(book.needs[need], book.offers[offer])
            for need, offer in book.held
            if book.obstacle(book.needs[need], book.offers[offer]) is None
        ),
    }
    if [level.name for level in matching.levels] != list(real):
        yield Violation(rule="claim_levels", where=" ".join(level.name for level in matching.levels))
        return
    for level in matching.levels:
        if level.objective != real[level.name]:
            numbers: dict[str, int | str] = {"value": level.objective or 0, "limit": real[level.name]}
            yield Violation(rule="claim_objective", where=level.name, details=numbers)
        elif level.bound is not None and level.bound < real[level.name]:
            yield Violation(
                rule="claim_bound",
                where=level.name,
                details={"value": level.bound, "limit": real[level.name]},
            )
    proven = sum(level.proven for level in matching.levels)
    if (matching.status is Status.OPTIMAL) != (proven == len(real)):
        counted: dict[str, int | str] = {"value": proven, "limit": len(real)}
        yield Violation(rule="claim_status", where=matching.status.value, details=counted)
