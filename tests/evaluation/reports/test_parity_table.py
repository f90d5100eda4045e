"""The rows of parity.json as the command and the model card show them."""

import pytest

from keras_transfer.evaluation.reports.model_card import write_model_card
from keras_transfer.evaluation.reports.parity_table import draw_parity, list_cells
from keras_transfer.system.files.atomic_files import write_json

ROW = {
    "file": "saved_model",
    "signature": "serving_default",
    "size_bytes": 5_045_271,
    "latency_ms": 11.78,
    "load_seconds": 1.834,
    "images": 153,
    "max_difference": 3.04e-6,
    "mean_difference": 1.2e-7,
    "agreement": 0.974,
    "accuracy": 0.9281,
    "accuracy_interval": [0.8761, 0.9591],
    "expected_calibration_error": 0.0312,
    "reason": "",
    "temperature": 1.0,
}
REFERENCE = {
    "images": 153,
    "accuracy": 0.93,
    "accuracy_interval": [0.88, 0.96],
    "expected_calibration_error": 0.05,
}


def test_cells_are_rounded_and_named():
    assert list_cells(ROW) == {
        "file": "saved_model serving_default",
        "images": 153,
        "max": "3.0e-06",
        "mean": "1.2e-07",
        "same class": "97.4%",
        "accuracy": "0.928",
        "95 % interval": "0.876 - 0.959",
        "temperature": "1",
        "calibration error": "0.031",
        "MB": "5.05",
        "ms": "11.8",
        "load s": "1.83",
        "passed": "yes",
    }


@pytest.mark.parametrize(("reason", "passed"), [("", "not checked"), ("it broke", "no")])
def test_what_was_not_measured_has_no_numbers(reason, passed):
    row = {"file": "saved_model", "signature": "serve_bytes", "images": 0, "reason": reason}
    assert list_cells(row) == {"file": "saved_model serve_bytes", "images": 0, "passed": passed}


def test_both_tables_show_the_same_cells(run_copy):
    refused = ROW | {"file": "model.dynamic_int8.tflite.failed", "signature": ""}
    refused |= {"reason": "it differs", "temperature": 1.5}
    unchecked = {"file": "saved_model", "signature": "serve_bytes", "images": 0, "reason": ""}
    report = {"reference": REFERENCE, "artefacts": [ROW, unchecked | {"temperature": 1}, refused]}
    run_copy.exports.mkdir()
    write_json(run_copy.parity_file, report)
    write_model_card(run_copy, run_copy.metrics())
    printed = draw_parity(report, "image").splitlines()
    card = run_copy.model_card_file.read_text().splitlines()
    for row in report["artefacts"]:
        cells = list_cells(row)
        name = cells["file"]
        (line,) = (line.split() for line in printed if line.startswith(f"  {name} "))
        (shown,) = (line for line in card if line.startswith(f"| {name} "))
        for column in ("images", "max", "mean", "accuracy", "MB", "ms"):
            if column in cells:
                assert str(cells[column]) in line
                assert f"| {cells[column]} |" in shown
        assert shown.endswith(f" {cells['passed']} |")
    assert printed[-1].endswith("temperature 1.50, calibration error 0.050 -> 0.031")
    assert "model.dynamic_int8.tflite.failed: it differs." in card
