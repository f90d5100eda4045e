"""The main job, end to end, on the tiny backbone."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.run.load_settings import load_config
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table
from keras_transfer.train import fine_tune

FILES = {
    "backbone_drift.csv",
    "class_names.txt",
    "config.yaml",
    "confusion_matrix.csv",
    "data_report.json",
    "environment.json",
    "figures",
    "freeze_table.csv",
    "history.csv",
    "metrics.json",
    "model.keras",
    "model_card.md",
    "neighbours.npz",
    "per_class.csv",
    "predictions.csv",
    "report.html",
    "split.csv",
    "train.log",
    "unusual.csv",
}

FIGURES = {"augmentation", "backbone_drift", "confusion_matrix", "learning_curves", "per_class"}
FIGURES |= {"top_losses"}


def test_a_run_leaves_what_was_promised(finished_run):
    assert {path.name for path in finished_run.path.iterdir()} == FILES
    figures = {path.name for path in finished_run.figures.iterdir()}
    assert figures == {f"{name}.png" for name in FIGURES}
    metrics = finished_run.metrics()
    assert metrics["backbone"] == "tiny"
    assert metrics["weights"] == "none"
    assert list(metrics["phases"]) == ["frozen", "finetune"]
    assert metrics["splits"]["validation"]["images"] == 24
    assert metrics["splits"]["test"]["images"] == 24
    low, high = metrics["splits"]["test"]["accuracy_interval"]
    assert low <= metrics["splits"]["test"]["accuracy"] <= high
    assert finished_run.class_names() == ("level", "upright")


def test_the_run_learns_and_says_what_it_predicts(finished_run):
    metrics = finished_run.metrics()
    assert metrics["splits"]["test"]["accuracy"] > 0.8
    table = finished_run.predictions_table()
    right = [t == p for t, p in zip(table["truth"], table["prediction"], strict=True)]
    tested = [s == "test" for s in table["split"]]
    share = np.mean(np.array(right)[tested])
    assert share == pytest.approx(metrics["splits"]["test"]["accuracy"])


def test_each_class_of_each_split_has_its_numbers(finished_run):
    table = read_table(finished_run.per_class_file)
    assert table["split"] == ["validation", "validation", "test", "test"]
    assert table["class"] == ["level", "upright"] * 2
    assert table["support"] == ["12"] * 4
    recall = np.mean([float(cell) for cell in table["recall"][2:]])
    assert recall == pytest.approx(finished_run.metrics()["splits"]["test"]["accuracy"], abs=1e-5)
    confused = read_table(finished_run.confusion_file)
    assert confused["truth"] == table["class"]


def test_kept_phase_and_best_epoch_agree_with_the_predictions(finished_run):
    """The accuracy of the selected epoch in history.csv is that of model.keras."""
    metrics = finished_run.metrics()
    kept = metrics["phases"][metrics["kept_phase"]]
    assert kept["validation_accuracy"] == pytest.approx(
        metrics["splits"]["validation"]["accuracy"], abs=1e-6
    )


def test_no_image_is_in_two_splits(finished_run):
    table = read_table(finished_run.split_file)
    homes = {}
    for sha256, split in zip(table["sha256"], table["split"], strict=True):
        homes.setdefault(sha256, set()).add(split)
    assert all(len(found) == 1 for found in homes.values())
    assert set(table["split"]) == {"train", "validation", "test"}


def test_the_kept_config_and_seed_repeat_the_run(finished_run, tmp_path):
    again = fine_tune(load_config(finished_run.config_file, output=tmp_path))
    columns = [name for name in finished_run.history_table() if name != "seconds"]
    first, second = finished_run.history_table(), again.history_table()
    assert all(first[name] == second[name] for name in columns)
    assert again.predictions_file.read_bytes() == finished_run.predictions_file.read_bytes()


@pytest.mark.thorough
def test_another_seed_gives_another_run(unsure_run, tmp_path):
    other = fine_tune(load_config(unsure_run.config_file, output=tmp_path, seed=1))
    assert other.history_table()["loss"] != unsure_run.history_table()["loss"]


def test_the_seconds_of_the_parts_are_those_of_the_whole(finished_run):
    seconds = finished_run.metrics()["seconds"]
    total = seconds.pop("total")
    parts = ["start", "data", "model", "images", "figures", "statistics", "cache"]
    assert list(seconds) == [*parts, "frozen", "finetune", "finish", "report"]
    assert sum(seconds.values()) == pytest.approx(total, abs=0.1)


OPEN_ELSEWHERE = """
import json, sys
sys.modules["keras_transfer"] = None  # an import of it fails
import keras, numpy as np
model = keras.models.load_model(sys.argv[1])
pixels = np.load(sys.argv[2]).astype("float32")
out = model.predict(pixels, verbose=0)
layers = model._flatten_layers(include_self=False)
print(json.dumps([out.tolist(), str(model.input.dtype), list(model.input.shape),
                  getattr(model, "optimizer", None) is None,
                  sorted({layer.dtype_policy.name for layer in layers})]))
