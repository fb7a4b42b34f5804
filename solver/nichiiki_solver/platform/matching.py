"""Three ways to match needs and offers, each many to many.

``stable``
    Deferred acceptance (`nichiiki_solver.matching.many_to_many`): no need and offer would both rather have each other than a
    partner they have. One side gets its best stable partners. Equal ranks are ordered by the seed.
``welfare``
    The optimum on the market core (`nichiiki_solver.market`): the most needs with a partner, and of all such matchings the most
    points of both sides, proven. Each pair is an agent with two options, to be the need's first partner or a further one.
``points``
    The secretariat by hand: pairs in the order of their points, then of the ids; each comes together if both have a place left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from nichiiki_models.allocation import LevelResult, Status, StopReason
from nichiiki_models.errors import UsageError, VerificationError
from nichiiki_models.instance import Instance
from nichiiki_models.platform import Partnership, PlatformMatching, PlatformPolicy, Side
from nichiiki_solver.market import Market
from nichiiki_solver.matching.hospitals import many_to_many
from nichiiki_solver.platform.pairs import Pairs, allowed_pairs
from nichiiki_solver.ragged import Bools, Ints, offsets_of
from nichiiki_solver.solving import solve
from nichiiki_solver.verify.platform import verify_platform

LEVELS = ("needs_served", "utility")


@dataclass(frozen=True)
class _Found:
    """Which pairs come together, and how the run ended; bounds of the levels where they are known."""

    held: Bools
    status: Status = Status.FEASIBLE
    reason: StopReason = StopReason.PROCEDURE_ENDED
    bounds: tuple[int | None, ...] = (None, None)


def match_platform(
    instance: Instance,
    *,
    policy: PlatformPolicy = "stable",
    proposing: Side = "needs",
    seed: int = 0,
    time_limit_s: float = 60.0,
    workers: int = 2,
) -> PlatformMatching:
    """Match the needs and the offers of an instance.

    Parameters
    ----------
    instance
        Its tables ``needs``, ``offers`` and ``regions``, and ``platform`` of its rules.
    policy
        ``stable``, ``welfare`` or ``points``.
    proposing
        Which side gets its best stable partners; only for ``stable``.
    seed
        Orders equal ranks for ``stable``; not negative.
    time_limit_s, workers
        For ``welfare``: wall time after which the best answer so far is taken, and processor cores.

    Returns
    -------
    PlatformMatching
        Checked by `nichiiki.platform.verify` before it is returned.

    Raises
    ------
    UsageError
        If an argument has no meaning.
    VerificationError
        If what was found breaks a rule: it is withheld.

    References
    ----------
    A. E. Roth (1984). Stability and polarization of interests in job matching. Econometrica 52.

    Examples
    --------
    >>> import nichiiki as nk
    >>> found = nk.platform.match(nk.load("platform"), policy="welfare")
    >>> found.status.value, nk.platform.verify(nk.load("platform"), found)
    ('OPTIMAL', [])
    """
    _check(policy, proposing, seed)
    pairs = allowed_pairs(instance)
    if policy == "stable":
        found = _stable(instance, pairs, proposing, seed)
    elif policy == "welfare":
        found = _welfare(instance, pairs, seed, time_limit_s, workers)
    else:
        found = _Found(_by_points(instance, pairs))
    matching = _matching(instance, pairs, found, policy, proposing, seed)
    broken = verify_platform(instance, matching)
    if broken:
        raise VerificationError(broken)
    return matching


def _check(policy: str, proposing: str, seed: int) -> None:
    for name, value, allowed in (
        ("policy", policy, get_args(PlatformPolicy)),
        ("proposing", proposing, get_args(Side)),
    ):
        if value not in allowed:
            raise UsageError.of("arg_unknown", argument=name, value=value, choices=", ".join(allowed))
    if seed < 0:
        raise UsageError.of("arg_from", argument="seed", value=seed, low=0)


def points_of(instance: Instance, pairs: Pairs) -> Ints:
    """Return the milli-points that each pair is worth to both sides."""
    rule = instance.rules.platform
    worth = [
        np.array(table, dtype=np.int64)[np.minimum(rank, len(table)) - 1]
        for table, rank in ((rule.need_utility, pairs.need_rank), (rule.offer_utility, pairs.offer_rank))
    ]
    return np.asarray(worth[0] + worth[1], dtype=np.int64)


def _stable(instance: Instance, pairs: Pairs, proposing: Side, seed: int) -> _Found:
    needs, offers = instance.needs, instance.offers
    found = many_to_many(
        _lists(pairs.need, pairs.offer, pairs.need_rank, len(needs)),
        _lists(pairs.offer, pairs.need, pairs.offer_rank, len(offers)),
        needs["capacity"],
        offers["capacity"],
        optimal="workers" if proposing == "needs" else "firms",
        seed=seed,
    )
    together = found.pairs[:, 0] * len(offers) + found.pairs[:, 1]
    return _Found(np.isin(pairs.need * len(offers) + pairs.offer, together))


def _lists(owner: Ints, other: Ints, rank: Ints, size: int) -> tuple[Ints, Ints, Ints]:
    """Preferences as flat arrays: offsets, ids and ranks, best first."""
    order = np.lexsort((other, rank, owner))
    return offsets_of(np.bincount(owner, minlength=size)), other[order], rank[order]


def _welfare(instance: Instance, pairs: Pairs, seed: int, time_limit_s: float, workers: int) -> _Found:
    outcome = solve(platform_market(instance, pairs), time_limit_s=time_limit_s, seed=seed, workers=workers)
    held = np.zeros(len(pairs), dtype=bool) if outcome.choice is None else outcome.choice >= 0
    bounds = tuple(level.bound for level in outcome.levels)
    return _Found(held, outcome.status, outcome.reason, (*bounds, *[None] * (len(LEVELS) - len(bounds))))


def platform_market(instance: Instance, pairs: Pairs) -> Market:
    """State pairs as a market: an agent a pair, which is the need's first partner, a further one, or none.

    The resources are the first place of each need, its further places, and the places of each offer. Without the two options
    a need with several partners would count several times as served.
    """
    size, needs, offers = len(pairs), instance.needs, instance.offers
    agent = np.repeat(np.arange(size), 2)
    further = np.tile(np.array([0, 1]), size)
    place = further * len(needs) + pairs.need[agent]
    options = np.arange(2 * size)
    room = needs["capacity"]
    market = Market.from_columns(
        agent=agent,
        utility=np.stack((1 - further, points_of(instance, pairs)[agent])),
        option=np.concatenate((options, options)),
        resource=np.concatenate((place, 2 * len(needs) + pairs.offer[agent])),
        amount=np.ones(4 * size, dtype=np.int64),
        capacity=np.concatenate((np.minimum(room, 1), np.maximum(room - 1, 0), offers["capacity"])),
        n_agents=size,
    )
    return replace(market, levels=LEVELS)


def _by_points(instance: Instance, pairs: Pairs) -> Bools:
    order = np.lexsort((pairs.offer, pairs.need, -points_of(instance, pairs)))
    left = [instance.needs["capacity"].tolist(), instance.offers["capacity"].tolist()]
    held = np.zeros(len(pairs), dtype=bool)
    for row in order.tolist():
        need, offer = int(pairs.need[row]), int(pairs.offer[row])
        if left[0][need] > 0 and left[1][offer] > 0:
            held[row] = True
            left[0][need] -= 1
            left[1][offer] -= 1
    return held


def _matching(
    instance: Instance, pairs: Pairs, found: _Found, policy: PlatformPolicy, proposing: Side, seed: int
) -> PlatformMatching:
    kept = pairs.take(found.held)
    values = (len(np.unique(kept.need)), int(points_of(instance, kept).sum()))
    columns = (
        instance.needs["need_id"][kept.need].tolist(),
        instance.offers["offer_id"][kept.offer].tolist(),
        kept.need_rank.tolist(),
        kept.offer_rank.tolist(),
    )
    return PlatformMatching(
        instance_hash=instance.hash,
        policy=policy,
        proposing=proposing,
        seed=seed,
        status=found.status,
        reason=found.reason,
        levels=tuple(
            LevelResult(name=name, objective=value, bound=bound)
            for name, value, bound in zip(LEVELS, values, found.bounds, strict=True)
        ),
        pairs=tuple(
            Partnership(need_id=need, offer_id=offer, need_rank=mine, offer_rank=theirs)
            for need, offer, mine, theirs in zip(*columns, strict=True)
        ),
    )
