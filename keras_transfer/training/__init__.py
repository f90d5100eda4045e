"""Phases, and what one call to fit needs."""
