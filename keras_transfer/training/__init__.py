"""Phases, and everything that `fit` needs."""
