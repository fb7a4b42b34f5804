"""Transport between the homes: the service network by period, round trips on it, and what carrying travellers costs."""

from nichiiki_solver.transport.alternatives import Alternatives, alternatives
from nichiiki_solver.transport.demand import RoutedDemand, route_demand
from nichiiki_solver.transport.network import ServiceNetwork, service_network
from nichiiki_solver.transport.routes import Routes, routes
from nichiiki_solver.transport.trips import Trips, round_trips, trips_of_allocation

__all__ = [
    "Alternatives",
    "RoutedDemand",
    "Routes",
    "ServiceNetwork",
    "Trips",
    "alternatives",
    "round_trips",
    "route_demand",
    "routes",
    "service_network",
    "trips_of_allocation",
]
