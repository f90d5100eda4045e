"""A preset goes through training, export and explanation, and its model needs no KerasHub."""

import subprocess
import sys

import numpy as np
import pytest
from tiny_presets import write_resnet, write_vit

from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.explain import explain_images
from keras_transfer.export import export_model
from keras_transfer.models.cuts import IMAGES, PROBABILITIES, find_cut, take_part
from keras_transfer.train import fine_tune

pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")

OPENS = """
import sys
sys.modules["keras_hub"] = None
import keras
print(keras.models.load_model(sys.argv[1]).output.shape)
"""


def write_small_patches(folder):
    write_vit(folder, patch=8)


PRESETS = [
    pytest.param(write_small_patches, marks=pytest.mark.thorough),
    pytest.param(write_resnet, marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=PRESETS)
def run(request, drawn, stripes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    request.param(folder / "preset")
    return fine_tune(
        TrainConfig(
            backbone=f"hub:{folder / 'preset'}",
            dataset=str(stripes),
            output=folder,
            quiet=True,
            frozen=FrozenConfig(epochs=2),
            finetune=FinetuneConfig(epochs=2),
        )
    )


def test_it_says_where_its_weights_come_from(run):
    metrics = run.metrics()
    assert metrics["weights"] == "preset"
    assert len(metrics["weights_sha256"]) == 64
    folder = run.path.parent / "preset"
    assert metrics["weights_origin"].startswith(f"{folder}, licence: ")
    assert str(folder) in (run.path / "model_card.md").read_text()
    assert run.path.name.startswith("preset-two_phase-")


def test_its_model_opens_without_kerashub(run):
    command = [sys.executable, "-c", OPENS, str(run.model_file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "(None, 2)" in done.stdout


def test_the_parts_below_and_above_the_cut_are_the_whole(run):
    import keras

    model = keras.models.load_model(run.model_file)
    backbone = model.get_layer("backbone")
    cut = find_cut(backbone, 2 * len(backbone.layers) // 3)
    assert cut.layer > 4
    images = np.random.default_rng(0).integers(0, 256, (3, *model.input.shape[1:])).astype("f")
    lower, upper = take_part(model, IMAGES, [cut]), take_part(model, cut, [PROBABILITIES])
    assert np.allclose(upper(lower(images)), model(images), atol=1e-6)


def test_its_exports_are_proven_equal(run):
    pytest.importorskip("tf2onnx", reason="needs the extra [onnx]")
    export_model(run, formats=["saved_model", "tflite", "onnx"])
    rows = run.parity()["artefacts"]
    assert {row["file"] for row in rows} == {"saved_model", "model.tflite", "model.onnx"}
    assert [row["reason"] for row in rows] == [""] * len(rows)


def test_it_is_explained(run, stripes):
    found = explain_images(run, stripes / "test" / "level").found
    assert {len(each.classes) for each in found} == {1}
    assert len(found) == 12
