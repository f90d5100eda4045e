"""The command `export`: what it writes, accepts, refuses, and its exit code."""

import dataclasses
import importlib.util
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from keras_transfer import export
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.evaluate import evaluate_run
from keras_transfer.export import export_model, main
from keras_transfer.exports import saved_model
from keras_transfer.exports.exporters import EXPORTERS, choose_exporters
from keras_transfer.exports.loaders import load_artefact
from keras_transfer.exports.onnx import ONNX
from keras_transfer.predict import predict_images
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.train import fine_tune


@pytest.mark.thorough
def test_the_default_is_a_saved_model_and_a_float32_tflite(run_copy, capsys):
    assert main([str(run_copy.path)]) == 0
    shown = capsys.readouterr().out
    assert "saved_model serve_bytes" in shown
    assert shown.splitlines()[-4:] == [  # where each file is, and what runs it
        f"{run_copy.exports}/saved_model/1  TensorFlow Serving, TensorFlow",
        f"{run_copy.exports}/model.tflite  LiteRT (ai_edge_litert)",
        f"Code for each: {run_copy.model_card_file}",
        f"Next: python -m keras_transfer.predict {run_copy.exports}/saved_model IMAGES",
    ]
    assert "model.tflite" in shown
    found = sorted(path.name for path in run_copy.exports.iterdir())
    assert found == ["decision.json", "model.tflite", "parity.json", "saved_model"]
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
        assert row["max_difference"] < 1e-4
        assert row["size_bytes"] > 1000
        assert row["latency_ms"] > 0
        assert row["load_seconds"] > 0
    assert "model.tflite" in run_copy.model_card_file.read_text()


def swap(answer):
    return answer[:, ::-1]


def spoil(answer):
    return answer * float("nan")


def widen(answer):
    import keras

    return keras.ops.concatenate([answer, 0 * answer], axis=1)


FORMATS = ["saved_model", "tflite", "onnx"]


@pytest.mark.parametrize(
    ("change", "reason", "formats"),
    [
        pytest.param(swap, "a probability differs by", FORMATS, marks=pytest.mark.thorough),
        pytest.param(spoil, "numbers that are not finite", ["tflite"], marks=pytest.mark.slow),
        pytest.param(widen, "Received: 2 names and 4 classes", ["tflite"], marks=pytest.mark.slow),
    ],
)
def test_files_of_another_model_are_renamed_and_the_exit_code_is_1(
    run_copy, monkeypatch, capsys, change, reason, formats
):
    import keras

    make_source = saved_model.write_source

    def make_wrong(model, *others):
        wrong = keras.Model(model.input, change(model.output))
        return make_source(wrong, *others)

    monkeypatch.setattr(saved_model, "write_source", make_wrong)
    formats = [name for name in formats if name != "onnx" or has_onnx()]
    assert main([str(run_copy.path), "--formats", *formats]) == 1
    error = capsys.readouterr().err
    names = {f"{exporter.file}.failed" for exporter in choose_exporters(formats)}
    assert {path.name for path in run_copy.exports.iterdir()} == {"parity.json", *names}
    for name in names:
        assert f"error: {name} was not accepted: " in error
    assert error.count(reason) == len(names)
    assert "| no |" in run_copy.model_card_file.read_text()


@pytest.fixture
def unsure_copy(unsure_run, tmp_path):
    return Run(shutil.copytree(unsure_run.path, tmp_path / "unsure"))


@pytest.mark.thorough
def test_too_low_an_accuracy_is_exit_code_1(unsure_copy, capsys):
    words = [str(unsure_copy.path), "--formats", "tflite", "--assert_accuracy_at_least"]
    assert main([*words, "0.1"]) == 0
    assert main([*words, "1.0"]) == 1
    assert "Accuracy must be at least 1. Received: 0." in capsys.readouterr().err
    assert (unsure_copy.exports / "model.tflite").is_file()  # it answers as the model, so it stays


@pytest.mark.thorough  # two exports
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


@pytest.mark.thorough
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


def test_a_folder_in_place_of_the_model_card_is_named_before_the_long_work(run_copy):
    run_copy.model_card_file.unlink()
    run_copy.model_card_file.mkdir()
    with pytest.raises(ConfigError, match=r"model_card\.md of a run must be a file"):
        export_model(run_copy, ["tflite"])
    assert not run_copy.exports.exists()


