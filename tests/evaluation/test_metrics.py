import csv
import json
import subprocess
import sys

import numpy as np
import pytest
import sklearn.metrics

from keras_transfer.evaluation.metrics import (
    classification_rows,
    count_confusions,
    expected_calibration_error,
    score,
    score_splits,
    wilson_interval,
)
from keras_transfer.run.predictions_csv import (
    Predictions,
    prediction_columns,
    prediction_rows,
    read_predictions,
)
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table


def make_predictions(truth, probabilities, class_names=("ants", "bees", "wasps"), splits=None):
    return Predictions(
        paths=np.array([f"images/{index}.jpg" for index in range(len(truth))], object),
        splits=np.array(splits or ["validation"] * len(truth), object),
        truth=np.array(truth, np.int64),
        probabilities=np.array(probabilities, np.float64).reshape(len(truth), len(class_names)),
        class_names=tuple(class_names),
    )


def draw_predictions(images, classes, seed=0):
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, images)
    scores = random.normal(size=(images, classes))
    scores[np.arange(images), truth] += 1.0
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return make_predictions(truth, probabilities, [f"class {index}" for index in range(classes)])


def write_and_read(predictions, folder):
    file = folder / "predictions.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(prediction_columns(predictions.class_names))
        writer.writerows(prediction_rows(predictions))
    return read_table(file)


def test_predictions_come_back_from_their_file_with_seven_digits(tmp_path):
    written = make_predictions(
        [0, 2],
        [[1 / 3, 1 / 3, 1 / 3], [1e-9 / 3, 0.25, 0.75]],
        class_names=("ant, red", "été", "蜂"),
        splits=["validation", "test"],
    )
    table = write_and_read(written, tmp_path)
    assert list(table) == [
        "path",
        "split",
        "truth",
        "prediction",
        "probability_ant, red",
        "probability_été",
        "probability_蜂",
    ]
    assert table["truth"] == ["ant, red", "蜂"]
    assert table["probability_ant, red"] == ["0.3333333", "3.333333e-10"]

    read = read_predictions(table, written.class_names)
    assert read.class_names == written.class_names
    assert read.paths.tolist() == written.paths.tolist()
    assert read.splits.tolist() == ["validation", "test"]
    assert read.truth.tolist() == [0, 2]
    np.testing.assert_allclose(read.probabilities, written.probabilities, rtol=5e-7)


def test_the_file_names_the_prediction_that_its_own_numbers_give(tmp_path):
    close = make_predictions([1], [[0.49999999, 0.50000001, 0.0]])  # equal in seven digits
    table = write_and_read(close, tmp_path)
    read = read_predictions(table, close.class_names)
    assert table["prediction"] == [read.class_names[read.prediction[0]]]


def test_a_table_of_other_classes_is_refused(tmp_path):
    table = write_and_read(make_predictions([0], [[1, 0, 0]]), tmp_path)
    with pytest.raises(ConfigError, match=r"must have the columns path.*probability_moths"):
        read_predictions(table, ("ants", "bees", "moths"))


def test_an_unknown_true_class_is_named(tmp_path):
    table = write_and_read(make_predictions([0], [[1, 0, 0]]), tmp_path) | {"truth": ["wasp"]}
    with pytest.raises(ConfigError, match=r"'wasp'\. Did you mean 'wasps'"):
        read_predictions(table, ("ants", "bees", "wasps"))


def test_a_probability_that_is_no_number_is_refused(tmp_path):
    table = write_and_read(make_predictions([0], [[1, 0, 0]]), tmp_path)
    with pytest.raises(ConfigError, match=r"must be numbers .*'much'"):
        read_predictions(table | {"probability_bees": ["much"]}, ("ants", "bees", "wasps"))


