"""Instances: reading, writing, headers in Japanese and English, generators, standard formats, data."""
