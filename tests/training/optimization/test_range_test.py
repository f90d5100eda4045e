"""A range test finds a usable rate, writes it down, and leaves no trace in the training."""

import dataclasses

import numpy as np
import pytest
import yaml

from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import read_table
from keras_transfer.train import fine_tune
from keras_transfer.training.optimization.range_test import (
    RATES,
    find_rate,
    smooth_losses,
    suggest_rate,
)


@pytest.fixture(scope="module")
def tested_run(tiny_config, drawn, tmp_path_factory):
    """A run that found the learning rate of its head."""
    config = dataclasses.replace(
        tiny_config,
        name="auto",
        strategy="feature_extraction",
        frozen=FrozenConfig(epochs=4, learning_rate="auto"),
        output=tmp_path_factory.mktemp("range"),
    )
    with drawn():
        return config, fine_tune(config)


def read_rate(run):
    return yaml.safe_load(run.config_file.read_text())["frozen"]["learning_rate"]


@pytest.mark.slow
def test_the_rate_that_was_found_is_written_and_taken(tested_run):
    _, run = tested_run
    rate = read_rate(run)
    assert 1e-4 < rate < 0.5
    assert set(read_table(run.freeze_table_file)["learning_rate"]) == {"", str(rate)}
    table = read_table(run.range_test_file)
    assert list(table) == ["learning_rate", "loss", "smooth_loss"]
    rates = np.array(table["learning_rate"], float)
    assert (np.diff(rates) > 0).all()
    losses = np.array(table["smooth_loss"], float)
    assert losses.min() < 0.95 * losses[0]
    assert (run.figures / "learning_rate.png").stat().st_size > 5000


@pytest.mark.thorough  # another training
def test_a_run_with_that_rate_is_the_same(tested_run, tmp_path):
    config, run = tested_run
    frozen = FrozenConfig(epochs=4, learning_rate=read_rate(run))
    again = fine_tune(dataclasses.replace(config, frozen=frozen, output=tmp_path))
    assert again.predictions_table() == run.predictions_table()
    assert not again.range_test_file.exists()


def test_the_suggestion_is_where_the_loss_falls_fastest():
    fall = 1 / (1 + np.exp((np.arange(80) - 50) / 3))  # steepest at step 50
    losses = smooth_losses([*(0.2 + fall), *np.linspace(0.2, 3, 20)])
    assert suggest_rate(RATES, losses) == pytest.approx(RATES[50], rel=0.13)


def test_a_loss_that_does_not_fall_suggests_nothing():
    assert suggest_rate(RATES, np.linspace(1, 3, 100)) is None
    for seed in range(20):
        noise = 0.7 + 0.1 * np.random.default_rng(seed).standard_normal(100)
        assert suggest_rate(RATES, smooth_losses(noise.tolist())) is None


class Part:
    """A model without weights that tells how it was trained."""

    def compile(self, optimizer, loss):
        self.optimizer, self.loss = optimizer, loss

    def fit(self, batches, callbacks, **settings):
        (log,) = callbacks
        self.batch, log.losses = next(iter(batches)), [1.0] * 100


def test_each_step_tries_a_rate_and_images_count_as_in_the_training(make_data, tmp_path, caplog):
    part, run = Part(), Run(tmp_path)
    config = OptimizerConfig(accumulate=8)
    weights = np.array([1.0, 3.0], np.float32)
    rate = find_rate(part, make_data(), config, run, "mse", weights)
    assert rate == FrozenConfig().learning_rate
    assert "The loss did not fall by 20 % at any rate" in caplog.text
    assert part.loss == "mse"  # that of the training
    assert not part.optimizer.gradient_accumulation_steps
    _, labels, weights = part.batch
    np.testing.assert_allclose(weights, labels.numpy() @ [1.0, 3.0])


def test_losses_are_smooth_without_a_bias():
    assert smooth_losses([2.0] * 5) == pytest.approx(2)
    assert smooth_losses([1.0, 3.0])[1] == pytest.approx((0.9 * 1 + 3) / 1.9)