def test_selecting_a_split_keeps_its_images_in_order():
    both = make_predictions(
        [0, 1, 2, 0], np.eye(3)[[0, 1, 2, 1]], splits=["test", "validation", "test", "validation"]
    )
    part = both.select("test")
    assert part.paths.tolist() == ["images/0.jpg", "images/2.jpg"]
    assert part.truth.tolist() == [0, 2]
    assert part.prediction.tolist() == [0, 2]
    assert len(both.select("train")) == 0
    assert both.split_names == ("validation", "test")


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [
        (135, 153, 0.8217, 0.9243),  # hand-computed: centre .87306, half width .05130
        (5, 10, 0.2366, 0.7634),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilson_interval_has_the_published_ends(correct, total, low, high):
    assert wilson_interval(correct, total) == pytest.approx((low, high), abs=1e-4)


def test_wilson_interval_solves_its_defining_equation():
    z = 1.959963984540054
    for end in wilson_interval(135, 153):
        assert abs(135 / 153 - end) == pytest.approx(z * np.sqrt(end * (1 - end) / 153))


def test_nothing_is_known_from_no_images():
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_the_wilson_interval_grows_with_the_confidence():
    narrow, wide = wilson_interval(8, 10, 0.8), wilson_interval(8, 10, 0.99)
    assert wide[0] < narrow[0] < 0.8 < narrow[1] < wide[1]


def test_more_right_than_there_are_images_is_refused():
    with pytest.raises(ValueError, match="between 0 and 10"):
        wilson_interval(11, 10)


def test_calibration_error_of_a_case_worked_by_hand():
    # bin (.75, 1]: confidences .9 (right) and 1 (wrong), gap |.5 - .95| over 2 images
    # bin (.5, .75]: confidences .75 (wrong) and .6 (right), gap |.5 - .675| over 2 images
    probabilities = [[0.9, 0.1], [0.0, 1.0], [0.75, 0.25], [0.4, 0.6]]
    error = expected_calibration_error(np.array(probabilities), np.array([0, 0, 1, 1]), bins=4)
    assert error == pytest.approx((2 * 0.45 + 2 * 0.175) / 4)


def test_a_sure_and_right_model_is_calibrated():
    assert expected_calibration_error(np.eye(3), np.arange(3)) == 0.0


@pytest.mark.parametrize("classes", [3, 12])
def test_scores_agree_with_scikit_learn(classes):
    predictions = draw_predictions(400, classes)
    truth, prediction = predictions.truth, predictions.probabilities.argmax(axis=1)
    scores = score(predictions)
    right = int((truth == prediction).sum())
    assert scores["images"] == 400
    assert scores["accuracy"] == sklearn.metrics.accuracy_score(truth, prediction)
    assert scores["accuracy_interval"] == list(wilson_interval(right, 400))
    assert scores["macro_f1"] == pytest.approx(
        sklearn.metrics.f1_score(truth, prediction, average="macro")
    )
    assert 0 < scores["expected_calibration_error"] < 0.5


@pytest.mark.parametrize(("images", "classes"), [(1, 2), (7, 12), (400, 6)])
def test_counts_and_ratios_are_those_of_scikit_learn_to_the_last_digit(images, classes):
    predictions = draw_predictions(images, classes)
    pair, labels = (predictions.truth, predictions.prediction), range(classes)
    expected = sklearn.metrics.confusion_matrix(*pair, labels=labels)
    np.testing.assert_array_equal(count_confusions(predictions), expected)
    table = sklearn.metrics.precision_recall_fscore_support(*pair, labels=labels, zero_division=0)
    rows = [row[1:] for row in classification_rows(predictions)]
    assert rows == [(*map(float, row[:3]), row[3]) for row in zip(*table, strict=True)]
    if classes > 5:
        assert score(predictions)["top5_accuracy"] == sklearn.metrics.top_k_accuracy_score(
            pair[0], predictions.probabilities, k=5, labels=labels
        )


def test_top5_accuracy_is_given_only_above_five_classes():
    assert "top5_accuracy" not in score(draw_predictions(50, 5))
    predictions = draw_predictions(50, 6)
    lowest = predictions.probabilities.argmin(
        axis=1
    )  # the one class of six that is not in the top 5
    assert score(predictions)["top5_accuracy"] == pytest.approx(
        (lowest != predictions.truth).mean()
    )


def test_macro_f1_leaves_out_classes_without_images_and_counts_unpredicted_ones():
    # ants: F1 2/3 (1 of 2 found, none wrongly); bees never predicted: 0; wasps have no image
    predictions = make_predictions([0, 0, 1], np.eye(3)[[0, 2, 2]])
    assert score(predictions)["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)


@pytest.mark.parametrize(
    "predictions",
    [
        make_predictions([], []),
        make_predictions([0, 1], np.full((2, 3), np.nan)),
        make_predictions([], [], class_names="abcdefgh"),
        make_predictions([0, 7], np.full((2, 8), np.nan), class_names="abcdefgh"),
    ],
    ids=["no images", "all NaN", "no images of many classes", "all NaN of many classes"],
)
def test_scores_are_json_numbers_whatever_came(predictions):
    scores = json.loads(json.dumps(score(predictions), allow_nan=False))
    low, high = scores["accuracy_interval"]
    assert 0 <= low <= scores["accuracy"] <= high <= 1
    assert len(classification_rows(predictions)) == len(predictions.class_names)
    assert count_confusions(predictions).sum() == len(predictions)


def test_each_split_that_has_images_is_scored():
    predictions = make_predictions(
        [0, 1, 2], np.eye(3)[[0, 1, 1]], splits=["test", "validation", "test"]
    )
    scores = score_splits(predictions)
    assert list(scores) == ["validation", "test"]
    assert (scores["validation"]["accuracy"], scores["test"]["accuracy"]) == (1.0, 0.5)


def test_classification_rows_hold_precision_recall_f1_and_support_of_each_class():
    predictions = make_predictions([0, 0, 0, 1], np.eye(3)[[0, 0, 1, 1]])
    rows = classification_rows(predictions)
    assert rows[0] == ("ants", 1.0, pytest.approx(2 / 3), pytest.approx(0.8), 3)
    assert rows[1] == ("bees", 0.5, 1.0, pytest.approx(2 / 3), 1)
    assert rows[2] == ("wasps", 0.0, 0.0, 0.0, 0)


def test_confusions_have_the_truth_in_rows():
    counts = count_confusions(make_predictions([0, 0, 2], np.eye(3)[[1, 0, 2]]))
    assert counts.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_analysis_needs_neither_keras_nor_tensorflow_nor_pyplot():
    code = (
        "import sys\n"
        "from keras_transfer.evaluation import metrics\n"
        "from keras_transfer.evaluation.figures import confusion_matrix, learning_curves\n"
        "print({'keras', 'tensorflow', 'matplotlib.pyplot'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"
