import warnings
from pathlib import Path

import numpy as np
import pytest

from keras_transfer.config.split_names import SPLITS
from keras_transfer.data.examples import Examples
from keras_transfer.evaluation.metrics import wilson_interval
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.system.errors import ConfigError
from keras_transfer.zeroshot import linear_probe
from keras_transfer.zeroshot.linear_probe import (
    draw_rows,
    list_shots,
    run_probe,
    summarize_probe,
    write_probe,
)
from keras_transfer.zeroshot.probe_figure import build_probe

NAMES = ("a", "b", "c")


def make_examples(counts, splits=("train", "test")):
    """Return images, `counts` of each class and split."""
    labels = np.concatenate([np.repeat(np.arange(3), counts) for _ in splits])
    named = np.concatenate([np.full(sum(counts), split) for split in splits])
    return Examples(
        source="folder",
        root=Path("/data"),
        paths=np.array([f"{row}.png" for row in range(len(labels))]),
        labels=labels,
        class_names=NAMES,
        splits=named,
        groups=np.full(len(labels), ""),
    )


class Data:
    class_names = NAMES

    def __init__(self, labels):
        self.splits = {name: type("Split", (), {"labels": each}) for name, each in labels.items()}


@pytest.fixture
def data():
    labels = {name: np.repeat(np.arange(3), 20) for name in SPLITS}
    return Data(labels)


@pytest.fixture
def embeddings(data):
    """Embeddings of length 10 or so; classes overlap."""
    random = np.random.default_rng(0)
    centres = random.normal(0, 3, (3, 8))
    return {
        name: (centres[split.labels] + random.normal(0, 4, (60, 8))).astype("float32")
        for name, split in data.splits.items()
    }


def test_as_many_images_a_class_are_tried_as_every_class_has(caplog):
    assert list_shots(make_examples([20, 16, 30])) == [1, 2, 4, 8, 16]
    assert not caplog.text
    assert list_shots(make_examples([20, 5, 30])) == [1, 2, 4]
    assert "ends at 4 images a class: train has 5 of b" in caplog.text


@pytest.mark.parametrize(
    ("counts", "splits", "said"),
    [
        ([3, 0, 3], ("train", "test"), "no training image of b"),
        ([3, 3, 3], ("train",), "only train"),
        ([3, 3, 3], ("test",), "no training image of a"),
    ],
)
def test_what_has_nothing_to_learn_or_measure_is_refused(counts, splits, said):
    with pytest.raises(ConfigError, match=said):
        list_shots(make_examples(counts, splits))


def test_draws_are_of_every_class_nested_and_of_their_seed():
    labels = np.repeat(np.arange(3), [20, 9, 30])
    few, many = draw_rows(labels, 2, 3), draw_rows(labels, 8, 3)
    assert set(few) < set(many)
    assert np.bincount(labels[many]).tolist() == [8, 8, 8]
    assert len(set(many)) == 24
    assert set(many) != set(draw_rows(labels, 8, 4))


def test_only_training_images_are_learned_from(data, embeddings, monkeypatch):
    import sklearn.linear_model

    seen = []

    class Watched(sklearn.linear_model.LogisticRegression):
        def fit(self, features, labels):
            seen.append(features)
            return super().fit(features, labels)

    monkeypatch.setattr(sklearn.linear_model, "LogisticRegression", Watched)
    rows = run_probe(embeddings, data, [1, 4])
    train = {each.tobytes() for each in embeddings["train"]}
    assert len(seen) == 2 * len(linear_probe.SEEDS)
    assert all(each.tobytes() in train for features in seen for each in features)
    assert {row.split for row in rows} == {"validation", "test"}


def test_scikit_learn_does_not_warn_of_one_image_a_class():
    labels = np.arange(25)  # it warns of more than 20
    numbers = np.random.default_rng(0).normal(size=(25, 8)).astype("float32")
    data = Data({"train": labels, "test": labels})
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        run_probe({"train": numbers, "test": numbers}, data, [1])
    assert not [str(each.message) for each in warned if "unique classes" in str(each.message)]


@pytest.mark.thorough
def test_more_images_are_worth_more_and_the_table_says_each(data, embeddings, tmp_path):
    rows = run_probe(embeddings, data, [1, 16])
    means = [np.mean([row.accuracy for row in rows if row.shots == shots]) for shots in (1, 16)]
    assert means[1] > means[0] + 0.1
    write_probe(rows, tmp_path / "probe.csv")
    lines = (tmp_path / "probe.csv").read_text().splitlines()
    assert lines[0] == "shots,seed,split,images,accuracy"
    assert len(lines) == 1 + 2 * 5 * 2


@pytest.fixture
def summary(data, embeddings):
    truth = data.splits["test"].labels
    zero_shot = Predictions(
        paths=np.arange(60).astype(str),
        splits=np.full(60, "test"),
        truth=truth,
        probabilities=np.eye(3)[np.where(np.arange(60) < 15, (truth + 1) % 3, truth)],
        class_names=NAMES,
    )
    rows = run_probe(embeddings, data, [1, 2, 4])
    return rows, summarize_probe(rows, zero_shot)


def test_the_summary_is_of_the_test_images(summary):
    rows, found = summary
    assert (found["split"], found["images"], found["zero_shot_accuracy"]) == ("test", 60, 0.75)
    values = [row.accuracy for row in rows if (row.shots, row.split) == (2, "test")]
    assert found["shots"][1] == {
        "shots": 2,
        "seeds": 5,
        "accuracy": pytest.approx(np.mean(values)),
        "lowest": min(values),
        "highest": max(values),
    }


@pytest.mark.thorough
def test_the_figure_has_zero_shot_its_interval_the_means_and_each_draw(summary):
    rows, found = summary
    values = {
        shots: [row.accuracy for row in rows if (row.shots, row.split) == (shots, "test")]
        for shots in (1, 2, 4)
    }
    (axes,) = build_probe(found, values).axes
    drawn = [line.get_ydata() for line in axes.lines]
    assert any(np.allclose(line, 0.75) for line in drawn)
    assert all(any([*line] == each for line in drawn) for each in values.values())
    means = [each["accuracy"] for each in found["shots"]]
    assert any(len(line) == 3 and np.allclose(line, means) for line in drawn)
    low, high = wilson_interval(45, 60)
    (band,) = axes.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((low, high))
    renderer = axes.figure.canvas.get_renderer()
    axes.figure.draw(renderer)
    ends = [text.get_window_extent(renderer).x1 for text in axes.texts]
    assert max(ends) < axes.get_window_extent(renderer).x1
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "2", "4"]
