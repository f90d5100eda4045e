"""Runs with parts that Python code gives, whole and interrupted."""

import contextlib
import dataclasses
import shutil

import keras
import numpy as np
import pytest

import keras_transfer as kt
from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.evaluate import evaluate_run
from keras_transfer.evaluation.certainty.neighbour_files import read_neighbours
from keras_transfer.predict import predict_images
from keras_transfer.run.load_settings import load_config
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.run.resuming import find_newest
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.train import fine_tune, main
from keras_transfer.training.checkpoints import Checkpoints
from keras_transfer.training.given.given_parts import GivenParts

pytestmark = pytest.mark.thorough


def shift(image, seed):
    return np.roll(image, np.random.default_rng(seed).integers(-4, 5), axis=1)


def widen(features):
    x = keras.layers.Dense(12, activation="relu", name="wide")(features)
    return keras.layers.Dropout(0.3)(keras.layers.BatchNormalization()(x))


def make_parts(**changes):
    parts = {
        "augmentation": shift,
        "head": widen,
        "loss": keras.losses.CategoricalFocalCrossentropy(gamma=1.0),
    }
    return GivenParts(**parts | changes)


@contextlib.contextmanager
def stopping(epochs):
    """End a run after so many of its epochs."""
    left, original = [epochs], Checkpoints.keep

    def keep(self, *words):
        original(self, *words)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr(Checkpoints, "keep", keep)
        yield
    assert left == [0]


@pytest.fixture(scope="module")
def given_run(tiny_config, tmp_path_factory, drawn):
    config = dataclasses.replace(tiny_config, output=tmp_path_factory.mktemp("given"))
    with drawn():
        return fine_tune(config, make_parts())


@pytest.fixture(scope="module")
def cut_given(tiny_config, tmp_path_factory):
    """A run that was cut off in its second phase."""
    config = dataclasses.replace(tiny_config, output=tmp_path_factory.mktemp("cut"), name="run")
    with stopping(3):
        fine_tune(config, make_parts())
    return Run(config.output / "run")


def test_a_run_with_all_of_them_is_a_run_like_others(given_run):
    table = given_run.freeze_table_file.read_text()
    assert "frozen,wide,head,True,0.03," in table
    assert "frozen,batch_normalization,head,True,0.03,adapt" in table
    given = {
        "augmentation": "shift",
        "head": "widen",
        "loss": "CategoricalFocalCrossentropy(alpha=0.25, axis=-1, from_logits=False, gamma=1.0, "
        "label_smoothing=0.0)",
    }
    assert given_run.metrics()["given"] == given_run.given_parts() == given
    assert "not in config.yaml: head widen." in given_run.model_card_file.read_text()
    assert load_config(given_run.config_file).augment.preset == "none"
    log = given_run.log_file.read_text()
    assert log.index("Augmentation: shift, in the place") < log.index("Data:")
    assert "every epoch has new views" in log
    assert (given_run.figures / "augmentation.png").is_file()
    assert read_neighbours(given_run).features.shape == (80, 16)  # what the head takes


def test_its_model_is_plain_keras_and_answers_as_it_was_measured(given_run, stripes):
    model = keras.models.load_model(given_run.model_file, safe_mode=True)
    assert [layer.name for layer in model.layers[-3:]] == ["pool", "head", "probabilities"]
    wanted = read_run_predictions(given_run)
    found = predict_images(given_run, [stripes / path for path in wanted.paths])
    np.testing.assert_allclose(found.probabilities, wanted.probabilities, atol=1e-5)


def test_its_views_cannot_be_made_without_it(given_run):
    with pytest.raises(ConfigError, match=r"`tta` must be 1 .* from Python: .* 2, and shift"):
        evaluate_run(given_run, tta=2)
    assert len(evaluate_run(given_run)) == 24


def test_an_interrupted_run_ends_as_a_whole_one(given_run, cut_given, tmp_path):
    cut = shutil.copytree(cut_given.path, tmp_path / "cut")
    check_resumed(cut, make_parts(), given_run)


