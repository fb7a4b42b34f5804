"""Rows too large for CP-SAT are split without loss; the search listens, and what listeners raise comes through."""

import time
from itertools import product

import pytest
from benchmarks.family_cases import gap
from hypothesis import given
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from nichiiki_solver import cp_sat
from nichiiki_solver.cp_sat import ROW_LIMIT, add_row
from nichiiki_solver.market import Market

huge = st.integers(-(1 << 45), 1 << 45)


def feasible_points(coefficients: list[int], limit: int) -> set[tuple[int, ...]]:
    """Every 0-1 point that CP-SAT finds to satisfy the row."""
    model = cp_model.CpModel()
    variables = [model.new_bool_var(f"x{k}") for k in range(len(coefficients))]
    add_row(model, list(variables), coefficients, limit)
    found: set[tuple[int, ...]] = set()
    for point in product((0, 1), repeat=len(coefficients)):
        trial = model.clone()
        for index, value in enumerate(point):
            trial.add(trial.get_bool_var_from_proto_index(variables[index].index) == value)
        solver = cp_model.CpSolver()
        solver.parameters.presolve_inclusion_work_limit = 0
        solver.parameters.num_workers = 1
        if solver.solve(trial) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            found.add(point)
    return found


@given(st.lists(huge, min_size=1, max_size=4), huge)
def test_a_split_row_allows_exactly_the_same_points(coefficients: list[int], limit: int) -> None:
    expected = {
        point
        for point in product((0, 1), repeat=len(coefficients))
        if sum(c * x for c, x in zip(coefficients, point, strict=True)) <= limit
    }
    assert feasible_points(coefficients, limit) == expected


@given(st.lists(huge, min_size=1, max_size=6), huge)
def test_no_row_reaches_the_size_at_which_cp_sat_errs(coefficients: list[int], limit: int) -> None:
    model = cp_model.CpModel()
    add_row(model, [model.new_bool_var("") for _ in coefficients], coefficients, limit)
    domains = [variable.domain for variable in model.proto.variables]
    for constraint in model.proto.constraints:
        terms = zip(constraint.linear.vars, constraint.linear.coeffs, strict=True)
        assert sum(abs(c) * max(map(abs, domains[v])) for v, c in terms) < 2 * ROW_LIMIT


@pytest.mark.parametrize(("limit", "possible"), [(0, True), (-1, False)])
def test_a_row_without_variables(limit: int, possible: bool) -> None:
    model = cp_model.CpModel()
    add_row(model, [], [], limit)
    assert (cp_model.CpSolver().solve(model) == cp_model.OPTIMAL) is possible


def hard_market() -> Market:
    """An assignment that nobody proves within the time of a test."""
    return gap("D", 20, 200, 1)


def test_told_to_stop_it_ends_though_nothing_better_is_found() -> None:
    market, started = hard_market(), time.monotonic()
    found = cp_sat.solve_level(
        market, market.utility[0], time_limit_s=900, should_stop=lambda: time.monotonic() > started + 3
    )
    assert time.monotonic() < started + 60
    assert found.choice is not None and market.is_feasible(found.choice)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_listener_raises_ends_the_search_and_is_raised(workers: int) -> None:
    def refuse(_value: int | None, _bound: int | None) -> None:
        raise ZeroDivisionError

    market = hard_market()
    with pytest.raises(ZeroDivisionError):
        cp_sat.solve_level(market, market.utility[0], time_limit_s=900, report=refuse, workers=workers)
