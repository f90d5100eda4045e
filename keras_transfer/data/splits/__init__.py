"""Which example is in which split."""
