"""Tariffs: travellers, payment schedules, choice, and prices with a proof. Rules: docs/explanation/tariffs.md."""
