"""plan.json: what a run decided before its long work."""

PLAN_FORMAT = 1  # of the folder checkpoints; a run of another number is not resumed
