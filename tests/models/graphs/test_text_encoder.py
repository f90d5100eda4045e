"""A text encoder can be cut, locked, adapted, trained in 16 bits and opened by Keras alone."""

import functools
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.hub_networks import HubNetwork
from keras_transfer.models.build_model import build_backbone, build_model
from keras_transfer.models.cuts import (
    IMAGES,
    POOLED,
    PROBABILITIES,
    expose_pooled,
    find_frontiers,
    frontier,
    take_part,
)
from keras_transfer.models.freezing import set_boundary
from keras_transfer.models.graphs.describe_graph import describe_graph
from keras_transfer.models.low_rank import find_targets, merge_matrices
from keras_transfer.models.model_file import OLDEST_KERAS, write_model
from keras_transfer.models.precision import precision

IDS = np.array([[2, 8, 9, 10, 3, 0, 0], [2, 8, 3, 11, 12, 13, 3]], np.int32)
CONFIG = {
    "vocabulary_size": 30,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 8,
    "intermediate_dim": 12,
    "max_sequence_length": 16,
    "embedding_dim": 4,
    "bucket_size": 4,
}
OPENS = """
import sys
sys.modules["keras_hub"] = sys.modules["tensorflow_text"] = None
import keras, numpy as np
ids = np.load(sys.argv[1])
for name in sys.argv[2:]:
    np.save(name + ".npy", keras.models.load_model(name)(ids))
"""


@functools.cache
def make_row(family="Bert", pooling="mean"):
    preset = HubNetwork(
        name="tiny",
        family=f"{family}Backbone",
        config={"vocab_size": 30, **CONFIG},
        pooling=pooling,
        separator=3,
    )
    draft = Backbone(takes="texts", preset=preset, most_tokens=16, shares_layers=family == "Albert")
    return describe_graph(draft, build_backbone(draft, 0))


CASES = [
    ("Bert", "mean"),
    ("Roberta", "class"),
    ("Albert", "pooler"),
    ("DebertaV3", "mean"),
]


def make_model(row):
    return build_model(row, build_backbone(row, 0), 2, HeadConfig(dropout=0.0))


@pytest.fixture(params=CASES, ids="-".join)
def built(request):
    row = make_row(*request.param)
    return row, make_model(row)


@pytest.mark.thorough
def test_one_tensor_crosses_above_the_embeddings_and_above_every_layer(built):
    row, model = built
    starts = {name: start for name, start in row.blocks.items() if start}
    inner = [name for name in starts if name not in ("pooler", "shared_layers")]
    assert inner in ([], ["layer_1", "layer_2"])
    assert {*starts.values()} <= {*find_frontiers(model.get_layer("backbone"))}


@pytest.mark.thorough
def test_the_parts_below_and_above_every_block_are_the_whole(built):
    row, model = built
    expected = model(IDS)
    for start in filter(None, row.blocks.values()):
        cut = frontier(start)
        lower, upper = take_part(model, IMAGES, [cut]), take_part(model, cut, [PROBABILITIES])
        np.testing.assert_allclose(upper(lower(IDS)), expected, atol=1e-6)
        assert upper.input.dtype == lower.output.dtype
    pooled = take_part(model, IMAGES, [POOLED])(IDS)
    np.testing.assert_allclose(expose_pooled(model)([IDS])[1], pooled, atol=1e-6)
    np.testing.assert_allclose(take_part(model, POOLED, [PROBABILITIES])(pooled), expected, 1e-5)


@pytest.mark.thorough
def test_padding_changes_nothing(built):
    _, model = built
    longer = np.pad(IDS, ((0, 0), (0, 5)))
    np.testing.assert_allclose(model(longer), model(IDS), atol=1e-6)
    assert np.isfinite(model(np.zeros((1, 3), np.int32))).all()


