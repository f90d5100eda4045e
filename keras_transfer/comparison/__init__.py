"""Several trainings side by side: which there are, how each is run, and what came of it."""