@pytest.mark.parametrize(
    ("layer", "mode"),
    [
        pytest.param(True, "auto", marks=pytest.mark.slow),
        *(pytest.param(layer, "on", marks=pytest.mark.slow) for layer in (False, True)),
    ],
)
def test_it_does_with_layers_and_kept_views_too(layer, mode, tiny_config, tmp_path):
    def make():
        return make_parts(augmentation=keras.layers.RandomRotation(0.1) if layer else shift)

    finetune = dataclasses.replace(tiny_config.finetune, locked_layers="block2")
    cache = CacheConfig(mode=mode, memory_gb=0.0 if layer else "auto")
    config = dataclasses.replace(tiny_config, output=tmp_path, finetune=finetune, cache=cache)
    whole = fine_tune(config, make())
    with stopping(3):
        fine_tune(dataclasses.replace(config, name="cut"), make())
    run = check_resumed(tmp_path / "cut", make(), whole)
    assert ("every epoch has new views" in run.log_file.read_text()) == (mode == "auto")


def check_resumed(cut, given, whole):
    parts = {name: part for name, part in vars(given).items() if name != "callbacks"}
    run = kt.fine_tune(resume=cut, **parts)
    assert run.predictions_file.read_bytes() == whole.predictions_file.read_bytes()
    assert run.history_table()["loss"] == whole.history_table()["loss"]
    return run


def test_a_run_goes_on_with_the_parts_it_began_with_only(cut_given):
    settings = load_config(resume=str(cut_given.path))
    for parts, words in (
        (None, "`augmentation` must be the one that the run began with, shift. Received: none"),
        (make_parts(head=None), "`head` must be the one that the run began with, widen"),
        (make_parts(loss="poisson"), "`loss` must be .*gamma=1.0.*Received: poisson"),
    ):
        with pytest.raises(ConfigError, match=words) as found:
            fine_tune(settings, parts)
        assert f"fine_tune(resume={str(cut_given.path)!r}, augmentation=…, head=…" in str(
            found.value
        )
    with pytest.raises(ConfigError, match="`augmentation` must be"):
        main(["--resume", str(cut_given.path)])


def test_the_newest_run_of_the_same_settings_has_the_same_parts(cut_given, tiny_config):
    config = make_parts().settle(
        dataclasses.replace(tiny_config, output=cut_given.path.parent, resume="auto")
    )
    assert find_newest(config, make_parts().names()) == cut_given.path
    assert find_newest(config, make_parts(loss=None).names()) is None


@pytest.mark.thorough
def test_without_its_callbacks_a_run_goes_on_from_the_command_line(tiny_config, tmp_path):
    config = dataclasses.replace(tiny_config, output=tmp_path, name="run")
    with stopping(3):
        fine_tune(config, GivenParts(callbacks=[keras.callbacks.TerminateOnNaN()]))
    assert main(["--resume", str(tmp_path / "run")]) == 0
    log = Run(tmp_path / "run").log_file.read_text()
    assert "The run began with callbacks TerminateOnNaN: it goes on without them" in log


def test_a_part_of_the_settings_and_the_given_one_exclude_each_other(tiny_config):
    for parts, changes, words in (
        ({"head": widen}, {"head": HeadConfig(hidden=8)}, "The section `head` must be left out"),
        ({"loss": "poisson"}, {"optimizer": OptimizerConfig(label_smoothing=0.1)}, "smoothing"),
        ({"augmentation": shift}, {"augment": AugmentConfig(preset="strong")}, "preset strong"),
        ({"augmentation": shift}, {"augment": AugmentConfig(hue=0.1)}, "must hold mixup and"),
        ({"augmentation": shift}, {"cache": CacheConfig(reuse=True)}, "`cache.reuse` must be"),
    ):
        with pytest.raises(ConfigError, match=words):
            fine_tune(dataclasses.replace(tiny_config, **changes), GivenParts(**parts))


def test_mixes_go_with_a_given_augmentation(tiny_config):
    config = dataclasses.replace(tiny_config, augment=AugmentConfig(mixup=0.2))
    settled = make_parts().settle(config).augment
    assert settled == AugmentConfig(preset="none", mixup=0.2)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"augmentation": lambda image: image}, r"must take 2 arguments \(image, seed\)"),
        ({"augmentation": keras.layers.RandomFlip}, "Received: RandomFlip"),
        ({"head": 128}, r"a function \(features\)\. Received: 128"),
        ({"head": lambda: None}, "must take 1 arguments"),
        ({"loss": keras.losses.Poisson}, "Received: Poisson"),
        ({"loss": lambda labels: 0}, r"2 arguments \(labels, probabilities\)"),
    ],
)
def test_what_is_no_such_part_is_refused(parts, words):
    with pytest.raises(ConfigError, match=words):
        GivenParts(**parts)
