"""How the bundled weights were made: pictures that formulas draw, and their descriptors."""
