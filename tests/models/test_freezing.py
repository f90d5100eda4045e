import keras
import numpy as np
import pytest

from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.models import cuts as cuts_module
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone, build_model
from keras_transfer.models.cuts import (
    POOLED,
    PROBABILITIES,
    Cut,
    find_cut,
    find_frontiers,
    frontier,
    take_part,
)
from keras_transfer.models.freeze_table import BlockRow, freeze_rows, summarize_blocks
from keras_transfer.models.freezing import set_boundary

IMAGES = np.random.default_rng(0).uniform(0, 255, (8, 32, 32, 3)).astype("float32")
LABELS = np.eye(2, dtype="float32")[np.arange(8) % 2]


@pytest.fixture
def tiny(tiny_row):
    backbone = build_backbone(tiny_row, 32)
    head = HeadConfig(hidden=4, batch_norm=True)
    return build_model(tiny_row, backbone, 2, head), backbone


@pytest.fixture(scope="module")
def small():
    return build_backbone(BACKBONES["mobilenetv3small"], 64)


def moved_by_fit(model, backbone):
    """Fit one step; return the path of every backbone variable that changed by a bit."""
    before = [np.array(variable) for variable in backbone.weights]
    model.compile("sgd", "categorical_crossentropy", jit_compile=False)
    model.fit(IMAGES, LABELS, batch_size=8, verbose=0, shuffle=False)
    return {
        variable.path
        for variable, value in zip(backbone.weights, before, strict=True)
        if not np.array_equal(np.array(variable), value)
    }


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("first", "batch_norm"),
    [(None, "adapt"), (12, "adapt")]
    + [(first, mode) for first in (0, 5) for mode in ("frozen", "scale", "adapt")],
)
def test_fit_moves_only_what_the_boundary_and_the_mode_allow(tiny, first, batch_norm):
    model, backbone = tiny
    set_boundary(backbone, first, batch_norm)
    parts = {"kernel"}
    parts |= {"gamma", "beta"} if batch_norm != "frozen" else set()
    parts |= {"moving_mean", "moving_variance"} if batch_norm == "adapt" else set()
    expected = {
        variable.path
        for index, layer in enumerate(backbone.layers)
        for variable in layer.weights
        if first is not None and index >= first and variable.name in parts
    }
    assert moved_by_fit(model, backbone) == expected


def test_a_boundary_can_be_moved_back_and_forth(tiny):
    _, backbone = tiny
    for mode in ("adapt", "scale", "frozen", "scale", "adapt"):
        set_boundary(backbone, 4, mode)
        fresh = [v.path for v in backbone.trainable_variables]
        set_boundary(backbone, None, mode)
        assert backbone.trainable_variables == []
        set_boundary(backbone, 0, "adapt")
        set_boundary(backbone, 4, mode)
        assert [v.path for v in backbone.trainable_variables] == fresh


def test_layers_within_layers_are_locked_however_they_were_built():
    x = inputs = keras.Input((9, 8))
    x = keras.layers.MultiHeadAttention(2, 4, trainable=False, name="attention")(x, x)
    x = keras.layers.TimeDistributed(keras.layers.BatchNormalization(), name="spread")(x)
    backbone = keras.Model(inputs, x, name="backbone")
    set_boundary(backbone, None, "scale")
    assert backbone.trainable_variables == []
    set_boundary(backbone, 0, "scale")
    names = [variable.name for variable in backbone.trainable_variables]
    assert len(names) == 8 + 2
    assert {"gamma", "beta"} < {*names}
    set_boundary(backbone, 0, "frozen")
    assert len(backbone.trainable_variables) == 8


def test_freeze_rows_say_what_each_layer_does(tiny, tiny_row):
    model, backbone = tiny
    set_boundary(backbone, 6, "scale")
    rows = {
        row.layer: row
        for row in freeze_rows(model, tiny_row, "finetune", lambda block: 1e-4, "scale")
    }
    assert list(rows) == [layer.name for layer in (*backbone.layers, *model.layers[3:])]
    assert rows["block1_conv"] == ("finetune", "block1_conv", "block1", False, None, "")
    assert rows["block2_bn"] == ("finetune", "block2_bn", "block2", False, None, "frozen")
    assert rows["block2_relu"] == ("finetune", "block2_relu", "block2", True, 1e-4, "")
    assert rows["block3_bn"] == ("finetune", "block3_bn", "block3", True, 1e-4, "scale")
    assert rows["head_batch_norm"] == ("finetune", "head_batch_norm", "head", True, 1e-4, "adapt")


