"""What a model could have said about images, without a model."""

import numpy as np

from keras_transfer.run.predictions_csv import Predictions


def make_predictions(truth, probabilities, class_names, paths=None, split="validation"):
    paths = paths or [f"{class_names[label]}/{index}.jpg" for index, label in enumerate(truth)]
    return Predictions(
        paths=np.array(paths, object),
        splits=np.array([split] * len(truth), object),
        truth=np.array(truth, np.int64),
        probabilities=np.array(probabilities, np.float64).reshape(len(truth), len(class_names)),
        class_names=tuple(class_names),
    )


def answer(counts, class_names, split="validation"):
    """Return predictions that have this confusion matrix."""
    pairs = [pair for pair, number in np.ndenumerate(np.array(counts)) for _ in range(number)]
    truth, prediction = np.array(pairs, int).reshape(-1, 2).T
    return make_predictions(truth, np.eye(len(class_names))[prediction], class_names, split=split)


def draw_predictions(classes, images=300, name="class {}"):
    random = np.random.default_rng(classes)
    truth = random.integers(0, classes, images)
    probabilities = random.dirichlet(np.ones(classes), images) + 0.3 * np.eye(classes)[truth]
    names = [name.format(index) for index in range(classes)]
    return make_predictions(truth, probabilities / 1.3, names)