"""


def open_elsewhere(run, pixels, tmp_path):
    np.save(tmp_path / "pixels.npy", pixels)
    answer = subprocess.run(
        [sys.executable, "-c", OPEN_ELSEWHERE, run.model_file, tmp_path / "pixels.npy"],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.thorough
@pytest.mark.parametrize(
    "precision", ["float32", pytest.param("mixed_float16", marks=pytest.mark.slow)]
)
def test_model_opens_without_this_package(precision, finished_run, tiny_config, stripes, tmp_path):
    """Also after mixed precision: trained in 16 bits, saved in 32."""
    import keras

    run = finished_run
    if precision != "float32":
        run = fine_tune(dataclasses.replace(tiny_config, precision=precision))
        assert keras.config.dtype_policy().name == "float32"  # put back
    import tensorflow as tf

    from keras_transfer.config.pixels.preparation import Preparation
    from keras_transfer.images.decoding.graph_decoding import decode_square

    table = run.predictions_table()
    rows = [index for index, split in enumerate(table["split"]) if split == "test"]
    files = [str(stripes / table["path"][index]) for index in rows]
    images = tf.data.Dataset.from_tensor_slices(files).map(
        lambda f: decode_square(f, 32, Preparation())
    )
    pixels = np.stack([*images.as_numpy_iterator()])
    out, dtype, shape, bare, policies = open_elsewhere(run, pixels, tmp_path)
    assert dtype == "float32"
    assert shape == [None, 32, 32, 3]
    assert bare
    assert policies == ["float32"]
    wanted = [[float(table[f"probability_{n}"][i]) for n in run.class_names()] for i in rows]
    np.testing.assert_allclose(out, wanted, atol=2e-6)


@pytest.mark.thorough
def test_an_earlier_run_serves_as_weights(finished_run, tiny_config):
    config = dataclasses.replace(
        tiny_config,
        weights=str(finished_run.path),
        frozen=dataclasses.replace(tiny_config.frozen, epochs=1),
        finetune=FinetuneConfig(epochs=0),
    )
    run = fine_tune(config)
    assert run.metrics()["weights"] == "file"
    assert len(run.metrics()["weights_sha256"]) == 64
    assert list(run.metrics()["phases"]) == ["frozen"]
    import keras

    old, new = (keras.models.load_model(r.model_file) for r in (finished_run, run))
    pairs = zip(
        old.get_layer("backbone").get_weights(),
        new.get_layer("backbone").get_weights(),
        strict=True,
    )
    assert all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.thorough
def test_zero_epochs_skip_the_frozen_phase(tiny_config):
    frozen = dataclasses.replace(tiny_config.frozen, epochs=0)
    run = fine_tune(dataclasses.replace(tiny_config, frozen=frozen))
    assert list(run.metrics()["phases"]) == ["finetune"]


@pytest.mark.thorough
def test_bad_files_are_left_out_or_refused(stripes, tiny_config, tmp_path):
    import shutil

    shutil.copytree(stripes, tmp_path / "set")
    (tmp_path / "set/train/level/torn.png").write_bytes(b"\x89PNG no picture")
    config = dataclasses.replace(tiny_config, dataset=str(tmp_path / "set"))
    run = fine_tune(config)
    report = json.loads(run.data_report_file.read_text())
    assert [entry["path"] for entry in report["unusable"]] == ["train/level/torn.png"]
    assert "torn.png" in run.log_file.read_text()
    strict = dataclasses.replace(config, data=DataConfig(on_bad_file="error", image_size=32))
    with pytest.raises(ConfigError, match=r"torn\.png"):
        fine_tune(strict)


def test_a_validation_split_without_a_usable_image_is_refused(stripes, tiny_config, tmp_path):
    (tmp_path / "set/val/level").mkdir(parents=True)
    (tmp_path / "set/train").symlink_to(stripes / "train")
    (tmp_path / "set/val/level/torn.png").write_bytes(b"no picture")
    with pytest.raises(ConfigError, match="validation split must have at least one"):
        fine_tune(dataclasses.replace(tiny_config, dataset=str(tmp_path / "set")))


@pytest.mark.thorough
def test_mixed_precision_counts_what_learned(tiny_config, finished_run):
    config = dataclasses.replace(
        tiny_config, precision="mixed_bfloat16", finetune=FinetuneConfig(epochs=0)
    )
    assert fine_tune(config).metrics()["parameters"] == {
        "total": finished_run.metrics()["parameters"]["total"],
        "trainable": 16 * 2 + 2,
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"backbone": "efficentnetb0"}, "Did you mean 'efficientnetb0'"),
        ({"dataset": "no/such/folder"}, "no/such/folder"),
        ({"strategy": "two-phase"}, "Did you mean 'two_phase'"),
        ({"finetune": FinetuneConfig(locked_layers=13)}, "between 0 and 12"),
        ({"finetune": FinetuneConfig(locked_layers="block9")}, "block1 … block3"),
        ({"weights": "no.weights.h5"}, "no.weights.h5"),
    ],
)
def test_what_cannot_work_is_said_and_leaves_nothing(change, message, tiny_config, tmp_path):
    config = dataclasses.replace(tiny_config, output=tmp_path / "runs", **change)
    with pytest.raises(ConfigError) as caught:
        fine_tune(config)
    assert message in str(caught.value)
    assert not list((tmp_path / "runs").glob("*"))


def test_an_existing_run_is_never_overwritten(finished_run, tiny_config):
    with pytest.raises(ConfigError, match="which exists"):
        fine_tune(dataclasses.replace(tiny_config, name=finished_run.path.name))


def test_listing_the_backbones_needs_no_tensorflow():
    code = (
        "import sys; from keras_transfer.train import main; main(['--list_backbones=true']);"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "efficientnetb0" in answer.stdout
    assert "resnet50" in answer.stdout
