"""Files of models that people have: the backbone is taken out of them, to the last bit."""

import functools
import logging

import keras
import numpy as np
import pytest
from larger_models import (
    BUILDERS,
    SUFFIXES,
    assert_equal,
    build_flat,
    build_guide,
    build_sequential,
    load,
    refuse,
    write,
)

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone

pytestmark = pytest.mark.usefixtures("cache")
# test_layer_matching has tiny networks in all of them
OTHERS = [
    pytest.param(build_sequential, marks=pytest.mark.slow),
    pytest.param(build_flat, marks=pytest.mark.thorough),
]

NO_NORMALIZATION = "normalization, none in the file, (3,) in efficientnetb0"
NAMES = {"mobilenetv3small": "MobileNetV3Small", "efficientnetb0": "EfficientNetB0"}


@pytest.fixture(scope="module")
def make_base(randomize):
    """A network of keras.applications as its owner has it, with statistics that moved."""

    @functools.cache
    def make(name, **options):
        options = {"include_top": False, "input_shape": (96, 96, 3)} | options
        base = getattr(keras.applications, NAMES[name])(weights=None, **options)
        randomize(base)
        return base

    return make


@pytest.fixture(scope="module")
def backbones():
    return {name: build_backbone(BACKBONES[name], 96) for name in NAMES}


@pytest.mark.thorough
@pytest.mark.parametrize("build", [build_guide, *OTHERS])
def test_a_real_backbone_is_taken_out_of_every_file(make_base, backbones, tmp_path, caplog, build):
    """Of the third kind of file of each model an EfficientNet is taken below."""
    base = make_base("mobilenetv3small")
    model, third = build(base), SUFFIXES[BUILDERS.index(build)]
    for suffix in (each for each in SUFFIXES if each != third):
        file = write(model, tmp_path / f"mine{suffix}")
        backbone = backbones["mobilenetv3small"]
        caplog.clear()
        with caplog.at_level(logging.INFO):
            load("mobilenetv3small", file, backbone)
        assert_equal(backbone, base)
        if build is build_guide:
            left = f"Left aside: 2 layers of mine{suffix}, "
            assert left in caplog.text
            assert "my_head (576 x 2)" in caplog.text
        else:
            assert f"Left aside: 1 layer of mine{suffix}, my_head (576 x 2)" in caplog.text


FIRST, *LATER = zip(BUILDERS, SUFFIXES, strict=True)


@pytest.mark.parametrize(
    ("build", "suffix"),
    [
        pytest.param(*FIRST, marks=pytest.mark.thorough),
        *(pytest.param(*each, marks=pytest.mark.slow) for each in LATER),
    ],
)
def test_efficientnet_from_a_file_without_its_rescaling_is_taken_too(
    build, suffix, make_base, backbones, tmp_path
):
    """Trap 1: the values are the same, and those of Normalization are in use at once."""
    images = np.random.default_rng(0).uniform(0, 255, (1, 96, 96, 3)).astype("float32")
    base, backbone = make_base("efficientnetb0"), backbones["efficientnetb0"]
    expected = np.asarray(base.get_layer(index=2)(images))
    load("efficientnetb0", write(build(base), tmp_path / f"mine{suffix}"), backbone)
    assert_equal(backbone, base)
    found = np.asarray(backbone.get_layer("normalization")(images))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_a_whole_network_of_keras_gives_its_backbone(make_base, backbones, tmp_path):
    whole = make_base("mobilenetv3small", include_top=True, input_shape=(224, 224, 3))
    count = len(backbones["mobilenetv3small"].weights)
    for suffix in SUFFIXES:
        file = tmp_path / f"mine{suffix}"
        whole.save_weights(file) if suffix == ".weights.h5" else whole.save(file)
        load("mobilenetv3small", file, backbones["mobilenetv3small"])
        for one, two in zip(
            backbones["mobilenetv3small"].weights, whole.weights[:count], strict=True
        ):
            np.testing.assert_array_equal(np.array(one), np.array(two))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("build", "suffix", "differs"),
    [
        (
            build_guide,
            ".h5",
            "conv, (3, 3, 3, 16) in the file, normalization, (3,) in efficientnetb0",
        ),
        *(
            pytest.param(build, suffix, NO_NORMALIZATION, marks=pytest.mark.slow)
            for build, suffix in ((build_sequential, ".keras"), (build_flat, ".weights.h5"))
        ),
    ],
)
def test_of_another_real_backbone_the_first_layer_that_differs_is_named(
    make_base, backbones, tmp_path, build, suffix, differs
):
    file = write(build(make_base("mobilenetv3small")), tmp_path / f"mine{suffix}")
    assert refuse("efficientnetb0", file, backbones["efficientnetb0"]) == (
        f"another network; first layer that differs: {differs}. Choose the backbone they belong "
        "to with --backbone, or another file with --weights."
    )


@pytest.mark.thorough
@pytest.mark.parametrize(("build", "suffix"), [*zip(BUILDERS, SUFFIXES, strict=True)])
def test_of_a_narrower_backbone_the_first_layer_is_named_with_both_shapes(
    make_base, backbones, tmp_path, build, suffix
):
    base = make_base("mobilenetv3small", alpha=0.75)
    file = write(build(base), tmp_path / f"mine{suffix}")
    assert refuse("mobilenetv3small", file, backbones["mobilenetv3small"]).startswith(
        "another network; first layer that differs: expanded_conv_3_project, (1, 1, 96, 32) in "
        "the file, (1, 1, 96, 40) in mobilenetv3small. Choose the backbone they belong to with "
    )