def test_freeze_rows_agree_with_what_fit_moves(tiny, tiny_row):
    model, backbone = tiny
    for first, mode in ((5, "frozen"), (4, "scale")):
        set_boundary(backbone, first, mode)
        moved = {path.split("/")[0] for path in moved_by_fit(model, backbone)}
        rows = freeze_rows(model, tiny_row, "finetune", lambda block: 1e-4, mode)[
            : len(backbone.layers)
        ]
        weighted = {layer.name for layer in backbone.layers if layer.weights}
        assert {row.layer for row in rows if row.trainable} & weighted == moved


def test_locked_blocks_share_a_line_in_the_summary(tiny, tiny_row):
    model, backbone = tiny

    def summarize(first, mode):
        set_boundary(backbone, first, mode)
        return summarize_blocks(
            model, tiny_row, freeze_rows(model, tiny_row, "finetune", lambda block: 1e-4, mode)
        )

    head = BlockRow("head", 5, 142, "yes", 1e-4, "adapt")
    assert summarize(None, "scale") == [
        BlockRow("stem … block3", 12, 5232, "no", None, "frozen"),
        head,
    ]
    assert summarize(7, "scale") == [
        BlockRow("stem … block2", 7, 2864, "no", None, "frozen"),
        BlockRow("block3", 5, 2368, "yes", 1e-4, "scale"),
        head,
    ]
    assert summarize(5, "adapt")[:2] == [
        BlockRow("stem … block1", 4, 496, "no", None, "frozen"),
        BlockRow("block2", 3, 2368, "in part", 1e-4, "adapt"),
    ]
    assert summarize(7, "frozen")[1] == BlockRow("block3", 5, 2368, "yes", 1e-4, "frozen")
    assert summarize(0, "adapt")[0] == BlockRow("stem", 1, 0, "yes", 1e-4, "")


def test_the_summary_counts_every_layer_and_parameter(small):
    row = BACKBONES["mobilenetv3small"]
    model = build_model(row, small, 2, HeadConfig())
    set_boundary(small, 100, "scale")
    table = summarize_blocks(
        model, row, freeze_rows(model, row, "finetune", lambda block: 1e-4, "scale")
    )
    assert sum(line.layers for line in table) == row.layers + 3
    assert sum(line.parameters for line in table) == model.count_params()
    assert table[0].block == "stem … expanded_conv_6"
    assert (table[1].block, table[1].trainable) == ("expanded_conv_7", "in part")
    assert table[1].batch_norm == "frozen, scale"


def test_skip_connections_are_no_frontiers(tiny):
    _, backbone = tiny
    assert list(find_frontiers(backbone)) == [1, 2, 3, 4, 5, 6, 7, 12]


def cut_and_compare(backbone, frontiers, images):
    whole = np.asarray(backbone(images))
    for layer_after, tensor in frontiers.items():
        prefix = keras.Model(backbone.input, tensor)
        suffix = keras.Model(tensor, backbone.output)
        assert {layer.name for layer in prefix.layers} == {
            layer.name for layer in backbone.layers[:layer_after]
        }
        np.testing.assert_allclose(suffix(prefix(images)), whole, rtol=1e-5, atol=1e-6)


def test_prefix_and_suffix_together_are_the_whole(tiny):
    _, backbone = tiny
    frontiers = find_frontiers(backbone)
    cut_and_compare(backbone, {i: frontiers[i] for i in frontiers if i < 12}, IMAGES)


def test_a_real_network_can_be_cut_at_its_frontiers(small):
    """Squeeze-and-excite branches, skip connections and bare operations (x + 3)."""
    frontiers = find_frontiers(small)
    images = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    boundary = BACKBONES["mobilenetv3small"].blocks["expanded_conv_7"]
    chosen = [boundary, 139, 48]  # two block starts, and a place inside a block
    cut_and_compare(small, {i: frontiers[i] for i in chosen}, images)
    # Between squeeze and multiplication two tensors cross.
    names = [layer.name for layer in small.layers]
    inside = names.index("expanded_conv_7_squeeze_excite_conv")
    assert inside not in frontiers
    assert list(find_frontiers(small)) == list(frontiers), "cutting must not change the answer"


