"""Many origins and destinations on one network with shared seats: the cheapest routing, seat rents, marginal costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from nichiiki_models.allocation import Status
from nichiiki_models.errors import MarketError, UsageError, VerificationError
from nichiiki_solver.flow.columns import MOST
from nichiiki_solver.flow.commodities import Commodities, read_commodities
from nichiiki_solver.flow.integral import Whole, route_whole
from nichiiki_solver.flow.marginals import DualFace
from nichiiki_solver.flow.paths import Paths
from nichiiki_solver.flow.rent_certificate import (
    Potentials,
    SharedNetwork,
    find_metric_violations,
    find_rent_violations,
    find_routing_violations,
)
from nichiiki_solver.flow.routing import Router, Routes
from nichiiki_solver.flow.shortest import Floats
from nichiiki_solver.ragged import Ints

SERVED = 1e-7
"""Share of all demand below which what is left unserved is rounding."""


@dataclass(frozen=True, eq=False)
class SharedFlow:
    """The outcome of a routing over shared seats.

    Costs, rents and marginal costs are in the unit of the costs given, for one unit of demand or one seat.

    Attributes
    ----------
    status
        OPTIMAL; FEASIBLE if whole units were asked for and the proof was not finished; UNKNOWN if none were found;
        INFEASIBLE if the seats cannot carry all demand and no penalty allows leaving any.
    cost
        Cost of the routing, penalties included; None without a routing.
    bound
        No routing costs less. Equal to the cost up to rounding, but for whole units.
    paths, amount
        Paths in use, and units on each.
    unserved
        Units of each OD pair that are not carried.
    seat_rent
        Of each arc (of each seat row if arcs share seats): what one more seat would save. With whole units: of the routing
        in parts of units.
    marginal_cost
        Of each OD pair: cheapest way under cost + seat rent, at most the penalty. Where it is not unique, `marginal_left`
        and `marginal_right` are its ends.
    metric
        Without a routing: lengths of arcs (of seat rows) that prove it; all demand needs more seat-lengths than there are.
    """

    status: Status
    cost: float | None
    bound: float | None
    paths: Paths | None
    amount: Ints | Floats | None
    unserved: Ints | Floats | None
    seat_rent: Floats | None
    marginal_cost: Floats | None
    metric: Floats | None
    _arcs: int = field(default=0, repr=False)
    _face: DualFace | None = field(default=None, repr=False)

    @property
    def gap(self) -> float | None:
        """How far the cost is above the bound, relative to the larger of 1 and the cost."""
        if self.cost is None or self.bound is None:
            return None
        return max(0.0, self.cost - self.bound) / max(1.0, abs(self.cost))

    @cached_property
    def flow(self) -> csr_array | None:
        """OD pairs × arcs: units of each pair on each arc."""
        if self.paths is None or self.amount is None or self.unserved is None:
            return None
        users = csr_array(
            (self.amount.astype(float), (self.paths.pair, np.arange(len(self.paths)))),
            shape=(len(self.unserved), len(self.paths)),
        )
        return csr_array(users @ self.paths.incidence(self._arcs).T)

    @property
    def load(self) -> Floats | None:
        """Units on each arc."""
        return None if self.flow is None else np.asarray(self.flow.sum(axis=0))

    @property
    def marginal_left(self) -> Floats | None:
        """Of each OD pair: what one unit less saves; nan where there is no demand. Found when first asked for."""
        return None if self._face is None else self._ends[0]

    @property
    def marginal_right(self) -> Floats | None:
        """Of each OD pair: what one unit more costs, infinite where no more can be carried. Found when first asked for."""
        return None if self._face is None else self._ends[1]

    @cached_property
    def _ends(self) -> tuple[Floats, Floats]:
        assert self._face is not None  # noqa: S101  # both callers have looked
        return self._face.ends()


def multicommodity_flow(
    tail: npt.ArrayLike,
    head: npt.ArrayLike,
    capacity: npt.ArrayLike,
    cost: npt.ArrayLike,
    origin: npt.ArrayLike,
    destination: npt.ArrayLike,
    demand: npt.ArrayLike,
    *,
    nodes: int | None = None,
    penalty: int | None = None,
    integral: bool = False,
    time_limit_s: float = 60.0,
    seat: npt.ArrayLike | None = None,
    back: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> SharedFlow:
    """Route many origins and destinations over shared seats at least cost.

    The rents and marginal costs prove the optimum: Σ demand · marginal cost = cost + Σ seats · rent. Every answer has
    passed the checks of `nichiiki_solver.flow.rent_certificate`, which share nothing with the solver.

    Parameters
    ----------
    tail, head
        Nodes that each arc leaves and enters, 0 … nodes - 1.
    capacity
        Seats of each arc, whole, ≥ 0.
    cost
        Cost of a unit on each arc, whole, ≥ 0.
    origin, destination, demand
        Of each OD pair: its nodes, and units to be carried, whole, ≥ 0.
    nodes
        Number of nodes; one more than the largest named if None.
    penalty
        Cost of a unit that is not carried, whole, ≥ 0; None if all must be carried.
    integral
        Whether units are whole. Rents and marginal costs are then those of the routing in parts of units.
    time_limit_s
        Wall time in seconds for whole units; positive. Parts of units are always routed to the end.
    seat
        Row of `capacity` that each arc uses, if arcs share seats (a train that is in the network more than once); rents and
        metric are then of rows. None if each arc has its own.
    back
        Origin and destination of a way back of each OD pair: it is carried out and back, or not at all. Costs are of both
        ways together. Whole units are looked for on the linear program's own paths only, so that a gap may stay.

    Raises
    ------
    MarketError
        If lengths differ, a value is no whole number or negative, or a node is not known.
    UsageError
        If the time limit is not positive.
    VerificationError
        If the answer fails its check; nothing is returned then.

    References
    ----------
    Ahuja, Magnanti and Orlin, *Network Flows*, 1993, chapter 17.

    Examples
    --------
    Two trips from 0 to 1; the direct train has one seat, the other way costs more.

    >>> found = multicommodity_flow([0, 0, 2], [1, 2, 1], [1, 9, 9], [10, 8, 8], [0], [1], [2])
    >>> found.cost, found.seat_rent.tolist(), found.marginal_cost.tolist()
    (26.0, [6.0, 0.0, 0.0], [16.0])
    """
    if not time_limit_s > 0:
        raise UsageError(f"time_limit_s: a positive number of seconds is needed, got {time_limit_s}")
    here = read_commodities(
        tail, head, capacity, cost, origin, destination, demand, nodes=nodes, seat=seat, back=back
    )
    if penalty is not None and not 0 <= penalty <= MOST:
        raise MarketError(f"penalty: a number from 0 to {MOST} is needed, got {penalty}")
    router = Router(here)
    routes = _route(here, router, penalty)
    if routes is None:
        return _infeasible(here, router)
    relaxed = _relaxed(here, router, routes, penalty)
    if not integral:
        return relaxed
    whole = route_whole(here, routes.paths, relaxed.bound or 0.0, penalty=penalty, time_limit_s=time_limit_s)
    return _in_whole_units(here, relaxed, whole, penalty)


def _route(here: Commodities, router: Router, penalty: int | None) -> Routes | None:
    """Find a cheapest routing; None if all must be carried and cannot be."""
    if penalty is not None:
        return router.route(here.cost, penalty=float(penalty))
    high = 16.0 * (1.0 + float(here.cost.max(initial=0)) * here.nodes)
    routes = router.route(here.cost, penalty=high)
    if not _is_short(here, routes):
        return routes
    if _is_short(here, router.route(np.zeros_like(here.cost), penalty=1.0)):
        return None
    return router.route(here.cost, penalty=high, closed=True)


def _is_short(here: Commodities, routes: Routes) -> bool:
    return float(routes.shares.unserved.sum()) > SERVED * max(1.0, float(here.demand.sum()))


def _infeasible(here: Commodities, router: Router) -> SharedFlow:
    routes = router.route(np.zeros_like(here.cost), penalty=1.0)
    faults = find_metric_violations(
        _given(here, None), metric=routes.shares.rent, potential=_potentials(routes)
    )
    if faults:
        raise VerificationError(faults)
    return SharedFlow(
        Status.INFEASIBLE, None, None, None, None, None, None, None, routes.shares.rent, len(here.tail)
    )


def _relaxed(here: Commodities, router: Router, routes: Routes, penalty: int | None) -> SharedFlow:
    """Put the outcome of the linear program together, and check it."""
    rent = routes.shares.rent
    used = routes.shares.amount > 0
    paths, amount = routes.paths.take(used), routes.shares.amount[used]
    unserved = np.zeros(here.pairs) if penalty is None else routes.shares.unserved
    cost = float(paths.sums(here.cost) @ amount) + float(unserved.sum()) * (penalty or 0)
    marginal = here.least(routes.trees)
    marginal = marginal if penalty is None else np.minimum(marginal, penalty)
    given = _given(here, penalty)
    faults = [
        *find_routing_violations(
            given,
            path_pair=paths.pair,
            path_offsets=paths.offsets,
            path_arcs=paths.arcs,
            path_turn=paths.turn,
            amount=amount,
        ),
        *find_rent_violations(given, rent=rent, potential=_potentials(routes), marginal=marginal, total=cost),
    ]
    if faults:
        raise VerificationError(faults)
    asked = here.demand > 0
    bound = float(marginal[asked] @ here.demand[asked] - rent @ here.capacity)
    face = DualFace(here, router, routes, penalty=penalty)
    return SharedFlow(
        Status.OPTIMAL, cost, bound, paths, amount, unserved, rent, marginal, None, len(here.tail), face
    )


def _in_whole_units(here: Commodities, relaxed: SharedFlow, whole: Whole, penalty: int | None) -> SharedFlow:
    """Put the outcome in whole units together, and check it."""
    if whole.amount is None or whole.cost is None:
        status = Status.INFEASIBLE if whole.infeasible else Status.UNKNOWN
        return SharedFlow(status, None, whole.bound, None, None, None, None, None, None, len(here.tail))
    used = whole.amount > 0
    paths, amount = whole.paths.take(used), whole.amount[used]
    faults = find_routing_violations(
        _given(here, penalty),
        path_pair=paths.pair,
        path_offsets=paths.offsets,
        path_arcs=paths.arcs,
        path_turn=paths.turn,
        amount=amount.astype(float),
    )
    if faults:
        raise VerificationError(faults)
    unserved = here.demand.copy()
    np.subtract.at(unserved, paths.pair, amount)
    bound = min(whole.bound, whole.cost)
    return SharedFlow(
        Status.OPTIMAL if bound == whole.cost else Status.FEASIBLE,
        whole.cost,
        bound,
        paths,
        amount,
        unserved,
        relaxed.seat_rent,
        relaxed.marginal_cost,
        None,
        len(here.tail),
        relaxed._face,
    )


def _given(here: Commodities, penalty: int | None) -> SharedNetwork:
    return SharedNetwork(
        here.tail,
        here.head,
        here.capacity,
        here.cost,
        here.origin,
        here.destination,
        here.demand,
        penalty,
        here.seat,
        here.back_origin,
        here.back_destination,
    )


def _potentials(routes: Routes) -> Potentials:
    return Potentials(routes.trees.distance, routes.trees.piece, routes.trees.place)
