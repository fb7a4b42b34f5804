"""Flows in a network: the cheapest one exactly, with a certificate, and many origins and destinations sharing seats."""

from nichiiki_solver.flow.min_cost import min_cost_flow
from nichiiki_solver.flow.multicommodity import SharedFlow, multicommodity_flow
from nichiiki_solver.flow.network import Flow, Network
from nichiiki_solver.flow.what_if import WhatIfs

__all__ = ["Flow", "Network", "SharedFlow", "WhatIfs", "min_cost_flow", "multicommodity_flow"]
