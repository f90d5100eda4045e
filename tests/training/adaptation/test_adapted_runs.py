"""Whole trainings across two domains."""

import contextlib
import dataclasses
import functools
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_transfer.config.sections.adapt_settings import AdaptConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.cuts import ALIGNED
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.train import fine_tune
from keras_transfer.training.adaptation.methods import ADAPTATIONS

pytestmark = pytest.mark.thorough

OFTEN = ("align", "dann")  # of those that know BatchNorm, and of those that learn; others are slow
METHODS = [
    pytest.param(name, marks=() if name in OFTEN else pytest.mark.slow)
    for name in ADAPTATIONS
    if name != "none"
]
LEARNED = [each for each in METHODS if each.values[0] in ("mmd", "coral", "dann")]


def read_weights(file):
    return [np.array(weight) for weight in keras.models.load_model(file).weights]


def assert_equal(run, other, name="model.keras"):
    ours, theirs = read_weights(run.path / name), read_weights(other.path / name)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)
    assert run.predictions_file.read_bytes() == other.predictions_file.read_bytes()


@pytest.fixture(scope="module")
def trained(tiny_config, other_stripes, tmp_path_factory, drawn):
    """Return a function that trains by a method, once for all tests; read its runs only."""

    @functools.cache
    def train(method):
        target = "" if method == "alone" else str(other_stripes)
        settings = AdaptConfig(target=target or None, method="none" if not target else method)
        output = tmp_path_factory.mktemp(method)
        with drawn() if method == "align" else contextlib.nullcontext():
            return fine_tune(dataclasses.replace(tiny_config, adapt=settings, output=output))

    return train


@pytest.mark.parametrize("method", METHODS)
def test_removed_labels_change_no_bit(adapt, trained, unlabelled_stripes, method):
    labelled, unlabelled = trained(method), fine_tune(adapt(method, unlabelled_stripes))
    assert_equal(labelled, unlabelled)
    assert labelled.metrics()["splits"]["target"]["images"] == 24
    assert "target" not in unlabelled.metrics()["splits"]


@pytest.mark.slow  # labels that are removed change no bit either
def test_shuffled_labels_change_no_bit(adapt, trained, other_stripes, tmp_path):
    root = shutil.copytree(other_stripes, tmp_path / "shuffled")
    for index, file in enumerate(sorted(root.rglob("*.png"))):
        folder = root / ("level", "upright")[index % 2]
        file.rename(folder / f"s{index}.png")
    assert_equal(trained("dann"), fine_tune(adapt("dann", root)))


@pytest.mark.slow
def test_no_method_with_a_target_trains_as_without_one(trained):
    seen, alone = trained("none"), trained("alone")
    assert_equal(seen, alone)
    assert not seen.source_model_file.exists()
    assert seen.metrics()["adapt"].keys() == {"method", "images", "before", "after"}


def test_align_trains_as_without_a_target_and_exports_its_statistics(trained):
    run, alone = trained("align"), trained("alone")
    ours, theirs = read_weights(run.source_model_file), read_weights(alone.model_file)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)
    assert run.predictions_file.read_bytes() == alone.predictions_file.read_bytes()


