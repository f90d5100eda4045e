"""What the commands make of a run that was adapted to another domain, and has two models."""

import shutil

import numpy as np
import pytest

from keras_transfer.evaluate import evaluate_run
from keras_transfer.evaluation.certainty.decision_numbers import DECISION_FILE, find_decisions
from keras_transfer.explain import explain_images
from keras_transfer.export import export_model
from keras_transfer.predict import predict_images
from keras_transfer.python_api.finished_run import Run as FinishedRun
from keras_transfer.report import report_on
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import read_run_predictions, read_target_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.tracking.tracked_run import TrackedRun

pytestmark = pytest.mark.thorough


@pytest.fixture
def copy(adapted_run, tmp_path):
    return Run(shutil.copytree(adapted_run.path, tmp_path / "run"))


def test_own_images_are_for_the_own_model_and_others_for_that_of_the_target(adapted_run):
    target = load_run_config(adapted_run).adapt.target
    written = read_run_predictions(adapted_run).select("test").probabilities
    assert np.abs(evaluate_run(adapted_run).probabilities - written).max() < 1e-5
    theirs = read_target_predictions(adapted_run).probabilities
    assert np.abs(evaluate_run(adapted_run, target).probabilities - theirs).max() < 1e-5
    said = np.sort(predict_images(adapted_run, target).probabilities[:, 0])
    assert np.abs(said - np.sort(theirs[:, 0])).max() < 1e-5


@pytest.mark.parametrize("own", [True, False])
def test_images_are_explained_by_the_model_that_they_are_for(adapted_run, own):
    table = read_run_predictions(adapted_run).select("test")
    file = f"{load_run_config(adapted_run).source}/{table.paths[0]}"
    found = FinishedRun(adapted_run.path)
    for explain in (found.explain, lambda *a, **k: explain_images(adapted_run, *a, **k).found):
        images = explain(count=len(table)) if own else explain([file])
        (image,) = (each for each in images if str(each.name) == file)
        written = dict(zip(table.class_names, table.probabilities[0], strict=True))
        first = image.classes[0]
        differs = abs(first.probability - written[first.class_name])
        assert differs < 1e-4 if own else differs > 1e-3


@pytest.mark.thorough
def test_exports_are_equal_and_promise_nothing_for_the_target(copy):
    report = export_model(copy, "tflite", ("float32", "int8"))
    assert [row["reason"] for row in report["artefacts"]] == ["", ""]
    assert not (copy.exports / DECISION_FILE).exists()
    with pytest.raises(ConfigError, match=r"for a domain of which no run knows any\. Leave them"):
        find_decisions(copy.exports / "model.tflite", copy.class_names())


def test_limits_warn_of_the_other_domain_where_images_may_be_of_it(adapted_run, caplog):
    find_decisions(adapted_run.model_file, adapted_run.class_names())
    assert "on those of the domain that it was adapted to they promise nothing" in caplog.text


def test_page_card_and_python_say_both_domains(copy, drawn):
    with drawn():
        page = report_on(copy.path).read_text()
    target = load_run_config(copy).adapt.target
    assert "<h3>Two domains</h3>" in page
    assert f"like those of <bdi>{target}</bdi>" in page
    card = copy.model_card_file.read_text()
    assert "source_model.keras those of the domain it learned from" in card
    assert "promise nothing for the one that it was adapted to" in card
    assert "24 test images leave the accuracy open" in card
    found = FinishedRun(copy.path)
    assert "test accuracy" in repr(found)
    assert "; target accuracy" in repr(found)
    assert len(found.target_predictions()) == 24


def test_loggers_are_told_of_the_target_and_of_the_gap(adapted_run):
    told, metrics = TrackedRun(adapted_run).results(), adapted_run.metrics()
    assert told["target/accuracy"] == metrics["splits"]["target"]["accuracy"]
    assert told["adapt/after/mmd"] == metrics["adapt"]["after"]["mmd"]
    assert adapted_run.source_model_file in TrackedRun(adapted_run).files()
