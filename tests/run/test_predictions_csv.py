# The file predictions.csv and `select` are tested in evaluation/test_metrics.py.
import numpy as np
import pytest

from keras_transfer.run.contents.prediction_columns import prediction_columns
from keras_transfer.run.predictions_csv import (
    Predictions,
    join_predictions,
    prediction_rows,
    read_predictions,
    read_run_predictions,
)
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files import atomic_files
from keras_transfer.system.files.atomic_files import write_table, write_text


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


def test_predictions_that_are_read_in_parts_are_those_of_the_whole_file(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    answers = [*random.dirichlet((1, 1), 6).tolist(), [np.nan, np.nan], [0.49999999, 0.50000001]]
    written = make_predictions("test", [0, 1] * 4, answers)
    run = Run(tmp_path)
    write_text(run.class_names_file, "ants\nbees\n")
    columns = prediction_columns(written.class_names)
    write_table(run.predictions_file, columns, prediction_rows(written))
    whole = read_predictions(run.predictions_table(), written.class_names)
    monkeypatch.setattr(atomic_files, "BLOCK", 3)
    found = read_run_predictions(run)
    np.testing.assert_array_equal(found.probabilities, whole.probabilities)
    for name in ("paths", "splits", "truth", "prediction"):
        assert getattr(found, name).tolist() == getattr(whole, name).tolist()
    assert found.paths.tolist() == written.paths.tolist()
    said = [written.class_names.index(name) for name in run.predictions_table()["prediction"]]
    assert found.prediction.tolist() == said
    assert said[-2:] == [0, 0]  # nothing, and equal in 7 digits: the first class
