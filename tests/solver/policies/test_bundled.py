"""Mechanisms on markets with several resources and amounts: respected priorities, fewest blocking options, refusals."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from nichiiki_models.allocation import Status, StopReason
from nichiiki_models.errors import UnsupportedMarketError
from nichiiki_oracle.matching import Bundled
from nichiiki_solver.market import Market
from nichiiki_solver.policies.registry import list_policies
from nichiiki_solver.solving import solve
from nichiiki_solver.stability import blocking_options

SEEDS = range(150)


def random_bundled(seed: int, *, ties: bool) -> Bundled:
    rng = np.random.default_rng(seed)
    agents, resources = int(rng.integers(2, 5)), int(rng.integers(1, 4))

    def option(place: int) -> tuple[int, dict[int, int]]:
        used = rng.permutation(resources)[: rng.integers(1, resources + 1)].tolist()
        rank = 1 + place // 2 if ties else 1 + place
        return rank, {r: int(rng.integers(1, 4)) for r in used}

    options = tuple(tuple(option(k) for k in range(rng.integers(1, 4))) for _ in range(agents))
    urgency = tuple(
        tuple((rng.integers(0, 2, agents) if ties else rng.permutation(agents)).tolist())
        for _ in range(resources)
    )
    return Bundled(options, urgency, tuple(rng.integers(0, 6, resources).tolist()))


def run(case: Bundled, policy: str) -> tuple[int | None, ...]:
    choice = solve(case.market(), policy=policy).choice
    assert choice is not None
    return case.places(choice.tolist())


@pytest.mark.parametrize("seed", SEEDS)
def test_deferred_acceptance_respects_priorities(seed: int) -> None:
    """Each better option has a resource whose holders are all more urgent, or that is too small."""
    case = random_bundled(seed, ties=False)
    found = run(case, "deferred_acceptance")
    for agent, place in case.better(found):
        assert any(
            amount > case.capacity[r]
            or all(
                case.urgency[r][other] > case.urgency[r][agent]
                for other in range(len(found))
                if case.use(other, found[other]).get(r)
            )
            for r, amount in case.use(agent, place).items()
        )


def claims(case: Bundled, found: tuple[int | None, ...], agent: int, resource: int) -> int:
    """What the more urgent agents hold of a resource, or would prefer to what they get (the most of one option)."""
    total = 0
    for other, place in enumerate(found):
        if case.urgency[resource][other] > case.urgency[resource][agent]:
            liked = range(len(case.options[other]) if place is None else place + 1)
            total += max((case.use(other, each).get(resource, 0) for each in liked), default=0)
    return total


def is_free_of_strong_envy(case: Bundled, found: tuple[int | None, ...]) -> bool:
    """Whether everything that agents get has room beside these claims at each of its resources."""
    return all(
        amount + claims(case, found, agent, resource) <= case.capacity[resource]
        for agent, place in enumerate(found)
        for resource, amount in case.use(agent, place).items()
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_knapsack_deferred_acceptance_is_best_of_all_without_strong_envy(seed: int) -> None:
    """Delacrétaz, Kominers and Teytelboym, theorem 5, against every outcome."""
    case = random_bundled(seed, ties=False)
    found = run(case, "knapsack_deferred_acceptance")
    assert is_free_of_strong_envy(case, found)
    for other in filter(lambda each: is_free_of_strong_envy(case, each), case.outcomes()):
        for mine, its in zip(found, other, strict=True):
            assert its is None or (mine is not None and mine <= its)


@pytest.mark.parametrize("seed", SEEDS)
def test_trading_cycles_of_bundles_are_efficient(seed: int) -> None:
    """No outcome is better for somebody and worse for nobody."""
    case = random_bundled(seed, ties=False)
    found = [99 if place is None else place for place in run(case, "top_trading_cycles")]
    for outcome in case.outcomes():
        other = [99 if place is None else place for place in outcome]
        assert other == found or any(a > b for a, b in zip(other, found, strict=True))


def sized(seed: int) -> Bundled:
    """Families of some size, and localities."""
    rng = np.random.default_rng(seed)
    agents, places = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    return Bundled(
        options=tuple(
            tuple((k + 1, {int(r): size}) for k, r in enumerate(rng.permutation(places)))
            for size in rng.integers(1, 4, agents).tolist()
        ),
        urgency=tuple(tuple(rng.permutation(agents).tolist()) for _ in range(places)),
        capacity=tuple(rng.integers(0, 6, places).tolist()),
    )


def multidimensional_cycles(case: Bundled) -> tuple[int | None, ...]:
    """Delacrétaz, Kominers and Teytelboym, algorithm 1: all cycles of a round at once."""
    found: list[int | None] = [None] * len(case.options)
    here, left = set(range(len(case.options))), list(case.capacity)
    while here:
        fits = {
            a: [p for p, (_, use) in enumerate(case.options[a]) if all(left[r] >= n for r, n in use.items())]
            for a in here
        }
        here = {a for a in here if fits[a]}
        wish = {a: next(iter(case.options[a][fits[a][0]][1])) for a in here}
        asks = {
            r: [a for a in here if any(r in case.options[a][p][1] for p in fits[a])] for r in wish.values()
        }
        owner = {r: max((case.urgency[r][a], a) for a in who)[1] for r, who in asks.items()}
        for start in sorted(here):
            walk = [start]
            while (after := owner[wish[walk[-1]]]) not in walk:
                walk.append(after)
            if after == start:
                found[start] = fits[start][0]
        for a in [a for a in here if found[a] is not None]:
            for r, n in case.use(a, found[a]).items():
                left[r] -= n
            here.discard(a)
    return tuple(found)


@pytest.mark.parametrize("seed", SEEDS)
def test_trading_cycles_of_sizes_are_literal(seed: int) -> None:
    assert run(sized(seed), "top_trading_cycles") == multidimensional_cycles(sized(seed))


@pytest.mark.parametrize("seed", SEEDS[:20])
def test_no_report_helps_with_sizes(seed: int) -> None:
    """Multidimensional top trading cycles are strategy-proof (proposition 1 there): every order of every family's list."""
    case = sized(seed)
    truth = run(case, "top_trading_cycles")
    for agent, mine in enumerate(case.options):
        true = truth[agent]
        for order in permutations(range(len(mine))):
            told = tuple((k + 1, mine[place][1]) for k, place in enumerate(order))
            lied = run(
                replace(case, options=(*case.options[:agent], told, *case.options[agent + 1 :])),
                "top_trading_cycles",
            )
            got = lied[agent]
            assert got is None or (true is not None and order[got] >= true)


