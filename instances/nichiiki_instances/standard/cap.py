"""OR-Library ``cap``: capacitated facility location, read as single-source; opening a warehouse supplies its capacity."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import numpy as np

from nichiiki_instances.standard.problems import MarketColumns, StandardProblem
from nichiiki_instances.standard.scanning import LARGEST, LARGEST_LOAD, Report, Words
from nichiiki_models.errors import UsageError

WORD = "capacity"
"""What capa, capb and capc hold in place of a capacity: it is an argument of the problem."""


def read_cap(text: str, label: str, *, capacity: int | None) -> StandardProblem:
    """Read a problem.

    Agents are the customers and then the warehouses; the options of customer j lie at ``j * m … j * m + m - 1``.

    Parameters
    ----------
    text, label
        The file, and what the user calls it.
    capacity
        Capacity of every warehouse where the file says the word ``capacity``.
    """
    report = Report(label)
    words = Words(text, report)
    warehouses = words.whole("m", 1, max(1, words.left))
    customers = words.whole("n", 1, max(1, words.left))
    limits, opening = _warehouses(words, warehouses, capacity)
    demands, costs = _customers(words, warehouses, customers)
    words.nothing_left()
    report.check()
    money, goods = _scale([*opening, *costs]), _scale([*limits, *demands])
    _check_sizes(report, money, [*opening, *costs], goods, [*limits, *demands])
    columns = _columns(
        _whole(limits, goods),
        _whole(opening, money),
        _whole(demands, goods),
        _whole(costs, money).reshape(customers, warehouses),
    )
    return StandardProblem(columns, -1 if money == 1 else Fraction(-1, money), 0)


def _warehouses(words: Words, count: int, given: int | None) -> tuple[list[Decimal], list[Decimal]]:
    limits, opening = [], []
    for _ in range(count):
        limits.append(_limit(words, given))
        opening += words.decimals("f", 1)
    return limits, opening


def _limit(words: Words, given: int | None) -> Decimal:
    if words.left and words.words[words.at].casefold() == WORD:
        if given is None:
            words.report.fail("std_needs_capacity", words.line(words.at), WORD)
        words.at += 1
        return Decimal(given)
    return words.decimals("s", 1, 0)[0]


def _customers(words: Words, warehouses: int, count: int) -> tuple[list[Decimal], list[Decimal]]:
    demands, costs = [], []
    for _ in range(count):
        demands += words.decimals("d", 1, 0)
        costs += words.decimals("c", warehouses)
    return demands, costs


def _scale(numbers: Iterable[Decimal]) -> int:
    """Smallest power of ten that makes every number whole."""
    places = (number.normalize().as_tuple().exponent for number in set(numbers))
    return int(10 ** max((-place for place in places if isinstance(place, int)), default=0)) or 1


def _check_sizes(
    report: Report, money: int, costs: list[Decimal], goods: int, amounts: list[Decimal]
) -> None:
    for name, scale, values, most in (("c", money, costs, LARGEST), ("d", goods, amounts, LARGEST_LOAD)):
        report.check_sum(name, sum(abs(value) for value in values) * scale, most)


def _whole(numbers: list[Decimal], scale: int) -> np.ndarray:
    return np.array([int(number * scale) for number in numbers], dtype=np.int64)


def _columns(
    limits: np.ndarray, opening: np.ndarray, demands: np.ndarray, costs: np.ndarray
) -> MarketColumns:
    """The market; a customer without demand still needs an open warehouse, by a resource that counts such customers."""
    customers, warehouses = costs.shape
    pairs, everyone = customers * warehouses, np.arange(warehouses)
    idle = demands == 0
    served = np.tile(everyone, customers) + np.repeat(np.where(idle, warehouses, 0), warehouses)
    needed = np.repeat(np.where(idle, 1, demands), warehouses)
    counted = everyone[: warehouses if idle.any() else 0]
    openings = pairs + everyone
    option = np.concatenate((np.arange(pairs), openings, openings[counted]))
    order = np.argsort(option, kind="stable")
    return MarketColumns(
        agent=np.concatenate((np.repeat(np.arange(customers), warehouses), customers + everyone)),
        utility=-np.concatenate((costs.ravel(), opening)),
        option=option[order],
        resource=np.concatenate((served, everyone, warehouses + counted))[order],
        amount=np.concatenate((needed, -limits, np.full(len(counted), -int(idle.sum()))))[order],
        capacity=np.zeros(warehouses + len(counted), dtype=np.int64),
        must_assign=np.arange(customers + warehouses) < customers,
        n_agents=customers + warehouses,
    )


def write_cap(standard: StandardProblem) -> str:
    """Return a file.

    Raises
    ------
    UsageError
        If the market is not laid out as `read_cap` does it.
    """
    problem, sense = standard.problem, Fraction(standard.sense)
    customers = int(problem.must_assign.sum())
    warehouses = problem.n_agents - customers
    parts = _parts(problem, customers, warehouses)
    if sense.numerator != -1 or standard.offset or problem != _columns(*parts):
        raise UsageError(
            "cap: the market is no facility location in the order in which read_standard gives it"
        )
    limits, opening, demands, costs = parts
    lines = [f"{warehouses} {customers}"]
    lines += [f"{s} {_shown(f, sense)}" for s, f in zip(limits.tolist(), opening.tolist(), strict=True)]
    for demand, row in zip(demands.tolist(), costs.tolist(), strict=True):
        lines += [str(demand), " ".join(_shown(cost, sense) for cost in row)]
    return "\n".join(lines) + "\n"


def _parts(
    problem: MarketColumns, customers: int, warehouses: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Capacities, opening costs, demands and costs as they would have to be; the caller compares."""
    pairs = customers * warehouses
    if len(problem.utility) != pairs + warehouses or len(problem.amount) < pairs + warehouses or not pairs:
        raise UsageError("cap: each customer needs one option at each warehouse, each warehouse one opening")
    first = np.arange(customers) * warehouses
    demands = np.where(problem.resource[first] >= warehouses, 0, problem.amount[first])
    costs = -problem.utility[:pairs].reshape(customers, warehouses)
    opened = problem.amount[pairs:][problem.resource[pairs:] < warehouses]
    if len(opened) != warehouses:
        raise UsageError("cap: each warehouse supplies its own capacity")
    return -opened, -problem.utility[pairs:], demands, costs


def _shown(value: int, sense: Fraction) -> str:
    places = len(str(sense.denominator)) - 1
    if 10**places != sense.denominator:
        raise UsageError("cap: the scale must be a power of ten")
    return str(Decimal(value).scaleb(-places)) if places else str(value)
