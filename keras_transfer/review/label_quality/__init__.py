"""How much each label is doubted, judged by a model of the images that are not its own."""
