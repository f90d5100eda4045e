"""Files that other programs load a model from, and the proof that they agree."""