@pytest.mark.parametrize("pooled", [True, False])
def test_aligned_channels_of_the_target_have_the_sources_statistics(adapt, pooled):
    """Broken by statistics of the wrong domain."""
    run = fine_tune(adapt("align", strategy="feature_extraction" if pooled else "partial"))
    aligned, own = map(keras.models.load_model, (run.model_file, run.source_model_file))
    holder = aligned if pooled else aligned.get_layer("backbone")
    layer = holder.get_layer(ALIGNED)
    names = [each.name for each in holder.layers]
    before = names[names.index(ALIGNED) - 1]
    if pooled:
        part = keras.Model(own.input, own.get_layer(before).output)
    else:
        backbone, scaling = own.get_layer("backbone"), own.get_layer("preprocessing")
        front = keras.Model(backbone.input, backbone.get_layer(before).output)
        part = keras.Model(own.input, front(scaling(own.input)))
    config = load_run_config(run)
    source = measure_channels(part, Path(config.source) / "train", config)
    target = measure_channels(part, Path(config.adapt.target), config)
    np.testing.assert_allclose(layer.moving_mean, target[0], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(layer.beta, source[0], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(layer.gamma, source[1], rtol=1e-2, atol=1e-3)
    assert not np.allclose(layer.moving_mean, layer.beta, rtol=0.05)


def measure_channels(part, root, config):
    """Means and deviations of what a part of a model makes of the images in a folder."""
    side, modality = config.data.image_size, choose_modality(config)
    squares = [modality.draw_example(file, side, config) for file in sorted(root.rglob("*.png"))]
    values = part.predict(np.stack(squares).astype(np.float32), verbose=0)
    rows = values.reshape(-1, values.shape[-1])
    return rows.mean(axis=0), rows.std(axis=0)


def test_adabn_gives_each_domain_statistics_of_its_own(trained):
    run = trained("adabn")
    pairs = zip(
        keras.models.load_model(run.source_model_file).weights,
        keras.models.load_model(run.model_file).weights,
        strict=True,
    )
    for ours, theirs in pairs:
        same = np.array_equal(ours, theirs)
        assert same is not ours.name.startswith("moving_"), ours.path


@pytest.mark.parametrize("method", LEARNED)
def test_learned_methods_leave_one_model_and_train_another_way(trained, method):
    run, alone = trained(method), trained("alone")
    assert not run.source_model_file.exists()
    ours, theirs = read_weights(run.model_file), read_weights(alone.model_file)
    assert any(not np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    names = [layer.name for layer in keras.models.load_model(run.model_file).layers]
    assert not {"features", "reverse_gradient", "discriminator"} & {*names}


@pytest.mark.parametrize(
    ("method", "strategy"),
    [
        pytest.param("dann", "gradual", marks=pytest.mark.thorough),
        *(
            pytest.param(*pair, marks=pytest.mark.slow)
            for pair in (("dann", "partial"), ("align", "full"), ("align", "from_scratch"))
        ),
    ],
)
def test_every_strategy_takes_them(adapt, strategy, method):
    finetune = FinetuneConfig(epochs=2, learning_rate=0.01)
    changes = {"strategy": strategy, "finetune": finetune, "frozen": FrozenConfig(epochs=1)}
    run = fine_tune(adapt(method, **changes))
    said = "domains      loss" if method == "dann" else "without its own statistics"
    assert said in run.log_file.read_text()
    assert len(read_run_predictions(run)) == 48


@pytest.mark.slow
def test_the_hidden_layer_adapts_where_the_head_alone_learns(adapt):
    changes = {"strategy": "feature_extraction", "head": HeadConfig(hidden=8)}
    changes["frozen"] = FrozenConfig(epochs=1)
    run, alone = fine_tune(adapt("mmd", **changes)), fine_tune(adapt("none", None, **changes))
    ours, theirs = read_weights(run.model_file), read_weights(alone.model_file)
    assert any(not np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.slow
def test_streamed_and_kept_images_of_the_target_train_alike(adapt):
    finetune = FinetuneConfig(epochs=2, learning_rate=0.003, locked_layers="block2")
    config = adapt("mmd", finetune=dataclasses.replace(finetune, batch_norm="scale"))
    cache = dataclasses.replace(config.cache, views=2)
    kept, streamed = (
        fine_tune(dataclasses.replace(config, cache=dataclasses.replace(cache, mode=mode)))
        for mode in ("on", "off")
    )
    pairs = zip(read_weights(kept.model_file), read_weights(streamed.model_file), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a, b, atol=5e-3)
    log = kept.log_file.read_text()
    assert "2 views of 24 of the target" in log


def test_the_summary_says_gap_and_choice(trained):
    from keras_transfer.evaluation.reports.summary import summarize_run

    run = trained("align")
    said = summarize_run(run)
    assert "Domain gap before training: MMD" in said
    assert "without its own statistics" in said
    assert "not by labels of the target" in said
    assert (run.figures / "domains.png").exists()
    card = run.model_card_file.read_text()
    assert "source_model.keras" in card
