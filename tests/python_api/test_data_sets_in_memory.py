"""What is in memory is taken wherever a data set is."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import keras_transfer as kt
from keras_transfer.run.run_directory import Run


@pytest.fixture(scope="module")
def stripe_arrays(stripes):
    """The images of `stripes` as floats in [0, 1], with their class names, split by split."""
    found = {}
    for split in ("train", "val", "test"):
        files = sorted((stripes / split).glob("*/*.png"))
        pixels = np.stack([np.asarray(Image.open(file)) for file in files])
        found[split] = pixels / np.float32(255), np.array([file.parent.name for file in files])
    return found


@pytest.fixture(scope="module")
def array_run(stripe_arrays, tiny_config, tmp_path_factory):
    """A finished run on arrays, whose cache is gone."""
    folder = tmp_path_factory.mktemp("arrays")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_TRANSFER_CACHE", str(folder / "cache"))
        config = kt.load_config(
            dataset=(stripe_arrays["train"], stripe_arrays["val"]),
            **{"backbone": "tiny", "weights": "none", "quiet": True, "output": folder},
            data={"image_size": 32, "batch_size": 16},
            frozen={"epochs": 1, "learning_rate": 0.03},
            finetune={"epochs": 1, "learning_rate": 0.01},
        )
        yield kt.fine_tune(config)


@pytest.mark.thorough
def test_a_run_on_arrays_is_one_on_files(array_run):
    assert isinstance(array_run, kt.Run)
    assert len(array_run.history()) == 2
    config = kt.load_config(array_run.path / "config.yaml")
    assert config.dataset.endswith("labels.csv")
    assert config.data.value_range == "0.0,1.0"
    assert "floats in [0, 1], of which 0 is black and 1 is white" in array_run.log_file.read_text()
    counts = array_run.metrics()["splits"]["validation"]
    assert counts["images"] == 24
    assert "test" not in array_run.metrics()["splits"]


@pytest.mark.thorough
def test_predict_takes_arrays_as_the_training_did(array_run, stripe_arrays):
    images, labels = stripe_arrays["val"]
    own = kt.evaluate_run(array_run, split="validation")
    told = kt.predict_images(array_run, images).probabilities
    again = kt.predict_images(array_run, (images * 255).round().astype(np.uint8)).probabilities
    assert np.array_equal(told, again)
    places = [int(path.rpartition("/")[2].removesuffix(".png")) for path in own.paths]
    in_order = own.probabilities[np.argsort(places)]
    assert sorted(places) == list(range(len(labels)))
    assert np.abs(told - in_order).max() < 1e-5


@pytest.mark.thorough
def test_evaluate_and_check_take_what_is_in_memory(array_run, stripe_arrays):
    own = kt.evaluate_run(array_run, split="validation")
    other = kt.evaluate_run(array_run, stripe_arrays["val"])
    assert np.allclose(np.sort(own.probabilities, 0), np.sort(other.probabilities, 0), atol=1e-5)
    report = kt.check_dataset((stripe_arrays["train"], stripe_arrays["val"]))
    assert report["images"] == 104
    assert report["refusal"] == ""


def test_equal_images_in_two_given_splits_are_found(stripe_arrays, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path))
    images, labels = stripe_arrays["train"]
    report = kt.check_dataset(((images, labels), (images[:3], labels[:3])))
    assert [len(group["paths"]) for group in report["duplicates"]] == [2, 2, 2]
    assert {split for group in report["duplicates"] for split in group["splits"]} == {
        "train",
        "validation",
    }


def test_another_range_than_that_of_the_floats_is_refused(stripe_arrays, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    config = kt.load_config(
        dataset=stripe_arrays["train"], output=tmp_path, data={"value_range": "0.0,0.5"}
    )
    with pytest.raises(kt.ConfigError, match=r"`data.value_range` must be auto.*Received: 0.0,0.5"):
        kt.fine_tune(config)


def test_what_is_no_data_set_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(kt.ConfigError, match="Labels are missing"):
        kt.load_config(dataset=np.zeros((4, 8, 8)), output=tmp_path / "runs")
    with pytest.raises(kt.ConfigError, match="Received: int"):
        kt.compare_runs(dataset=5, output=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.thorough
def test_the_run_can_be_exported_with_its_arrays_in_hand(array_run, stripe_arrays, monkeypatch):
    """The cache may be empty by then: what is in memory is written there once more."""
    config = kt.load_config(array_run.path / "config.yaml")
    shutil.rmtree(Path(config.dataset).parent)
    report = kt.export_model(
        Run(array_run.path),
        ["saved_model"],
        dataset=(stripe_arrays["train"], stripe_arrays["val"]),
    )
    assert [row["reason"] for row in report["artefacts"]] == [""] * len(report["artefacts"])


def test_the_example_of_the_guide_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path))
    guide = (Path(__file__).parents[2] / "docs/data.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    exec(example)
    assert capsys.readouterr().out == "40 {'cat': 20, 'dog': 20}\n"
