"""A loss that is not a number: back to the best weights, half the rate, once."""

import dataclasses

import numpy as np
import pytest
from same_runs import assert_same_run, load_weights

from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.system.errors import ConfigError
from keras_transfer.training import fit_phase

FROZEN, FINETUNE = 0.03, 0.01  # peak rates; 5 steps an epoch


@pytest.fixture
def spoil(monkeypatch):
    """Return a function that makes a rate NaN, which the weights catch at once."""
    original = fit_phase.plan_rates

    def call(step, *peaks):
        def plan_rates(config, peak, *steps):
            rates = original(config, peak, *steps)
            if peak in peaks:
                rates[step] = np.nan
            return rates

        monkeypatch.setattr(fit_phase, "plan_rates", plan_rates)

    return call


@pytest.fixture
def spoilt_run(spoil, train, tmp_path):
    """A run whose loss was not a number in the third epoch of its second phase."""
    spoil(11, FINETUNE)
    return train(tmp_path / "spoilt")


def read_rates(run, phase):
    history = run.history_table()
    rows = zip(history["phase"], history["learning_rate"], strict=True)
    return [float(rate) for name, rate in rows if name == phase]


@pytest.mark.thorough
def test_the_phase_goes_on_from_its_best_epoch_at_half_the_rate(
    spoilt_run, whole_run, interrupt, train, tmp_path
):
    run = spoilt_run
    log = run.log_file.read_text()
    assert "WARNING: The loss of phase finetune is not a number in epoch 3: it goes on from " in log
    expected = read_rates(whole_run, "finetune")
    assert read_rates(run, "frozen") == read_rates(whole_run, "frozen")
    rates = read_rates(run, "finetune")
    assert rates[:2] == expected[:2]
    assert rates[2:] == pytest.approx(np.array(expected[2:]) / 2, rel=1e-4)
    history, others = run.history_table(), whole_run.history_table()
    assert history["loss"][:6] == others["loss"][:6]
    assert [*map(int, history["epoch"])] == [1, 2, 3, 4] * 2
    assert all(np.isfinite(value).all() for value in load_weights(run))
    assert np.isfinite([float(x) for x in (*history["loss"], *history["val_loss"])]).all()

    again = interrupt(7, tmp_path)  # and an interrupted run remembers it
    train(resume=again.path)
    assert_same_run(again, run)


# 4: the last of an epoch, whose loss is that of the weights before
@pytest.mark.parametrize(
    "step",
    [pytest.param(2, marks=pytest.mark.slow), pytest.param(4, marks=pytest.mark.thorough)],
)
def test_in_its_first_epoch_a_phase_goes_back_to_its_start(
    step, spoil, train, tmp_path, cut_config
):
    spoil(step, FROZEN)
    short = {"finetune": FinetuneConfig(epochs=0)}
    run = train(tmp_path / "spoilt", **short)
    assert "in epoch 1: it goes on from its start at half the rate" in run.log_file.read_text()
    half = dataclasses.replace(cut_config.frozen, learning_rate=FROZEN / 2)
    other = train(tmp_path / "half", frozen=half, **short)
    assert_same_run(run, other)  # nothing is left of the broken epoch


@pytest.mark.thorough
def test_the_second_time_is_an_error_that_says_what_to_do(spoil, train, tmp_path):
    spoil(11, FROZEN, FROZEN / 2)
    with pytest.raises(ConfigError) as caught:
        train(tmp_path)
    message = str(caught.value)
    assert "The loss of phase frozen must be a number" in message
    assert "--frozen.learning_rate 0.0015" in message
    assert not (tmp_path / "run/metrics.json").exists()
    log = (tmp_path / "run/train.log").read_text()
    assert "is not finished" in log
    assert "Go on with" not in log  # it would end here again
