"""How far a training is, and the files of arrays that keep its state."""
