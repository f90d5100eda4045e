"""Training and evaluation on photographs with 60 broken and unusual files among them."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

import keras_transfer as kt
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.system.files.atomic_files import read_table

# Pillow warns of some files that it reads; no warning may end a training.
pytestmark = pytest.mark.filterwarnings("ignore")

ORIENTED = [f"hopper_orientation_{number}.jpg" for number in (3, 6, 8)]


@pytest.fixture(scope="module")
def odd_run(shared, tiny_config, tmp_path_factory):
    """Return a run on some ants and bees, and all odd files as a third class."""
    root = tmp_path_factory.mktemp("odd")
    for name in ("ants", "bees"):
        (root / name).mkdir()
        for file in sorted((shared / "data/hymenoptera/train" / name).iterdir())[:20]:
            (root / name / file.name).symlink_to(file)
    (root / "odd").symlink_to(shared / "data/odd_images")
    config = dataclasses.replace(
        tiny_config,
        dataset=str(root),
        output=tmp_path_factory.mktemp("runs"),
        frozen=FrozenConfig(epochs=1),
        finetune=FinetuneConfig(epochs=1),
    )
    return kt.fine_tune(config)


@pytest.mark.thorough
def test_training_ends_well_and_only_what_pillow_refuses_is_left_out(odd_run, shared):
    refused = set()
    table = (shared / "data/odd_images/README.md").read_text(encoding="utf-8")
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 5 and "FAILS" in cells[5]:
            refused.add(f"odd/{cells[1]}")
    report = json.loads(odd_run.data_report_file.read_text())
    assert {entry["path"] for entry in report["unusable"]} == refused
    used = read_table(odd_run.split_file)
    files = {f"odd/{f.name}" for f in (shared / "data/odd_images").iterdir() if f.suffix != ".md"}
    assert {path for path in used["path"] if path.startswith("odd/")} == files - refused
    assert set(odd_run.metrics()["splits"]) == {"validation", "test"}


@pytest.mark.thorough
def test_pictures_that_look_equal_are_in_one_split(odd_run):
    used = read_table(odd_run.split_file)
    splits = dict(zip(used["path"], used["split"], strict=True))
    assert len({splits[f"odd/{name}"] for name in ORIENTED}) == 1


@pytest.mark.thorough
def test_an_oriented_picture_gets_the_same_answer_however_it_is_stored(odd_run, shared, tmp_path):
    (tmp_path / "odd").mkdir()
    for name in ORIENTED:
        (tmp_path / "odd" / name).symlink_to(shared / "data/odd_images" / name)
    found = kt.evaluate_run(odd_run, str(tmp_path))
    assert found.paths.tolist() == [f"odd/{name}" for name in ORIENTED]
    np.testing.assert_allclose(found.probabilities, found.probabilities[[0, 0, 0]], atol=0.02)


@pytest.mark.slow  # 20 seconds
def test_the_answer_is_the_same_from_every_command_and_file(odd_run, shared, tmp_path):
    """Plain photographs and turned ones: evaluate, predict, each export, and encoded images."""
    tensorflow = pytest.importorskip("tensorflow")
    pytest.importorskip("tf2onnx", reason="needs the extra [onnx]")
    (tmp_path / "set/odd").mkdir(parents=True)
    (tmp_path / "set/ants").symlink_to(shared / "data/hymenoptera/val/ants")
    for name in (*ORIENTED, "hopper_gray.jpg", "flower.jpg"):
        (tmp_path / "set/odd" / name).symlink_to(shared / "data/odd_images" / name)
    run = kt.Run(shutil.copytree(odd_run.path, tmp_path / "run"))
    report = kt.export_model(run, ["saved_model", "tflite", "onnx"])
    assert not any(row["reason"] for row in report["artefacts"])
    wanted = kt.evaluate_run(run, str(tmp_path / "set"))
    files = [tmp_path / "set" / path for path in wanted.paths]
    for name in (".", "exports/saved_model", "exports/model.tflite", "exports/model.onnx"):
        found = kt.predict_images(run.path / name, files)
        np.testing.assert_allclose(found.probabilities, wanted.probabilities, atol=1e-5)
    serve = tensorflow.saved_model.load(str(run.exports / "saved_model/1")).signatures
    contents = tensorflow.constant([file.read_bytes() for file in files])
    found = serve["serve_bytes"](bytes=contents)["probabilities"]
    np.testing.assert_allclose(found, wanted.probabilities, atol=1e-5)
