import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.backbones.list_backbones import list_backbones
from keras_transfer.models.freeze_boundary import LAST_CONVOLUTIONS, block_of, find_boundary
from keras_transfer.system.errors import ConfigError

CARD = ["resnet50", "efficientnetb0", "mobilenetv3small", "mobilenetv3large"]
SLOW = ["vitl16", "resnet101", "efficientnetb3", "efficientnetb4", "efficientnetb7", "convnextbase"]
SLOW += ["bert_base", "roberta_base", "electra_base", "distilbert", "deberta_v3_base"]
COSTLY = ["resnet50", "vgg16", "efficientnetv2b0", "convnexttiny", "vitb16", "mobilenetv3large"]
MARKS = dict.fromkeys(SLOW, pytest.mark.slow) | dict.fromkeys(COSTLY, pytest.mark.thorough)
ALL = [pytest.param(name, marks=MARKS.get(name, ())) for name in BACKBONES]
DOWNLOADED = [param for param in ALL if BACKBONES[param.values[0]].weights_url]
BLOCK = re.compile(
    r"(conv\d_block\d+|block\d[a-z]?|expanded_conv(_\d+)?|block_\d+|stage_\d_block_\d+"
    r"|downsampling_block_\d|stack\d_block\d|layer_\d+|shared_layers|pooler)(?=_|$)"
)


@pytest.fixture(scope="module", params=ALL)
def built(request):
    from keras_transfer.models.build_model import build_backbone

    name = request.param
    row = BACKBONES[name]
    has_positions = name.startswith("vit")  # weights whose number is that of the image's patches
    return name, row, build_backbone(row, row.image_size if has_positions else 64)


def block_by_name(layer_name):
    """The block that a layer's own name states, None where it states none."""
    plain = re.sub(r"^convnext_[a-z]+_", "", layer_name)
    if plain in LAST_CONVOLUTIONS:
        return plain
    found = BLOCK.match(plain)
    return found and found[0]


@pytest.mark.thorough
def test_rows_describe_the_graph(built):
    from keras_transfer.models.low_rank import find_kinds

    _, row, backbone = built
    assert len(backbone.layers) == row.layers
    assert backbone.count_params() == row.parameters
    assert find_kinds(backbone) == row.kernels


def find_blocks(backbone, first="stem"):
    """Return the index at which the layers of each block begin, judging by their own names."""
    starts, current = {first: 0}, first
    for index, layer in enumerate(backbone.layers):
        block = block_by_name(layer.name)
        if block and block != current:
            assert block not in starts, "blocks must not interleave"
            starts[block] = index
            current = block
    return starts


@pytest.mark.thorough
def test_blocks_hold_the_layers_that_bear_their_name(built):
    _, row, backbone = built
    first = "embeddings" if row.takes == "texts" else "stem"
    assert dict(row.blocks) == find_blocks(backbone, first)
    for index, layer in enumerate(backbone.layers):
        assert block_by_name(layer.name) in (block_of(row, index), None)


def test_blocks_and_the_default_boundary_are_frontiers(built):
    from keras_transfer.models.cuts import find_frontiers

    name, row, backbone = built
    frontiers = find_frontiers(backbone)
    assert set(row.blocks.values()) - {0} <= set(frontiers)
    assert find_boundary(name, row, "auto") in {0, *frontiers}


def test_the_pooled_features_of_every_row_are_what_its_head_takes(built):
    from keras_transfer.config.sections.head_settings import HeadConfig
    from keras_transfer.models.build_model import build_model
    from keras_transfer.models.cuts import POOLED, PROBABILITIES, expose_pooled, take_part

    _, row, backbone = built
    model = build_model(row, backbone, 3, HeadConfig(hidden=5))
    _, pooled = expose_pooled(model).outputs
    assert pooled.shape == (None, backbone.output.shape[-1])
    assert take_part(model, POOLED, [PROBABILITIES]).input.shape == pooled.shape


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("mobilenetv3small", 97),
        pytest.param("efficientnetb0", 97, marks=pytest.mark.slow),
        pytest.param("resnet50", 224, marks=pytest.mark.slow),
    ],
)
def test_the_graph_does_not_depend_on_the_image_size(name, size):
    from keras_transfer.models.build_model import build_backbone

    backbone = build_backbone(BACKBONES[name], size)
    assert len(backbone.layers) == BACKBONES[name].layers
    assert find_blocks(backbone) == dict(BACKBONES[name].blocks)


