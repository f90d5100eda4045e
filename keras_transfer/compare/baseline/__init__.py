"""The row of a comparison that is no training: what trainings must beat to be worth it."""
