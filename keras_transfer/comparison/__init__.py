"""The rows of a comparison: which there are, how each is run, and what came of it."""
