import numpy as np
import pytest

from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.training.optimization.layer_rates import RateTable
from keras_transfer.training.optimization.schedules import SCHEDULES, Schedule, plan_rates
from keras_transfer.training.plan.preflight import check_names


def rates(schedule, steps=100, warmup=0.0, peak=0.5, epoch_steps=10):
    config = OptimizerConfig(schedule=schedule, warmup=warmup)
    return plan_rates(config, peak, steps, epoch_steps)


def test_a_schedule_is_a_row_of_the_table(monkeypatch):
    monkeypatch.setitem(SCHEDULES, "linear", Schedule(shape=lambda x: 1 - x))
    check_names(TrainConfig(optimizer=OptimizerConfig(schedule="linear")))
    expected = [0, 0.25, 0.5, 0.375, 0.25, 0.125]
    assert rates("linear", steps=6, warmup=0.34) == pytest.approx(expected)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 7, 100])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.9, 1.0, 3.0])
def test_rates_are_positive_and_at_most_the_peak(schedule, steps, warmup):
    found = rates(schedule, steps, warmup)
    assert found.shape == (max(1, steps),)
    assert found[1:].min(initial=1) > 0
    assert found.max() <= 0.5


@pytest.mark.parametrize("schedule", [name for name, row in SCHEDULES.items() if row.warms_up])
def test_the_warmup_climbs_from_zero_to_the_peak(schedule):
    found = rates(schedule, warmup=0.1)
    assert found[:11] == pytest.approx(np.linspace(0, 0.5, 11))


def test_a_warmup_from_1_on_is_epochs():
    for epochs in (1.0, 2.0):
        share = rates("cosine", warmup=epochs / 10)  # of ten epochs
        np.testing.assert_array_equal(rates("cosine", warmup=epochs), share)


def test_cosine_falls_to_zero_and_never_restarts():
    found = rates("cosine", warmup=0.1)
    assert found[55] == pytest.approx(0.25, abs=0.01)
    assert (np.diff(found[10:]) < 0).all()
    assert found[-1] < 0.001


def test_cosine_restarts_begin_at_the_peak_in_cycles_that_double():
    found = rates("cosine_restarts", steps=700)
    rises = np.flatnonzero(np.diff(found) > 0) + 1
    assert rises.tolist() == [100, 300]
    assert found[[0, 100, 300]] == pytest.approx(0.5)
    assert found[[99, 299, 699]] == pytest.approx(0, abs=1e-3)


def test_one_cycle_climbs_then_falls_far_below_its_start():
    found = rates("one_cycle", steps=1000)
    assert found[0] == pytest.approx(0.5 / 25)
    assert found.argmax() == 300
    assert found[300] == pytest.approx(0.5)
    assert (np.diff(found[:301]) > 0).all()
    assert (np.diff(found[300:]) < 0).all()
    assert found[-1] < found[0] / 100


def test_step_falls_to_a_tenth_twice():
    found = rates("step")
    assert found[[0, 49, 50, 74, 75, 99]] == pytest.approx([0.5, 0.5, 0.05, 0.05, 0.005, 0.005])


def test_exponential_falls_by_the_same_share_each_step():
    found = rates("exponential")
    assert found[1:] / found[:-1] == pytest.approx(0.01**0.01)
    assert found[50] == pytest.approx(0.05)


def test_constant_stays_at_the_peak():
    assert rates("constant") == pytest.approx(0.5)


def test_the_table_gives_the_last_rate_from_there_on():
    table = RateTable(np.array([1.0, 2.0]))
    assert [float(table(step)) for step in range(4)] == [1, 2, 2, 2]
