"""The parts of the generator: parameters with their sources, geography, supply, people, wishes."""