@pytest.mark.parametrize("name", BACKBONES)
def test_default_boundary_is_the_block_nearest_to_its_aim(name):
    row = BACKBONES[name]
    aim = 100 if name in CARD else row.layers * 2 / 3
    if row.takes == "texts":  # all of which learns
        aim = 0
    nearest = min(row.blocks, key=lambda block: abs(row.blocks[block] - aim))
    assert row.default_boundary == nearest


@pytest.mark.thorough
@pytest.mark.parametrize("name", DOWNLOADED)
def test_weights_are_those_that_keras_would_download(name, monkeypatch):
    import keras
    from keras.src.utils import file_utils

    asked = {}

    class Stop(Exception):
        pass

    def get_file(fname, origin, cache_subdir, file_hash=None):
        asked.update(name=fname, url=origin, folder=cache_subdir, hash=file_hash)
        raise Stop

    monkeypatch.setattr(file_utils, "get_file", get_file)
    row = BACKBONES[name]
    with pytest.raises(Stop):
        getattr(keras.applications, row.build)(include_top=False, input_shape=(224, 224, 3))
    assert asked == {
        "name": row.weights_url.rsplit("/", 1)[-1],
        "url": row.weights_url,
        "folder": "models",
        "hash": row.weights_hash,
    }


@pytest.mark.parametrize(
    ("locked", "index"),
    [("auto", 105), (0, 0), (100, 100), (238, 238), (0.5, 119), ("block6a", 163), ("stem", 0)],
)
def test_locked_layers_may_be_a_number_a_fraction_or_a_block(locked, index):
    found = find_boundary("efficientnetb0", BACKBONES["efficientnetb0"], locked)
    assert found == index
    assert type(found) is int


@pytest.mark.parametrize("locked", [300, -1, 239, 1.0, 100.0, True, "top", "", 0.0, 1.5])
def test_impossible_locked_layers_are_refused(locked):
    with pytest.raises(ConfigError) as error:
        find_boundary("efficientnetb0", BACKBONES["efficientnetb0"], locked)
    assert str(error.value).startswith(
        "`finetune.locked_layers` must be between 0 and 238, the depth of efficientnetb0, "
        f"or a block (block1a … block7a). Received: {locked}."
    )


def test_a_misspelt_block_gets_a_suggestion():
    with pytest.raises(ConfigError, match=r"Received: block_4a\. Did you mean 'block4a'"):
        find_boundary("efficientnetb0", BACKBONES["efficientnetb0"], "block_4a")


def test_block_of_covers_every_layer():
    row = BACKBONES["resnet50"]
    assert [block_of(row, index) for index in (0, 6, 7, 18, 19, 174)] == [
        "stem",
        "stem",
        "conv2_block1",
        "conv2_block1",
        "conv2_block2",
        "conv5_block3",
    ]


def test_the_table_has_one_row_per_backbone():
    header, *rows = list_backbones()
    assert [row[0] for row in rows] == list(BACKBONES)
    assert {len(row) for row in rows} == {len(header)}


def test_the_imagenet_weights_of_a_row_come_from_a_server_or_from_a_package_of_an_extra():
    with (Path(__file__).parents[2] / "pyproject.toml").open("rb") as stream:
        extras = tomllib.load(stream)["project"]["optional-dependencies"]
    for name, row in BACKBONES.items():
        package = row.weights_package
        if name == "tiny":
            continue
        brings = bool(package) and row.takes == "images"  # else the package brings a preset
        places = [bool(row.weights_url), brings, bool(row.preset)].count(True)
        assert places == (1 if row.has_weights else 0), name
        assert row.weights_origin == (package.name if package else row.weights_url)
        if package and package.extra:
            assert any(each.startswith(package.name) for each in extras[package.extra])


def test_facts_need_neither_keras_nor_tensorflow():
    code = (
        "import sys; from keras_transfer.models.backbones.list_backbones import list_backbones;"
        "list_backbones();"
        "sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
