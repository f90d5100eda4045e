"""Which configurations there are, which is the best, and which differences are real."""