def test_the_cut_is_the_last_frontier_below_the_boundary(tiny):
    _, backbone = tiny
    found = [find_cut(backbone, first) for first in (0, 1, 2, 4, 6, 7, 9, 11)]
    assert found[:2] == [None, None]
    # block3's skip connection leaves no way out after 7
    assert found[2:] == [frontier(layer) for layer in (2, 4, 6, 7, 7, 7)]
    assert find_cut(backbone, 12) == find_cut(backbone, None) == POOLED


def test_cuts_are_ordered_as_the_signal_passes_and_files_have_them_as_numbers():
    cuts = [cuts_module.IMAGES, frontier(2), frontier(12), POOLED, PROBABILITIES]
    assert sorted(reversed(cuts)) == cuts
    assert [cut.to_number(12) for cut in cuts] == [0, 2, 12, 13, 14]
    assert [Cut.from_number(number, 12) for number in (0, 2, 12, 13, 14)] == cuts


@pytest.mark.thorough
def test_a_network_that_only_scales_below_the_boundary_is_not_cut():
    backbone = build_backbone(BACKBONES["efficientnetb0"], 32)
    stem = [layer.name for layer in backbone.layers].index("stem_conv")
    assert find_cut(backbone, stem) is None
    assert find_cut(backbone, stem + 1) == frontier(stem + 1)


@pytest.mark.parametrize(
    "ends",
    [
        (frontier(4),),
        (frontier(7),),
        (POOLED,),
        (frontier(4), POOLED),
        (frontier(7), PROBABILITIES),
    ],
)
def test_parts_of_a_classifier_give_what_the_whole_gives(tiny, ends):
    model, _ = tiny
    *_, cut = ends
    parts = take_part(model, cuts_module.IMAGES, ends)(IMAGES, training=False)
    last = parts[-1] if len(ends) > 1 else parts
    if cut < PROBABILITIES:
        last = take_part(model, cut, [PROBABILITIES])(last, training=False)
    np.testing.assert_allclose(last, model(IMAGES, training=False), atol=1e-6)
    if len(ends) > 1 and ends[0] < POOLED:
        again = take_part(model, ends[0], [PROBABILITIES])(parts[0], training=False)
        np.testing.assert_allclose(again, model(IMAGES, training=False), atol=1e-6)


def test_a_part_learns_the_variables_of_the_whole(tiny):
    model, backbone = tiny
    set_boundary(backbone, 7, "scale")
    part = take_part(model, frontier(7), [PROBABILITIES])
    assert {v.path for v in part.trainable_variables} == {v.path for v in model.trainable_variables}
    moved = {id(v) for v in part.trainable_variables}
    assert moved == {id(v) for v in model.trainable_variables}


COSTLY = {
    **dict.fromkeys(["cnn5", "danndigits"], ()),
    **dict.fromkeys(["resnet50", "efficientnetb0", "mobilenetv3small"], pytest.mark.thorough),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=COSTLY.get(n, pytest.mark.slow)) for n in BACKBONES if n != "tiny"],
)
def test_prefix_and_suffix_of_every_backbone_are_the_whole(name):
    """Cut at three heights, with skip connections and squeeze-and-excite branches on the way."""
    row = BACKBONES[name]
    backbone = build_backbone(row, 64)
    model = build_model(row, backbone, 3, HeadConfig())
    images = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    whole = np.array(model(images, training=False))
    boundary = row.blocks[row.default_boundary]
    cuts = {find_cut(backbone, first) for first in (row.layers // 5, boundary, row.layers - 3)}
    assert len(cuts - {None}) >= 2
    for cut in cuts - {None}:
        kept = take_part(model, cuts_module.IMAGES, [cut])(images, training=False)
        both = take_part(model, cut, [PROBABILITIES])(kept, training=False)
        np.testing.assert_allclose(both, whole, atol=1e-5)
