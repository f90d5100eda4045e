"""Four reviews as Python code holds them."""

TEXTS = ["a good film", "a bad film", "such fun", "so dull here"]
LABELS = ["pos", "neg", "pos", "neg"]


def classes(examples):
    """Return the class of each text, or of the first of a pair."""
    names = [examples.class_names[label] for label in examples.labels]
    return dict(zip([row[0] for row in examples.contents], names, strict=True))
