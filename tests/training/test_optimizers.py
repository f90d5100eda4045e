import keras
import numpy as np
import pytest

from keras_transfer.config import OptimizerConfig
from keras_transfer.training.optimizers import OPTIMIZERS, build_optimizer


def rates(config, peak, steps):
    optimizer = build_optimizer(config, peak, steps)
    variable = keras.Variable(np.zeros(1, "float32"))
    optimizer.build([variable])
    found = []
    for _ in range(steps):
        found.append(float(optimizer.learning_rate))
        optimizer.apply([keras.ops.zeros(1)])
    return np.array(found)


def test_cosine_climbs_to_the_peak_and_falls_to_zero():
    found = rates(OptimizerConfig(schedule="cosine", warmup=0.1), 0.5, 100)
    assert found[0] == 0
    assert found[:11] == pytest.approx(np.linspace(0, 0.5, 11), abs=1e-6)
    assert found[55] == pytest.approx(0.25, abs=0.01)
    assert (np.diff(found[10:]) < 0).all()
    assert found[-1] < 0.001


def test_constant_stays_at_the_peak_after_the_warmup():
    found = rates(OptimizerConfig(schedule="constant", warmup=0.2), 0.1, 20)
    assert found[:5] == pytest.approx(np.linspace(0, 0.1, 5), abs=1e-6)
    assert found[4:] == pytest.approx(0.1)


def test_without_warmup_the_first_step_has_the_peak():
    assert rates(OptimizerConfig(warmup=0.0), 0.1, 4)[0] == pytest.approx(0.1)
    assert rates(OptimizerConfig(warmup=0.0, schedule="constant"), 0.1, 4) == pytest.approx(0.1)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_moves_a_weight_down_its_gradient(name):
    optimizer = build_optimizer(OptimizerConfig(name=name, warmup=0.0), 0.1, 10)
    variable = keras.Variable(np.ones(3, "float32"))
    optimizer.apply([keras.ops.ones(3)], [variable])
    assert (np.array(variable) < 1).all()


def test_weight_decay_spares_biases_and_normalisation():
    config = OptimizerConfig(name="adamw", weight_decay=0.5, warmup=0.0)
    layers = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3),
            keras.layers.BatchNormalization(),
        ]
    )
    for variable in layers.trainable_variables:
        variable.assign(keras.ops.ones_like(variable))
    optimizer = build_optimizer(config, 0.1, 10)
    zeros = [keras.ops.zeros_like(variable) for variable in layers.trainable_variables]
    optimizer.apply(zeros, layers.trainable_variables)
    values = {v.name: float(np.array(v).ravel()[0]) for v in layers.trainable_variables}
    assert values["kernel"] == pytest.approx(0.95)
    assert values["bias"] == values["gamma"] == values["beta"] == 1.0
