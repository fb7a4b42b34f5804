"""Flows in a network: the cheapest one exactly, with a certificate, and many origins and destinations sharing seats."""

from nichiiki_solver.flow.min_cost import min_cost_flow
from nichiiki_solver.flow.network import Flow, Network

__all__ = ["Flow", "Network", "min_cost_flow"]