def test_without_the_onnx_packages_one_line_says_how_to_get_them(monkeypatch):
    row = dataclasses.replace(ONNX, packages=("onnx", "no_such_package"))
    monkeypatch.setitem(EXPORTERS, "onnx", {"": row})
    with pytest.raises(ConfigError, match=r"no no_such_package. Run: pip install .*\[onnx\]"):
        choose_exporters(["onnx"])


def test_files_are_made_once_and_in_the_order_of_the_table():
    chosen = choose_exporters(["onnx", "tflite", "onnx"] if has_onnx() else ["tflite"], ["int8"])
    files = [exporter.file for exporter in chosen]
    assert files == ["model.int8.tflite", *(["model.onnx"] if has_onnx() else [])]


def has_onnx():
    return all(importlib.util.find_spec(name) for name in ONNX.packages)


def test_images_that_are_gone_are_named_before_tensorflow_loads(run_copy, monkeypatch):
    monkeypatch.setattr(export, "import_tensorflow", lambda: pytest.fail("it was loaded"))
    config = run_copy.config_file.read_text()
    run_copy.config_file.write_text(config.replace("/stripes", "/elsewhere"))
    with pytest.raises(ConfigError, match=r"elsewhere.* say where they are with --dataset\.$"):
        export_model(run_copy)
    assert not run_copy.exports.exists()


def test_images_that_are_not_there_are_said_before_tensorflow_loads(finished_run, monkeypatch):
    monkeypatch.setattr(export, "import_tensorflow", lambda: pytest.fail("it was loaded"))
    with pytest.raises(ConfigError, match=r"`dataset` must be .*Received: gone"):
        export.export_model(finished_run, dataset="gone")


@pytest.mark.thorough
def test_images_that_have_moved_are_found_where_they_are_said_to_be(run_copy, stripes):
    config = run_copy.config_file.read_text()
    run_copy.config_file.write_text(config.replace(str(stripes), "/elsewhere"))
    words = [str(run_copy.path), "--formats", "tflite", "--dataset", str(stripes)]
    assert main(words) == 0


@pytest.mark.slow
def test_images_that_no_server_decodes_alike_are_said_to_be_unchecked(tmp_path, tiny_config):
    """All of them transparent: `serve_bytes` lays them on white, but plain files only are equal."""
    random = np.random.default_rng(0)
    for name, shade in (("dark", 60), ("light", 200)):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(8):
            pixels = (shade + random.integers(-20, 20, (40, 40, 4))).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"set/{name}/{number}.png")
    frozen, finetune = FrozenConfig(epochs=1), FinetuneConfig(epochs=0)
    config = dataclasses.replace(tiny_config, dataset=str(tmp_path / "set"))
    run = fine_tune(dataclasses.replace(config, frozen=frozen, finetune=finetune))
    report = export_model(run, "saved_model")
    rows = {row["signature"]: row for row in report["artefacts"]}
    assert rows["serve_uint8"]["images"] > 0
    assert rows["serve_bytes"]["images"] == 0
    assert "| not checked |" in run.model_card_file.read_text()


def test_a_choice_of_nothing_is_refused():
    with pytest.raises(ConfigError, match="at least one of saved_model, tflite, onnx"):
        choose_exporters([])
    with pytest.raises(ConfigError, match="at least one of"):
        choose_exporters(["tflite"], [])
    with pytest.raises(ConfigError, match="must hold tflite where kinds of it are chosen"):
        choose_exporters(["saved_model"], ["int8"])


def test_help_answers_without_tensorflow():
    code = (
        "import contextlib, sys; from keras_transfer import export, predict\n"
        "for command in (export, predict):\n"
        "    with contextlib.suppress(SystemExit): command.main(['--help'])\n"
        "assert not {'tensorflow', 'keras', 'sklearn', 'onnx'} & set(sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ended.stdout.count("usage:") == 2


@pytest.mark.thorough
def test_the_runs_own_answers_are_those_of_its_artefacts(exported_run, stripes):
    own = evaluate_run(exported_run)
    files = [stripes / path for path in own.paths]
    for path in (exported_run.path, *map(exported_run.exports.joinpath, EXACT)):
        found = predict_images(path, files)
        assert load_artefact(path).usage.class_names == own.class_names
        np.testing.assert_allclose(found.probabilities, own.probabilities, atol=1e-5)


EXACT = ("saved_model", "model.tflite", "model.onnx")
