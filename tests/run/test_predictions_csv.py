# The file predictions.csv and `select` are tested in evaluation/test_metrics.py.
import numpy as np
import pytest

from keras_transfer.run.predictions_csv import Predictions, join_predictions, read_predictions


def make_predictions(split, truth, probabilities):
    return Predictions(
        paths=np.array([f"{split}/{index}.jpg" for index in range(len(truth))], object),
        splits=np.array([split] * len(truth), object),
        truth=np.array(truth),
        probabilities=np.array(probabilities, np.float32),
        class_names=("ants", "bees"),
    )


def test_the_prediction_is_the_most_probable_class_and_the_first_among_equals():
    predictions = make_predictions("test", [0, 1, 1], [[0.3, 0.7], [0.5, 0.5], [0.9, 0.1]])
    assert predictions.prediction.tolist() == [1, 0, 0]
    assert predictions.truth_probability.tolist() == pytest.approx([0.3, 0.5, 0.1])


def test_missing_probabilities_count_as_zero():
    predictions = make_predictions("test", [0, 1], [[np.nan, 0.2], [np.nan, np.nan]])
    assert predictions.prediction.tolist() == [1, 0]
    assert predictions.truth_probability.tolist() == [0.0, 0.0]


def test_splits_are_reported_in_the_order_train_validation_test():
    parts = [make_predictions(name, [0], [[1, 0]]) for name in ("test", "train", "validation")]
    assert join_predictions(parts).split_names == ("train", "validation", "test")


def test_joined_predictions_are_one_part_after_the_other():
    first = make_predictions("validation", [0, 1], [[0.9, 0.1], [0.2, 0.8]])
    second = make_predictions("test", [1], [[0.6, 0.4]])
    both = join_predictions([first, second])
    assert len(both) == 3
    assert both.paths.tolist() == ["validation/0.jpg", "validation/1.jpg", "test/0.jpg"]
    assert both.truth.tolist() == [0, 1, 1]
    assert both.class_names == ("ants", "bees")
    assert both.select("test").probabilities.tolist() == second.probabilities.tolist()


def test_an_empty_file_gives_no_predictions():
    columns = ("path", "split", "truth", "prediction", "probability_ants", "probability_bees")
    read = read_predictions({name: [] for name in columns}, ("ants", "bees"))
    assert len(read) == 0
    assert read.probabilities.shape == (0, 2)
    assert read.split_names == ()
