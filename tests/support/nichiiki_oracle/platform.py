"""The platform by definition: plain rows, every matching tried. Shares nothing with the solver or the check."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from nichiiki_models.instance import Instance
from nichiiki_models.rules import Rules
from nichiiki_models.tables import Need, Offer

Pair = tuple[str, str]
Matching = frozenset[Pair]
REGIONS = (("pref", None), ("town", "pref"), ("village", "pref"), ("isle", None))
FIELDS = ("housing", "work")


def platform_instance(needs: list[dict[str, Any]], offers: list[dict[str, Any]], **rules: Any) -> Instance:
    """Return an instance of a few regions, and needs and offers given as rows."""
    regions = [{"region_id": name, "lat": 36.0, "lon": 138.0, "part_of": part, "name": name} for name, part in REGIONS]  # fmt: skip
    rows = {"regions": regions, "needs": needs, "offers": offers}
    return Instance.model_validate({"rules": Rules.model_validate({"platform": rules}), **rows})


def random_platform(seed: int, *, size: int = 3) -> Instance:
    """Draw an instance in which every rule of the platform says something now and then."""
    rng = random.Random(seed)  # noqa: S311
    members = [f"m{k}" for k in range(2 * size)]
    names = {"need": [f"n{k}" for k in range(size)], "offer": [f"o{k}" for k in range(size)]}

    def row(side: str, name: str) -> dict[str, Any]:
        other = names["offer" if side == "need" else "need"]
        listed = rng.sample(other, rng.randrange(len(other) + 1)) if rng.random() < 0.75 else []
        return {
            f"{side}_id": name,
            "member": rng.choice(members),
            "field": rng.choice((*FIELDS, FIELDS[0])),
            "region_id": rng.choice((None, *(region for region, _ in REGIONS))),
            "capacity": rng.choice((0, 1, 1, 1, 2, 3)),
            "ranked": tuple(listed),
        }

    tables = {side: [row(side, name) for name in listed] for side, listed in names.items()}
    worth = {"need_utility": rng.choice(((1000, 800), (500, 499, 1))), "offer_utility": rng.choice(((1000,), (300, 0)))}  # fmt: skip
    return platform_instance(tables["need"], tables["offer"], **worth)


class Platform:
    """An instance of the platform by id."""

    def __init__(self, instance: Instance) -> None:
        self.needs: dict[str, Need] = {row.need_id: row for row in instance.needs.rows()}
        self.offers: dict[str, Offer] = {row.offer_id: row for row in instance.offers.rows()}
        self.part_of = {row.region_id: row.part_of for row in instance.regions.rows()}
        self.rule = instance.rules.platform
        self.pairs = [(n, o) for n in self.needs for o in self.offers if self.refusal(n, o) is None]

    def refusal(self, need_id: str, offer_id: str) -> str | None:
        """The first rule that stands against a pair."""
        need, offer = self.needs[need_id], self.offers[offer_id]
        above, region = [], need.region_id
        while region is not None:
            above.append(region)
            region = self.part_of[region]
        if need.member == offer.member:
            return "platform_member"
        if need.field != offer.field:
            return "platform_field"
        if above and offer.region_id is not None and offer.region_id not in above:
            return "platform_region"
        if (need.ranked and offer_id not in need.ranked) or (offer.ranked and need_id not in offer.ranked):
            return "platform_not_listed"
        return None

    def ranks(self, pair: Pair) -> tuple[int, int]:
        """Ranks that both sides give each other, 1 = best."""
        need, offer = self.needs[pair[0]], self.offers[pair[1]]
        return (
            need.ranked.index(pair[1]) + 1 if need.ranked else 1,
            offer.ranked.index(pair[0]) + 1 if offer.ranked else 1,
        )

    def points(self, pair: Pair) -> int:
        """Milli-points of both sides."""
        mine, theirs = self.ranks(pair)
        needs, offers = self.rule.need_utility, self.rule.offer_utility
        return needs[min(mine, len(needs)) - 1] + offers[min(theirs, len(offers)) - 1]

    def matchings(self) -> Iterator[Matching]:
        """Every matching within the capacities."""
        for size in range(len(self.pairs) + 1):
            for chosen in combinations(self.pairs, size):
                if self.fits(frozenset(chosen)):
                    yield frozenset(chosen)

    def fits(self, matching: Matching) -> bool:
        """Whether nobody has more partners than it can."""
        return all(
            sum(pair[0] == name for pair in matching) <= need.capacity for name, need in self.needs.items()
        ) and all(
            sum(pair[1] == name for pair in matching) <= offer.capacity for name, offer in self.offers.items()
        )

    def value(self, matching: Matching) -> tuple[int, int]:
        """Needs with a partner, and points."""
        return len({need for need, _ in matching}), sum(map(self.points, matching))

    def blocking(self, matching: Matching) -> set[Pair]:
        """Pairs of which both sides would rather have each other than a partner, or than a free place."""
        left = [pair for pair in self.pairs if pair not in matching]
        return {pair for pair in left if all(self._gains(pair, side, matching) for side in (0, 1))}

    def _gains(self, pair: Pair, side: int, matching: Matching) -> bool:
        mine = [self.ranks(other)[side] for other in matching if other[side] == pair[side]]
        room = (self.needs[pair[0]], self.offers[pair[1]])[side].capacity
        return len(mine) < room or any(self.ranks(pair)[side] < rank for rank in mine)

    def by_hand(self) -> Matching:
        """Pair after pair by points, then by ids."""
        held: Matching = frozenset()
        for pair in sorted(self.pairs, key=lambda pair: (-self.points(pair), *pair)):
            held = held | {pair} if self.fits(held | {pair}) else held
        return held
