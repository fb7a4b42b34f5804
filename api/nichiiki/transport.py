"""Transport between the homes: the service network by period, round trips on it, and what carrying travellers costs."""

from nichiiki_solver.transport.network import ServiceNetwork, service_network
from nichiiki_solver.transport.routes import Routes, routes
from nichiiki_solver.transport.trips import Trips, round_trips, trips_of_allocation

__all__ = [
    "Routes",
    "ServiceNetwork",
    "Trips",
    "round_trips",
    "routes",
    "service_network",
    "trips_of_allocation",
]
