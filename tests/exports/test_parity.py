"""The limits of each kind of file, and what becomes of one that breaks them."""

import hashlib
import json

import numpy as np
import pytest

from keras_transfer.evaluation.reports.parity_table import draw_parity
from keras_transfer.exports.exporter_row import EXACT, Limits
from keras_transfer.exports.parity import (
    Result,
    check_artefact,
    compare_answers,
    keep_artefact,
    list_results,
)
from keras_transfer.exports.reference_answers import Yardstick
from keras_transfer.exports.tflite import ROUNDED, TFLITE

REFERENCE = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.50005, 0.49995]])
TRUTH = np.array([0, 1, 1, 0])


def compare(answers, limits):
    return compare_answers(np.array(answers), REFERENCE, TRUTH, limits)


def test_equal_answers_pass_every_limit():
    strict = Limits(difference=0, agreement=1, loss=0)
    found = compare(REFERENCE, strict)
    assert found["reason"] == ""
    assert (found["max_difference"], found["agreement"], found["accuracy"]) == (0, 1, 0.75)
    low, high = found["accuracy_interval"]
    assert low < 0.75 < high


def test_a_difference_above_the_limit_is_named():
    answers = REFERENCE + np.outer([1, 0, 0, 0], [1.1e-4, -1.1e-4])
    found = compare(answers, EXACT)
    assert found["max_difference"] == pytest.approx(1.1e-4)
    assert found["mean_difference"] == pytest.approx(1.1e-4 / 4)
    assert found["reason"] == "a probability differs by 1.1e-04, more than 1e-04"
    assert compare(answers, ROUNDED)["reason"] == ""


def test_images_that_rounding_may_decide_do_not_count_as_disagreement():
    answers = REFERENCE.copy()
    answers[3] = answers[3, ::-1]  # its classes differ by 1e-4
    assert compare(answers, Limits(agreement=1.0))["agreement"] == 1
    answers[2] = answers[2, ::-1]
    found = compare(answers, ROUNDED)
    assert found["agreement"] == pytest.approx(2 / 3)
    assert found["reason"] == "its first class differs on 33.3% of the examples, more than 1.0%"


def test_int8_may_lose_two_points_of_accuracy_and_gain_any():
    limits = TFLITE["int8"].limits
    truth, reference = np.zeros(100, int), np.tile([0.9, 0.1], (100, 1))
    answers = reference.copy()
    answers[:2] = 0.1, 0.9
    assert compare_answers(answers, reference, truth, limits)["reason"] == ""
    assert compare_answers(reference, answers, truth, limits)["reason"] == ""
    answers[2] = 0.1, 0.9
    reason = compare_answers(answers, reference, truth, limits)["reason"]
    assert reason == "its accuracy is 3.0% lower, more than 2.0%"


def test_numbers_that_are_not_finite_never_pass():
    answers = REFERENCE.copy()
    answers[0, 0] = np.nan
    assert "not finite" in compare(answers, Limits())["reason"]


def test_answers_for_other_classes_never_pass():
    for answers in (REFERENCE[:, :1], np.tile(REFERENCE, 2), REFERENCE[:3]):
        assert "it answers in the shape" in compare(answers, Limits())["reason"]


def test_int8_with_the_classes_mixed_up_does_not_pass_by_an_equal_accuracy():
    truth, reference = np.array([0, 1, 0, 1]), np.tile([0.9, 0.1], (4, 1))
    found = compare_answers(reference[:, ::-1], reference, truth, TFLITE["int8"].limits)
    assert found["accuracy"] == 0.5
    assert "its first class differs on 100.0%" in found["reason"]


@pytest.fixture
def yardstick(tmp_path):
    np.save(tmp_path / "taken.npy", np.zeros((4, 8, 8, 3), np.uint8))
    return Yardstick(
        taken=tmp_path / "taken.npy",
        raw=np.array(["a", "b", "c", "d"]),
        plain=np.ones(4, bool),
        truth=TRUTH,
        reference=REFERENCE,
    )


def test_a_file_that_its_runtime_cannot_load_fails_with_the_reason(tmp_path, yardstick, run_copy):
    file = tmp_path / "model.tflite"
    file.write_bytes(b"not a model" * 100)
    (row,) = check_artefact(file, EXACT, yardstick)
    assert "its runtime" in row["reason"]
    run_copy.exports.mkdir()
    reference = {"accuracy": 1.0, "accuracy_interval": [0.5, 1.0], "images": 4}
    reference |= {"expected_calibration_error": 0.1}
    report = keep_artefact(run_copy, file, [row | {"temperature": 1.0}], reference)
    found = sorted(path.name for path in run_copy.exports.iterdir())
    assert found == ["model.tflite.failed", "parity.json"]
    assert json.loads(run_copy.parity_file.read_text()) == report
    assert "model.tflite.failed" in draw_parity(report, "image")
    (result,) = list_results(report, ["model.tflite"])
    assert (result.file, result.accepted) == ("model.tflite.failed", False)
    assert (result.reason, result.accuracy) == (row["reason"], None)


def test_a_better_export_takes_the_place_of_a_failed_one(tmp_path, run_copy):
    run_copy.exports.mkdir()

    measured = {"accuracy": 1.0, "accuracy_interval": [0.5, 1.0]}
    reference = {"images": 3, "expected_calibration_error": 0.0} | measured

    def keep(name, reason):
        written = tmp_path / name
        written.write_text(reason or "good")
        row = {"signature": "", "images": 3, "reason": reason, "temperature": 1.0}
        return keep_artefact(run_copy, written, [row], reference)

    keep("model.tflite", "")
    keep("model.onnx", "wrong")
    report = keep("model.tflite", "wrong")  # the earlier good one stays
    assert [row["file"] for row in report["artefacts"]] == [
        "model.tflite",
        "model.onnx.failed",
        "model.tflite.failed",
    ]
    report = keep("model.onnx", "")
    assert [row["file"] for row in report["artefacts"]] == [
        "model.tflite",
        "model.tflite.failed",
        "model.onnx",
    ]
    assert not (run_copy.exports / "model.onnx.failed").exists()
    assert (run_copy.exports / "model.tflite").read_text() == "good"
    hashes = {row["file"]: row["sha256"] for row in report["artefacts"]}
    assert hashes["model.tflite"] == hashlib.sha256(b"good").hexdigest()


def test_the_result_of_an_artefact_is_that_of_its_last_export():
    def make_row(file, signature, reason, accuracy):
        return {"file": file, "signature": signature, "reason": reason, "accuracy": accuracy}

    rows = [
        make_row("saved_model", "serving_default", "", 0.9),
        {"file": "saved_model", "signature": "serve_bytes", "reason": "", "images": 0},
        make_row("model.tflite", "", "", 0.8),
        make_row("model.tflite.failed", "", "it differs", 0.7),
        make_row("model.onnx", "", "", 0.6),
    ]
    found = list_results({"artefacts": rows}, ["saved_model", "model.tflite"])
    assert found == [
        Result(file="saved_model", reason="", accuracy=0.9),
        Result(file="model.tflite.failed", reason="it differs", accuracy=0.7),
    ]
    assert [result.accepted for result in found] == [True, False]


def test_one_signature_that_breaks_a_limit_has_the_whole_file_refused():
    rows = [
        {"file": "saved_model.failed", "signature": name, "reason": reason, "accuracy": 0.5}
        for name, reason in (("serving_default", ""), ("serve_bytes", "it differs"))
    ]
    (result,) = list_results({"artefacts": rows}, ["saved_model"])
    assert (result.accepted, result.reason) == (False, "it differs")
