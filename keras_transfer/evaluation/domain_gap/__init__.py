"""How far apart two sets of images are in feature space, in numbers and as a map."""
