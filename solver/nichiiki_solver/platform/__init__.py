"""Matching of municipal needs and private offers on the platform (官民マッチング), many to many."""
