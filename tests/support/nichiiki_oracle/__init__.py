"""A slow, literal reading of the rules in plain Python, against which the solver and `verify` are tested."""
