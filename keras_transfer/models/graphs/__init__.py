"""Graphs of networks that keras.applications lacks."""
