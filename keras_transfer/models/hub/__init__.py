"""Presets of KerasHub: where they are, what they are, and whether their files can be trusted."""
