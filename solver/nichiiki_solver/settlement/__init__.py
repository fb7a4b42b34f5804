"""Sharing of fares and fees among operators: games, rules, and whether operators can live with the outcome."""
