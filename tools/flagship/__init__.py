"""The flagship instance: typed facts, synthetic supply and people, and where each comes from."""
