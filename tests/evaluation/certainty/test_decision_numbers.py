import numpy as np
import pytest

from keras_transfer.evaluation.certainty.decision_numbers import (
    find_decisions,
    read_limits,
    write_decisions,
)
from keras_transfer.evaluation.certainty.prediction_sets import find_limits
from keras_transfer.run.predictions_csv import read_run_predictions, soften
from keras_transfer.system.errors import ConfigError


def test_exports_that_were_moved_away_know_what_their_run_knows(run_copy, tmp_path):
    run_copy.exports.mkdir()
    write_decisions(run_copy, {"model.onnx": 1.0, "saved_model": 1.0})
    moved = run_copy.exports.rename(tmp_path / "moved")
    known, names = read_limits(run_copy), run_copy.class_names()
    for place in (moved / "model.onnx", moved / "saved_model/1", moved / "saved_model"):
        found = find_decisions(place, names)
        for class_wise in (False, True):
            limits = known.find_limits(0.8, class_wise)
            assert found.find_limits(0.8, class_wise).tolist() == limits.tolist()
        assert found.choose_threshold(0.9) == known.choose_threshold(0.9)


def test_a_temperature_that_scales_an_export_scales_its_limits(run_copy):
    run_copy.exports.mkdir()
    write_decisions(run_copy, {"plain.onnx": 1.0, "scaled.onnx": 5.0})
    held = read_run_predictions(run_copy).select("validation")
    for name, scale in (("plain.onnx", 1.0), ("scaled.onnx", 5.0)):
        probabilities = soften(held.probabilities, scale)
        found = find_decisions(run_copy.exports / name, held.class_names).find_limits(0.8, False)
        assert found == pytest.approx(find_limits(probabilities, held.truth, 0.8), abs=1e-6)


@pytest.mark.parametrize(
    ("name", "names", "message"),
    [
        ("model.int8.tflite", None, r"Received: model\.int8\.tflite\. Ask .* one of model\.onnx"),
        ("model.onnx", ("a", "b", "c"), r"must be of the classes of model\.onnx"),
    ],
)
def test_decisions_of_another_model_are_refused(run_copy, name, names, message):
    run_copy.exports.mkdir()
    write_decisions(run_copy, {"model.onnx": 1.0})
    with pytest.raises(ConfigError, match=message):
        find_decisions(run_copy.exports / name, names or run_copy.class_names())


def test_an_export_without_decisions_says_what_it_needs(tmp_path):
    with pytest.raises(ConfigError, match=r"beside it\. Received: .*which has neither"):
        find_decisions(tmp_path / "model.tflite", ("a", "b"))


def test_an_export_names_the_shares_it_knows(run_copy):
    run_copy.exports.mkdir()
    write_decisions(run_copy, {"model.onnx": 1.0})
    found = find_decisions(run_copy.exports / "model.onnx", run_copy.class_names())
    with pytest.raises(ConfigError, match=r"`coverage` must be one of .*: 0.8.* Received: 0.85"):
        found.find_limits(0.85, False)


def test_more_coverage_than_the_images_can_promise_is_refused(run_copy):
    decisions = read_limits(run_copy)
    with pytest.raises(ConfigError, match=r"`coverage` 0\.999 needs 999 validation examples"):
        decisions.find_limits(0.999, False)
    few = int(np.bincount(decisions.validation.truth).max())
    with pytest.raises(ConfigError, match=rf"of a class or more\. Received: {few}"):
        decisions.find_limits(few / (few + 1) + 0.01, True)


def test_predictions_that_are_gone_are_named(run_copy):
    run_copy.predictions_file.unlink()
    with pytest.raises(ConfigError, match=r"predictions\.csv"):
        read_limits(run_copy)


def test_a_run_without_predictions_is_exported_without_decisions(run_copy, caplog):
    run_copy.exports.mkdir()
    write_decisions(run_copy, {"model.onnx": 1.0})
    run_copy.predictions_file.unlink()
    write_decisions(run_copy, {"model.onnx": 1.0})
    assert not (run_copy.exports / "decision.json").exists()  # it would be of the former export
    assert "Without decision.json: " in caplog.text


def test_the_coverage_that_is_advised_is_granted(run_copy):
    decisions = read_limits(run_copy)
    for class_wise in (False, True):
        with pytest.raises(ConfigError) as error:
            decisions.find_limits(0.9999, class_wise)
        advised = float(str(error.value).split("Ask for ")[1].split()[0])
        assert decisions.find_limits(advised, class_wise).max() > 0


def test_an_export_refuses_class_wise_sets_where_its_run_does(run_copy):
    run_copy.exports.mkdir()
    write_decisions(run_copy, {"model.onnx": 1.0})
    found = find_decisions(run_copy.exports / "model.onnx", run_copy.class_names())
    for known in (read_limits(run_copy), found):
        assert known.find_limits(0.95, False).max() > 0  # 24 images, 12 of a class
        with pytest.raises(ConfigError, match="needs 19 validation examples of a class or more"):
            known.find_limits(0.95, True)


def test_images_of_a_domain_that_was_adapted_to_are_promised_nothing(run_copy, caplog):
    run_copy.target_file.touch()
    read_limits(run_copy)  # for its own images
    assert not caplog.text
    find_decisions(run_copy.model_file, run_copy.class_names())
    assert "adapted to they promise nothing" in caplog.text
