"""The cases by size, and what is run on them: each run is one function call in a process of its own."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nichiiki_instances.generators import generate
from nichiiki_models.allocation import Allocation
from nichiiki_models.instance import Instance
from nichiiki_solver import cp_sat, mip, scip
from nichiiki_solver.allocating import allocate
from nichiiki_solver.bundles import BundleSource, compile_market, find_bundles
from nichiiki_solver.narrowing import EVERYTHING, narrowing_for
from nichiiki_solver.solving import solve
from nichiiki_solver.verify import verify

MUNICIPALITIES = Path(__file__).parent / "data" / "municipalities.csv"
MOST_WHOLE = 2_000_000
"""A peer gets the whole model only up to so many stays and options: beyond, building it would fill the memory."""


@dataclass(frozen=True)
class Case:
    """A generated instance and the wall time for it, all steps included."""

    name: str
    households: int
    houses: int
    hosts: int
    limit_s: float
    gap: float = 0.0
    roles: int | None = None

    def instance(self) -> Instance:
        """Generate the instance."""
        return generate(
            households=self.households,
            houses=self.houses,
            hosts=self.hosts,
            roles=self.roles,
            seed=1,
            municipalities=MUNICIPALITIES,
        )


CASES = {
    case.name: case
    for case in (
        Case("60", 60, 30, 1, 10),
        Case("600", 600, 200, 5, 60),
        Case("5k", 5_000, 1_500, 77, 60, gap=0.001),
        Case("50k", 50_000, 15_000, 1_000, 600, gap=0.005),
        Case("200k", 200_000, 60_000, 1_400, 1_800, gap=0.01, roles=15_000),
        Case("1M", 1_000_000, 300_000, 1_400, 3_600, gap=0.01, roles=30_000),
    )
}


@dataclass
class Run:
    """What came of a run: wall and processor seconds of its steps, memory, value, bound, and the way there.

    Attributes
    ----------
    seconds, cpu_s
        From the instance to the checked answer, generating left out.
    price_bound
        What dual prices prove, before any search: the value of a linear program with further rows, or little above it.
    trace
        Wall seconds, value and bound at each step of progress.
    """

    case: str
    who: str
    generate_s: float = 0.0
    seconds: float = 0.0
    cpu_s: float = 0.0
    verify_s: float = 0.0
    peak_gb: float = 0.0
    objective: int | None = None
    bound: int | None = None
    price_bound: int | None = None
    trace: list[tuple[float, int | None, int | None]] = field(default_factory=list)

    @property
    def gap(self) -> float | None:
        """(bound - value) / value."""
        if self.objective is None or self.bound is None:
            return None
        return (self.bound - self.objective) / max(1, abs(self.objective))


def run(name: str, who: str, limit_s: float | None = None) -> dict[str, Any]:
    """Run one of `WHO` on a case and return the fields of `Run`."""
    case = CASES[name]
    made = Run(name, who)
    started = time.perf_counter()
    instance = case.instance()
    made.generate_s = time.perf_counter() - started
    started, cpu = time.perf_counter(), processor_s()
    WHO[who](instance, limit_s or case.limit_s, case, made)
    made.seconds, made.cpu_s = time.perf_counter() - started, processor_s() - cpu
    made.peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return asdict(made)


def processor_s() -> float:
    """Processor seconds of this process and of helpers that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def _welfare(instance: Instance, limit_s: float, case: Case, made: Run) -> None:
    result = allocate(
        instance,
        time_limit_s=limit_s,
        relative_gap=case.gap,
        progress=lambda line: made.trace.append((line.seconds, line.objective, line.bound)),
    )
    made.objective, made.bound = result.objective, result.bound
    made.price_bound = _price_bound(instance, made) if result.prices else None
    _check(instance, result.allocation, made)


def _price_bound(instance: Instance, made: Run) -> int | None:
    """The first bound, that of the prices; where houses are left out the last one, since no town is searched for a bound there."""
    bounds = [bound for _, _, bound in made.trace if bound is not None]
    narrowed = narrowing_for(instance).leaves_out(instance)
    return None if not bounds else min(bounds) if narrowed else bounds[0]


def _in_turn(policy: str) -> Callable[[Instance, float, Case, Run], None]:
    """A procedure that serves one household after the other; in a nation among the houses that `welfare` begins with."""

    def work(instance: Instance, limit_s: float, case: Case, made: Run) -> None:
        del case
        narrowing = narrowing_for(instance)
        market = compile_market(instance, narrowing if narrowing.leaves_out(instance) else EVERYTHING)
        outcome = solve(market, policy=policy, time_limit_s=limit_s)
        made.objective = outcome.objective
        if outcome.choice is not None:
            allocation = outcome.market.to_allocation(
                outcome.choice,
                policy=policy,
                seed=0,
                status=outcome.status,
                reason=outcome.reason,
                objective=outcome.objective,
                levels=outcome.levels,
            )
            _check(instance, allocation, made)

    return work


def _check(instance: Instance, allocation: Allocation | None, made: Run) -> None:
    if allocation is not None:
        started = time.perf_counter()
        assert verify(instance, allocation) == []
        made.verify_s = time.perf_counter() - started


def _whole(engine: Any, **options: Any) -> Callable[[Instance, float, Case, Run], None]:
    """An engine that gets all stays and options of the instance at once, nothing else done for it."""

    def work(instance: Instance, limit_s: float, case: Case, made: Run) -> None:
        del case
        started = time.perf_counter()
        source = BundleSource(find_bundles(instance))
        if len(source.bundles.stays) + len(source.bundles.options) > MOST_WHOLE:
            return
        market = source.everything().market
        left_s = limit_s - (time.perf_counter() - started)
        plain = {name: values for name, values in market.labels.items() if name != "follows"}
        object.__setattr__(market, "labels", plain)
        found = engine.solve_level(market, market.utility[0], time_limit_s=max(0.1, left_s), **options)
        made.objective, made.bound = found.objective, found.bound

    return work


WHO: dict[str, Callable[[Instance, float, Case, Run], None]] = {
    "nichiiki": _welfare,
    "clerk (greedy)": _in_turn("points"),
    "random order": _in_turn("lottery"),
    "CP-SAT, whole": _whole(cp_sat),
    "HiGHS, whole": _whole(mip),
    "SCIP, whole": _whole(scip),
}

if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2], float(sys.argv[3]))))
