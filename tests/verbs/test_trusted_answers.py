import csv
import io
import json
import shutil

import numpy as np
import pytest

from keras_transfer import evaluate, predict
from keras_transfer.evaluation.certainty.decision_numbers import read_limits
from keras_transfer.evaluation.certainty.prediction_sets import list_members
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def folder(stripes, tmp_path):
    """Two good images and a broken one."""
    (tmp_path / "photos").mkdir()
    shutil.copy(stripes / "test/level/000.png", tmp_path / "photos/a.png")
    shutil.copy(stripes / "test/upright/000.png", tmp_path / "photos/b.png")
    (tmp_path / "photos/broken.png").write_bytes(b"no image")
    return tmp_path / "photos"


def test_sets_are_a_column_with_the_most_probable_class_first(finished_run, folder, capsys):
    words = [str(finished_run.path), str(folder), "--coverage", "0.8", "--top", "2"]
    assert predict.main(words) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["path"].rpartition("/")[2] for row in rows] == ["a.png", "b.png", "broken.png"]
    limits = read_limits(finished_run).find_limits(0.8, False)
    for row in rows[:2]:
        share = float(row["probability_2"])
        names = [row["prediction"], *([row["prediction_2"]] if share >= limits[0] else [])]
        assert row["set"] == "|".join(names)
    assert (rows[2]["set"], bool(rows[2]["error"])) == ("", True)


def test_objects_have_sets_as_lists(finished_run, folder, capsys):
    assert predict.main([str(finished_run.path), str(folder), "--coverage", "0.8", "--json"]) == 0
    images = json.loads(capsys.readouterr().out)["images"]
    assert images[0]["set"][0] == images[0]["prediction"]
    assert images[2]["set"] == []


def test_a_terminal_shows_sets(finished_run, folder, capsys, caplog, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    caplog.set_level("INFO")
    words = [str(finished_run.path), str(folder / "a.png"), "--coverage", "0.8", "--top", "2"]
    assert predict.main(words) == 0
    assert "in the set of at least 80 % of images" in caplog.text
    assert capsys.readouterr().out.splitlines()[-3].split() == [
        "path",
        "prediction",
        "probability",
        "2nd",
        "set",
    ]


@pytest.mark.thorough
def test_answers_are_given_from_the_threshold_on_that_validation_asks_for(unsure_run, capsys):
    held = read_run_predictions(unsure_run).select("validation")
    found = read_limits(unsure_run).choose_threshold(0.9)
    assert found.threshold > held.probabilities.max(axis=1).min()  # it withholds something
    words = [str(unsure_run.path), "--split", "validation", "--answer_at_accuracy", "0.9", "--json"]
    evaluate.main(words)
    answering = json.loads(capsys.readouterr().out)["answering"]
    assert answering["accuracy"] >= 0.9
    assert answering["threshold"] == found.threshold
    assert answering["answered"] == pytest.approx(found.share, abs=1.5 / len(held))


@pytest.mark.thorough
def test_an_evaluation_measures_the_coverage_of_sets(finished_run, tmp_path, capsys):
    words = [str(finished_run.path), "--output", str(tmp_path / "out"), "--coverage", "0.8"]
    evaluate.main([*words, "--class_wise", "--json"])
    sets = json.loads(capsys.readouterr().out)["sets"]
    predictions = read_run_predictions(finished_run)
    own = predictions.select(predictions.split_names[-1])
    limits = read_limits(finished_run).find_limits(0.8, True)
    members = list_members(own.probabilities, limits)
    covered = members[np.arange(len(own)), own.truth]
    assert (sets["asked"], sets["class_wise"]) == (0.8, True)
    assert sets["coverage"] == pytest.approx(covered.mean())
    assert sets["mean_size"] == pytest.approx(members.sum(axis=1).mean())
    evaluate.main([*words])
    assert "Sets for 80 %: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--coverage", "1"], "`coverage` must be above 0 and below 1"),
        (["--class_wise"], "`class_wise` must be left out without --coverage"),
        (["--answer_at_accuracy", "1.5"], "`answer_at_accuracy` must be above 0, and 1 at most"),
    ],
)
def test_shares_are_checked_before_anything_is_loaded(words, message):
    for verb in (predict, evaluate):
        with pytest.raises(ConfigError, match=message):
            verb.main(["nowhere", *(["image.png"] if verb is predict else []), *words])


def test_a_threshold_is_given_or_chosen(folder):
    words = ["nowhere", "image.png", "--threshold", "0.5", "--answer_at_accuracy", "0.9"]
    with pytest.raises(ConfigError, match="`threshold` must be left out"):
        predict.main(words)


def test_an_evaluation_refuses_what_validation_cannot_promise_before_the_work(finished_run):
    with pytest.raises(ConfigError, match=r"needs 9999 validation examples or more"):
        evaluate.main([str(finished_run.path), "--dataset", "nowhere", "--coverage", "0.9999"])
