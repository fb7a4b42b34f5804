"""Flows in a network: exact min-cost flow with a checked certificate, and many origins and destinations sharing seats."""