@pytest.mark.parametrize("seed", SEEDS)
def test_stable_has_the_fewest_blocking_options(seed: int) -> None:
    case = random_bundled(seed, ties=seed % 2 == 0)
    market = case.market()
    outcome = solve(market, policy="stable")
    assert outcome.choice is not None
    found = case.places(outcome.choice.tolist())
    counts = {other: len(case.blocking(other)) for other in case.outcomes()}
    fewest = min(counts.values())
    assert len(case.blocking(found)) == outcome.facts["blocking"] == fewest
    assert outcome.facts["blocking_at_least"] == fewest
    assert len(blocking_options(market, outcome.choice)) == fewest
    values = [
        sum(10 - case.options[a][p][0] for a, p in enumerate(other) if p is not None)
        for other, count in counts.items()
        if count == fewest
    ]
    assert outcome.objective == max(values)


@pytest.mark.parametrize("seed", SEEDS[:60])
def test_immediate_acceptance_leaves_nothing_that_fits(seed: int) -> None:
    case = random_bundled(seed, ties=True)
    market = case.market()
    choice = solve(market, policy="immediate_acceptance").choice
    assert choice is not None
    left = market.capacity - market.usage(choice)
    found = case.places(choice.tolist())
    for agent, place in case.better(found):
        if found[agent] is None:
            assert any(amount > left[r] for r, amount in case.use(agent, place).items())


