"""A range test finds a usable rate, writes it down, and leaves no trace in the training."""

import dataclasses

import numpy as np
import pytest
import yaml

from keras_transfer.config import FrozenConfig
from keras_transfer.run import read_table
from keras_transfer.train import fine_tune
from keras_transfer.training.range_test import RATES, smooth_losses, suggest_rate


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


@pytest.mark.slow  # another training
def test_a_run_with_that_rate_is_the_same(tested_run, tmp_path):
    config, run = tested_run
    frozen = FrozenConfig(epochs=4, learning_rate=read_rate(run))
    again = fine_tune(dataclasses.replace(config, frozen=frozen, output=tmp_path))
    assert again.predictions() == run.predictions()
    assert not again.range_test_file.exists()


def test_the_suggestion_is_where_the_loss_falls_fastest():
    fall = 1 / (1 + np.exp(np.arange(80) - 50))  # steepest at step 50
    losses = np.concatenate([0.2 + fall, np.linspace(0.2, 3, 20)])
    assert suggest_rate(RATES, losses) == pytest.approx(RATES[50], rel=0.13)


def test_a_loss_that_only_grows_asks_for_the_lowest_rate():
    assert suggest_rate(RATES, np.linspace(1, 3, 100)) == RATES[0]


def test_losses_are_smooth_without_a_bias():
    assert smooth_losses([2.0] * 5) == pytest.approx(2)
    assert smooth_losses([1.0, 3.0])[1] == pytest.approx((0.9 * 1 + 3) / 1.9)
