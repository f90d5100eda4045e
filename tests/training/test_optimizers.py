import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.config import OptimizerConfig
from keras_transfer.training.optimizers import OPTIMIZERS, RateTable, build_optimizer, plan_rates


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


@pytest.mark.parametrize("name", ["adam", "adamw"])
@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "loss scale"])
def test_fused_adam_moves_weights_as_keras_does(name, wrapped):
    config = OptimizerConfig(name=name, weight_decay=0.1)
    ours = build_optimizer(config, 0.01, 20)
    reference = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}[name]
    settings = {"weight_decay": 0.1} if name == "adamw" else {}
    theirs = reference(RateTable(plan_rates(config, 0.01, 20)), **settings)
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(5, 3)), rng.normal(size=(20, 5, 3))

    def train(optimizer):
        if wrapped:
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=1.0)
        weight = keras.Variable(start.astype("float32"))
        optimizer.build([weight])
        step = tf.function(lambda gradient: optimizer.apply([gradient], [weight]))
        for gradient in gradients:
            step(tf.constant(gradient, tf.float32))
        return np.array(weight)

    end = train(ours)
    assert type(ours).update_step is not reference.update_step
    assert np.abs(end - start).max() > 0.05
    np.testing.assert_allclose(end, train(theirs), rtol=1e-5, atol=1e-6)
