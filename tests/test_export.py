"""The command `export`: what it writes, accepts, refuses, and its exit code."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from keras_transfer.config import ConfigError
from keras_transfer.evaluate import evaluate_run
from keras_transfer.export import export_model, main
from keras_transfer.exports import exporters
from keras_transfer.exports.artefacts import load_artefact
from keras_transfer.exports.exporters import choose_exporters
from keras_transfer.predict import predict_images
from keras_transfer.run import Run


def test_the_default_is_a_saved_model_and_a_float32_tflite(run_copy, capsys):
    assert main([str(run_copy.path)]) == 0
    shown = capsys.readouterr().out
    assert "saved_model serve_bytes" in shown
    assert "model.tflite" in shown
    found = sorted(path.name for path in run_copy.exports.iterdir())
    assert found == ["model.tflite", "parity.json", "saved_model"]
    report = json.loads(run_copy.parity_file.read_text())
    signatures = [(row["file"], row["signature"]) for row in report["artefacts"]]
    assert signatures == [
        ("saved_model", "serving_default"),
        ("saved_model", "serve_uint8"),
        ("saved_model", "serve_bytes"),
        ("model.tflite", ""),
    ]
    accuracy = run_copy.metrics()["splits"]["validation"]["accuracy"]
    for row in report["artefacts"]:
        assert row["images"] == 24
        assert row["accuracy"] == accuracy
        assert 0 < row["max_difference"] < 1e-4 or row["max_difference"] == 0
        assert row["size_bytes"] > 1000
        assert row["latency_ms"] > 0
        assert row["load_seconds"] > 0
    assert "model.tflite" in run_copy.model_card_file.read_text()


def test_a_file_that_answers_differently_is_renamed_and_the_exit_code_is_1(
    run_copy, monkeypatch, capsys
):
    """A converter that mixes up the classes, as a wrong preprocessing would."""
    from keras_transfer.exports import tflite

    def write_wrong(kind, saved_model, usage, sample, file):
        import tensorflow as tf

        function = tf.function(
            lambda images: {"probabilities": tf.reduce_mean(images, (1, 2))[:, :2] / 255},
            input_signature=[tf.TensorSpec((None, 32, 32, 3), tf.float32, name="images")],
        )
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [function.get_concrete_function()], tf.Module()
        )
        file.write_bytes(converter.convert())

    monkeypatch.setattr(tflite, "write_tflite", write_wrong)
    assert main([str(run_copy.path), "--formats", "tflite"]) == 1
    assert "model.tflite.failed was not accepted: a probability" in capsys.readouterr().err
    assert not (run_copy.exports / "model.tflite").exists()
    assert (run_copy.exports / "model.tflite.failed").is_file()
    assert "| no |" in run_copy.model_card_file.read_text()


@pytest.fixture
def unsure_copy(unsure_run, tmp_path):
    return Run(shutil.copytree(unsure_run.path, tmp_path / "unsure"))


def test_too_low_an_accuracy_is_exit_code_1(unsure_copy, capsys):
    words = [str(unsure_copy.path), "--formats", "tflite", "--assert_accuracy_at_least"]
    assert main([*words, "0.1"]) == 0
    assert main([*words, "1.0"]) == 1
    assert "Accuracy must be at least 1. Received: 0." in capsys.readouterr().err
    assert (unsure_copy.exports / "model.tflite").is_file()  # it answers as the model, so it stays


def test_calibration_is_inside_the_exports_and_not_in_the_run(unsure_copy, stripes):
    report = export_model(unsure_copy, ["tflite"], calibrate=True)
    (row,) = report["artefacts"]
    assert row["temperature"] != 1
    assert row["reason"] == ""
    own = evaluate_run(unsure_copy)
    scaled = predict_images(
        unsure_copy.exports / "model.tflite", [stripes / path for path in own.paths]
    )
    logits = np.log(own.probabilities) / row["temperature"]
    wanted = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(scaled.probabilities, wanted, atol=1e-5)
    np.testing.assert_array_equal(scaled.probabilities.argmax(1), own.probabilities.argmax(1))


def test_what_was_exported_before_stays(run_copy):
    export_model(run_copy, ["tflite"])
    before = (run_copy.exports / "model.tflite").stat().st_mtime_ns
    report = export_model(run_copy, ["tflite"], ["float16"])
    assert [row["file"] for row in report["artefacts"]] == ["model.tflite", "model.float16.tflite"]
    assert (run_copy.exports / "model.tflite").stat().st_mtime_ns == before


def test_names_are_checked_before_anything_is_written(run_copy):
    with pytest.raises(ConfigError, match="Unknown format 'tflight'"):
        export_model(run_copy, ["tflight"])
    with pytest.raises(ConfigError, match="Unknown kind of TFLite file 'int4'"):
        export_model(run_copy, ["tflite"], ["int4"])
    assert not run_copy.exports.exists()


def test_without_the_onnx_packages_one_line_says_how_to_get_them(monkeypatch):
    monkeypatch.setattr(exporters, "ONNX_PACKAGES", ("onnx", "no_such_package"))
    with pytest.raises(ConfigError, match=r"no no_such_package. Run: pip install .*\[onnx\]"):
        choose_exporters(["onnx"], [])


def test_files_are_made_once_and_in_the_order_of_the_table():
    chosen = choose_exporters(["onnx", "tflite", "onnx"] if _has_onnx() else ["tflite"], ["int8"])
    files = [exporter.file for exporter in chosen]
    assert files == ["model.int8.tflite", *(["model.onnx"] if _has_onnx() else [])]


def _has_onnx():
    import importlib.util

    return all(importlib.util.find_spec(name) for name in exporters.ONNX_PACKAGES)


def test_images_that_are_gone_are_named(run_copy):
    config = run_copy.config_file.read_text()
    run_copy.config_file.write_text(config.replace("/stripes", "/elsewhere"))
    with pytest.raises(ConfigError):
        export_model(run_copy)


def test_help_answers_without_tensorflow():
    code = (
        "import sys, keras_transfer.export, keras_transfer.predict; "
        "assert not {'tensorflow', 'keras', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_runs_own_answers_are_those_of_its_artefacts(exported_run, stripes):
    own = evaluate_run(exported_run)
    files = [stripes / path for path in own.paths]
    for path in (exported_run.path, *map(exported_run.exports.joinpath, EXACT)):
        found = predict_images(path, files)
        assert load_artefact(path).usage.class_names == own.class_names
        np.testing.assert_allclose(found.probabilities, own.probabilities, atol=1e-5)


EXACT = ("saved_model", "model.tflite", "model.onnx")
