"""Frozen work, done once: what is kept, where, and how it is served."""
