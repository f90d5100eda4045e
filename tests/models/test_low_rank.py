"""Matrices beside kernels: where they are, what they change, and that they go without a trace."""

import json

import keras
import numpy as np
import pytest

from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.models.freeze_table import freeze_rows, summarize_blocks
from keras_transfer.models.freezing import count_parameters, set_boundary
from keras_transfer.models.low_rank import (
    MATRICES,
    add_matrices,
    list_matrices,
    lock_all_else,
    merge_matrices,
)
from keras_transfer.models.precision import precision
from keras_transfer.models.run_model import build_classifier
from keras_transfer.system.errors import ConfigError

IMAGES = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype("float32")
CLASSES = ("a", "b", "c")


@pytest.fixture
def adapt(tiny_transformer, make_config):
    """Return a function that builds a classifier with matrices, random ones if asked for."""

    def build(filled=False, locked=0, rank=2, targets="all"):
        finetune = FinetuneConfig(locked_layers=locked, lora_rank=rank, lora_targets=targets)
        config = make_config(tiny_transformer, strategy="lora", finetune=finetune)
        model = build_classifier(config, CLASSES, None)
        add_matrices(model.get_layer("backbone"), config)
        for matrix in list_matrices(model) if filled else ():
            matrix.assign(np.random.default_rng(1).normal(0, 0.3, matrix.shape))
        return model

    return build


@pytest.mark.thorough
def test_a_network_with_new_matrices_computes_what_it_did(adapt):
    model = adapt()
    expected = np.array(model(IMAGES))
    merge_matrices(model.get_layer("backbone"))
    np.testing.assert_array_equal(model(IMAGES), expected)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("targets", "locked", "pairs"),
    [("all", 0, 12), ("attention", 0, 8), ("dense", 0, 4), ("all", "block_2", 6)],
)
def test_settings_say_which_kernels_have_matrices(targets, locked, pairs, adapt):
    model = adapt(targets=targets, locked=locked, rank=3)
    found = list_matrices(model)
    assert len(found) == 2 * pairs
    assert all(3 in matrix.shape for matrix in found)
    backbone = model.get_layer("backbone")
    lowest = next(i for i, layer in enumerate(backbone.layers) if list_matrices(layer))
    assert backbone.layers[lowest].name.startswith("block_2" if locked else "block_1")


def test_only_matrices_learn_above_the_boundary_and_none_while_all_is_locked(adapt):
    backbone = adapt().get_layer("backbone")
    set_boundary(backbone, 0, "frozen")
    lock_all_else(backbone)
    assert {id(v) for v in backbone.trainable_variables} == {id(v) for v in list_matrices(backbone)}
    set_boundary(backbone, None, "frozen")
    lock_all_else(backbone)
    assert backbone.trainable_variables == []


@pytest.mark.thorough
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_merged_kernels_are_whole_and_compute_the_same(policy, adapt, tmp_path):
    with precision(policy):
        model = adapt(filled=True)
    backbone = model.get_layer("backbone")
    layer = backbone.get_layer("block_1_mlp_1")
    a, b, kernel = map(np.array, (layer.lora_kernel_a, layer.lora_kernel_b, layer._kernel))
    expected = np.array(model(IMAGES))
    merge_matrices(backbone)
    assert layer.kernel.dtype == "float32"
    np.testing.assert_allclose(layer.kernel, kernel + a @ b, atol=1e-6)
    assert np.abs(a @ b).max() > 0.1
    tolerance = {"float32": 1e-5, "mixed_float16": 5e-3}[policy]
    np.testing.assert_allclose(model(IMAGES), expected, atol=tolerance)
    whole = keras.Model(model.input, model.output)
    whole.save(tmp_path / "model.keras")
    opened = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(opened(IMAGES), model(IMAGES))


def test_nothing_that_is_left_knows_of_the_matrices(adapt):
    model = adapt(filled=True)
    counted, plain = count_parameters(model), len(model.weights) - len(list_matrices(model))
    merge_matrices(model.get_layer("backbone"))
    assert len(model.weights) == plain
    assert not any(word in str(v.path) for v in model.variables for word in MATRICES)
    assert "lora" not in json.dumps(model.get_config(), default=str)
    assert counted["total"] == count_parameters(model)["total"] == model.count_params()


def test_the_table_of_a_phase_says_that_blocks_learn_by_matrices(adapt, tiny_transformer):
    from keras_transfer.models.backbones.backbone_table import BACKBONES

    row, model = BACKBONES[tiny_transformer], adapt(locked="block_2")
    backbone = model.get_layer("backbone")
    set_boundary(backbone, row.blocks["block_2"], "frozen")
    lock_all_else(backbone)
    rows = freeze_rows(model, row, "finetune", lambda block: 1e-3, "frozen")
    table = summarize_blocks(model, row, rows)
    assert [(line.block, line.trainable) for line in table] == [
        ("stem … block_1", "no"),
        ("block_2", "low-rank"),
        ("head", "yes"),
    ]
    assert sum(line.parameters for line in table) == count_parameters(model)["total"]
    named = {each.layer: each.trainable for each in rows}
    assert named["block_2_attention"]
    assert not named["block_2_norm_1"]


def test_a_boundary_above_all_kernels_is_refused(adapt):
    with pytest.raises(ConfigError, match=r"none above layer 22\. Lower --finetune.locked_layers"):
        adapt(locked=22)