@pytest.mark.parametrize("seed", SEEDS[:60])
def test_stable_needs_no_first_answer(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exact search alone finds what it finds from deferred acceptance, and `value_at_most` is met."""
    market = random_bundled(seed, ties=seed % 2 == 0).market()
    started = solve(market, policy="stable")
    monkeypatch.setattr("nichiiki_solver.policies.stable.STARTS", 0)
    alone = solve(market, policy="stable")
    assert alone.facts == started.facts
    assert alone.objective == started.objective == started.facts["value_at_most"]
    assert alone.reason is started.reason is StopReason.PROCEDURE_ENDED


COUPLE = Bundled(
    options=(((1, {0: 1, 1: 1}),), ((1, {0: 1}), (2, {1: 1}))), urgency=((2, 1), (1, 2)), capacity=(1, 1)
)
"""A couple wants a post in both hospitals, a single prefers the first; the first prefers the couple, the second the single."""


def test_with_a_couple_there_may_be_no_stable_matching() -> None:
    """Roth (1984), The evolution of the labor market for medical interns: one option blocks whatever is done."""
    assert all(COUPLE.blocking(found) for found in COUPLE.outcomes())
    assert solve(COUPLE.market(), policy="stable").facts == {
        "blocking": 1,
        "blocking_at_least": 1,
        "value_at_most": 9,
    }


def test_a_large_family_is_not_passed_over_by_smaller_ones() -> None:
    """Family 0 (three places) waits behind 1; a smaller and less urgent one may not take the room that it waits for."""
    case = Bundled(
        options=(((1, {0: 3}), (2, {1: 3})), ((1, {0: 2}),), ((1, {0: 1}), (2, {1: 1}))),
        urgency=((2, 3, 1), (3, 2, 1)),
        capacity=(3, 4),
    )
    assert run(case, "deferred_acceptance") == (1, 0, 1)


def families(
    wishes: tuple[str, ...],
    needs: tuple[tuple[int, ...], ...],
    orders: tuple[str, ...],
    capacity: tuple[int, ...],
) -> Bundled:
    """Families that need something of every service of one locality; families, localities and services count from 1."""
    services = len(needs[0])
    options = tuple(
        tuple(
            (rank + 1, {(int(at) - 1) * services + s: n for s, n in enumerate(need) if n})
            for rank, at in enumerate(mine)
        )
        for mine, need in zip(wishes, needs, strict=True)
    )
    people = [str(f + 1) for f in range(len(wishes))]
    orders = tuple(order + "".join(sorted(set(people) - set(order))) for order in orders)
    urgency = tuple(tuple(-order.index(f) for f in people) for order in orders for _ in range(services))
    return Bundled(options, urgency, capacity)


DKT_3 = families(
    wishes=("21", "134", "12", "13"),
    needs=((1,), (2,), (1,), (1,)),
    orders=("1234", "31", "42", "1234"),
    capacity=(2, 1, 2, 5),
)
"""Delacrétaz, Kominers and Teytelboym, Matching mechanisms for refugee resettlement (version of December 2019), example 3."""


def test_example_3_of_delacretaz_kominers_and_teytelboym() -> None:
    """Table 1 there: families 1 to 4 go to localities 1, 4, 2, 3; no matching is stable; family 2 gains by a lie."""
    assert run(DKT_3, "knapsack_deferred_acceptance") == (1, 2, 1, 1)
    assert all(DKT_3.blocking(found) for found in DKT_3.outcomes())
    lie = families(
        ("21", "34", "12", "13"), ((1,), (2,), (1,), (1,)), ("1234", "31", "42", "1234"), (2, 1, 2, 5)
    )
    assert run(lie, "knapsack_deferred_acceptance") == (0, 0, 0, 0)


def test_examples_1_and_2_of_delacretaz_kominers_and_teytelboym() -> None:
    """Who does not need what runs out is not held up: families 1 and 3 of example 1; all but family 2 of example 2
    (and, of its hundred families for 99 units, the last)."""
    first = families(("1",) * 3, ((1, 0), (1, 0), (0, 1)), ("123",), (1, 1))
    assert run(first, "knapsack_deferred_acceptance") == (0, None, 0)
    case = Bundled(
        options=(((1, {1: 1}),),) * 2 + (((1, {0: 1}),),) * 100,
        urgency=(tuple(range(102, 0, -1)),) * 2,
        capacity=(99, 1),
    )
    found = run(case, "knapsack_deferred_acceptance")
    assert found == (0, None, *[0] * 99, None)


def plain(**changes: object) -> Market:
    columns: dict[str, object] = {
        "agent": [0, 1],
        "utility": [1, 1],
        "option": [0, 1],
        "resource": [0, 0],
        "amount": [1, 1],
        "capacity": [1],
    }
    return Market.from_columns(**{**columns, **changes})  # type: ignore[arg-type]


DEMAND = {"amount": [-1, -1], "capacity": [-1]}
SUPPLY = {"amount": [1, -1]}
IN_TURN = ("points", "first_come", "lottery", "serial_dictatorship")
MATCHING = (
    "immediate_acceptance",
    "deferred_acceptance",
    "knapsack_deferred_acceptance",
    "top_trading_cycles",
)


@pytest.mark.parametrize(
    ("policy", "changes"),
    [
        *((policy, DEMAND) for policy in (*IN_TURN, *MATCHING, "stable")),
        *((policy, SUPPLY) for policy in (*MATCHING, "stable")),
    ],
)
def test_markets_without_a_promise_are_refused(policy: str, changes: dict[str, object]) -> None:
    with pytest.raises(UnsupportedMarketError, match=f"(policy )?{policy}"):
        solve(plain(**changes), policy=policy)


@pytest.mark.parametrize("policy", [*IN_TURN, *MATCHING, "stable"])
def test_who_must_be_assigned_and_is_not_makes_it_infeasible(policy: str) -> None:
    outcome = solve(plain(must_assign=[True, True]), policy=policy)
    assert outcome.status is Status.INFEASIBLE
    assert outcome.choice is None


def test_every_policy_has_a_card_of_its_name() -> None:
    cards = list_policies()
    assert len({card.name for card in cards}) == len(cards)
    for card in cards:
        assert card.supports
        assert card.reference
