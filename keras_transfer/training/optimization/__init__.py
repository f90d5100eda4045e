"""How weights move: optimizers, schedules, regularizers, the range test."""