@pytest.mark.thorough
def test_the_mean_is_that_of_the_tokens_that_are_there():
    row = make_row()
    model = make_model(row)
    states = np.asarray(model.get_layer("backbone")(IDS))
    found = np.asarray(expose_pooled(model)([IDS])[1])
    np.testing.assert_allclose(found[0], states[0, :5].mean(axis=0), atol=1e-6)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("built", "policy"),
    [
        (CASES[0], "mixed_bfloat16"),
        (CASES[3], "mixed_float16"),
        *(
            pytest.param(CASES[number], "mixed_float16", marks=pytest.mark.slow)
            for number in (1, 2)
        ),
    ],
    indirect=["built"],
    ids=str,
)
def test_it_learns_in_16_bits(built, policy):
    row, reference = built
    with precision(policy):
        model = make_model(row)
        model.set_weights(reference.get_weights())
    assert model.get_layer("pool").compute_dtype == "float32" or row.preset.pooling == "mean"
    assert model.output.dtype == "float32"
    np.testing.assert_allclose(model(IDS), reference(IDS), atol=0.05)
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()
    # as many as it takes to find a scale of the loss that float16 can hold
    model.fit(IDS, np.array([0, 1]), epochs=15, verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert np.mean(moved) > 0.8
    assert all(np.isfinite(each).all() for each in model.get_weights())


@pytest.mark.thorough
def test_layers_below_the_boundary_stay(built):
    row, model = built
    backbone = model.get_layer("backbone")
    boundary = [*row.blocks.values()][1]
    set_boundary(backbone, boundary, "scale")
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    before = [layer.get_weights() for layer in backbone.layers]
    model.fit(IDS, np.array([0, 1]), verbose=0)
    for index, (layer, old) in enumerate(zip(backbone.layers, before, strict=True)):
        if layer.weights:
            same = all(map(np.array_equal, layer.get_weights(), old))
            assert same == (index < boundary), layer.name


@pytest.mark.thorough
def test_low_rank_matrices_find_every_kernel_and_leave_no_trace(built):
    row, model = built
    backbone = model.get_layer("backbone")
    expected = np.asarray(model(IDS))
    targets = find_targets(backbone)
    assert {kind for _, kind in targets} == {"attention", "dense"} == set(row.kernels)
    for layer, _ in targets:
        layer.enable_lora(2)
    np.testing.assert_allclose(model(IDS), expected, atol=1e-6)
    for layer, _ in targets:
        layer.lora_kernel_b.assign(np.full(layer.lora_kernel_b.shape, 0.1))
    adapted = np.asarray(model(IDS))
    assert not np.allclose(adapted, expected)
    merge_matrices(backbone)
    np.testing.assert_allclose(model(IDS), adapted, atol=1e-5)


@pytest.mark.thorough
def test_its_file_opens_where_kerashub_is_not_installed(tmp_path):
    np.save(tmp_path / "ids.npy", IDS)
    models = [make_model(make_row(*case)) for case in CASES]
    files = [str(tmp_path / f"{index}.keras") for index in range(len(models))]
    for model, file in zip(models, files, strict=True):
        model.save(file)
    command = [sys.executable, "-c", OPENS, str(tmp_path / "ids.npy"), *files]
    subprocess.run(command, check=True, capture_output=True)
    for model, file in zip(models, files, strict=True):
        np.testing.assert_allclose(np.load(f"{file}.npy"), model(IDS), atol=1e-6)


@pytest.mark.thorough
def test_the_oldest_keras_gives_the_same_answers(tmp_path):
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    asked = [*pip, str(tmp_path / "old"), f"keras~={OLDEST_KERAS}.0"]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip(f"Keras {OLDEST_KERAS} cannot be installed")
    np.save(tmp_path / "ids.npy", IDS)
    models = [make_model(make_row(*case)) for case in CASES]
    files = [tmp_path / f"{index}.keras" for index in range(len(models))]
    for model, file in zip(models, files, strict=True):
        write_model(model, file, {})
    old = f"import sys; sys.path.insert(0, {str(tmp_path / 'old')!r})" + OPENS
    old += f"assert keras.__version__.startswith({OLDEST_KERAS!r})"
    command = [sys.executable, "-c", old, str(tmp_path / "ids.npy"), *map(str, files)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    for model, file in zip(models, files, strict=True):
        np.testing.assert_allclose(np.load(f"{file}.npy"), model(IDS), atol=1e-5)


@pytest.mark.thorough
def test_albert_has_the_weights_of_one_layer():
    shared, apart = make_row("Albert", "mean"), make_row("Bert", "mean")
    assert dict(shared.blocks) == {"embeddings": 0, "shared_layers": 7}
    assert len(apart.blocks) == 3
    layer = sum(x.size for x in build_backbone(shared, 0).get_layer("shared_layers").get_weights())
    assert shared.parameters == 30 * 4 + 16 * 4 + 2 * 4 + 2 * 4 + 4 * 8 + 8 + layer
