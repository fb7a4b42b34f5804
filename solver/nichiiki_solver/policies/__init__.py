"""Policies: one file each, all on the market, in one registry that entry points extend."""
