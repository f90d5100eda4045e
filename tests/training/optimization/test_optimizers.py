import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.training.optimization.build_optimizer import build_optimizer, list_averages
from keras_transfer.training.optimization.layer_rates import RateTable
from keras_transfer.training.optimization.optimizers import OPTIMIZERS, Optimizer
from keras_transfer.training.optimization.schedules import plan_rates


def build(factors=(), rate=0.1, steps=10, **settings):
    return build_optimizer(OptimizerConfig(**settings), np.full(steps, rate), factors)


def make_weights(count, value=1.0):
    return [keras.Variable(np.full(3, value, "float32")) for _ in range(count)]


def read(weights):
    return [float(np.array(weight)[0]) for weight in weights]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_moves_a_weight_down_its_gradient(name):
    optimizer = build(name=name)
    (weight,) = make_weights(1)
    optimizer.apply([keras.ops.ones(3)], [weight])
    assert (np.array(weight) < 1).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_weight_moves_at_its_own_rate(name):
    optimizer = build(name=name, factors=(1.0, 0.25), weight_decay=0.0)
    weights = make_weights(2)
    optimizer.apply([keras.ops.ones(3)] * 2, weights)
    first, second = (1 - value for value in read(weights))
    assert first > 0.09
    assert second == pytest.approx(first / 4, rel=1e-4)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weight_decay_spares_biases_and_normalisation_and_follows_the_rate(name):
    optimizer = build(name=name, weight_decay=0.5, factors=(1.0, 1.0, 1.0, 1.0, 0.5))
    layers = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(3, use_bias=False, name="slow"),
        ]
    )
    for variable in layers.trainable_variables:
        variable.assign(keras.ops.ones_like(variable))
    zeros = [keras.ops.zeros_like(variable) for variable in layers.trainable_variables]
    optimizer.apply(zeros, layers.trainable_variables)
    kernel, bias, gamma, beta, slow = (
        float(np.array(v).ravel()[0]) for v in layers.trainable_variables
    )
    assert kernel == pytest.approx(0.95)
    assert slow == pytest.approx(0.975)
    assert bias == gamma == beta == 1.0


def test_weight_decay_auto_is_that_of_the_row():
    found = {name: build(name=name).weight_decay for name in OPTIMIZERS}
    assert found == {name: row.decay or None for name, row in OPTIMIZERS.items()}
    expected = {"adam": None, "adamw": 0.01, "sgd": None, "rmsprop": None, "lion": 0.01}
    assert found | expected == found


def test_what_a_row_says_is_what_is_built(monkeypatch):
    row = Optimizer(class_name="SGD", decay=0.5, settings={"momentum": 0.3, "nesterov": True})
    monkeypatch.setitem(OPTIMIZERS, "new", row)
    optimizer = build(name="new")
    found = optimizer.weight_decay, optimizer.momentum, optimizer.nesterov
    assert found == (0.5, 0.3, True)


@pytest.mark.parametrize("factors", [(), (1.0, 0.5)])
def test_clipping_is_by_the_norm_of_all_gradients_together(factors):
    optimizer = build(name="sgd", clip_norm=1.0, factors=factors, weight_decay=0.0)
    weights = make_weights(2, 0.0)
    gradients = keras.ops.ones(3) * 3.0, keras.ops.ones(3) * 4.0  # norm 5 sqrt(3)
    optimizer.apply(gradients, weights)
    share = np.array([-0.3, -0.4]) / (5 * 3**0.5)
    assert read(weights) == pytest.approx(share * (factors or (1, 1)), rel=1e-5)


def test_accumulated_gradients_are_averaged_and_move_once():
    optimizer = build(name="sgd", accumulate=3, weight_decay=0.0)
    (weight,) = make_weights(1, 0.0)
    found = []
    for gradient in (1.0, 2.0, 6.0, 5.0):
        optimizer.apply([keras.ops.ones(3) * gradient], [weight])
        found += read([weight])
    assert found == pytest.approx([0, 0, -0.3, -0.3])


def test_the_rate_of_an_update_is_that_of_its_last_step():
    config = OptimizerConfig(name="sgd", accumulate=2, weight_decay=0.0)
    optimizer = build_optimizer(config, np.array([1.0, 2.0, 3.0, 4.0]))
    (weight,) = make_weights(1, 0.0)
    found = []
    for gradient in (1.0, 1.0, 0.0, 0.0):
        optimizer.apply([keras.ops.ones(3) * gradient], [weight])
        found += read([weight])
    assert found == pytest.approx([0, -2, -2, -2 - 0.9 * 2])  # momentum keeps the rate it had


def test_averages_follow_the_weights():
    optimizer = build(name="sgd", ema=0.5, weight_decay=0.0)
    (weight,) = make_weights(1, 0.0)
    values = []
    for _ in range(3):
        optimizer.apply([keras.ops.ones(3)], [weight])
        values += read([weight])
    ((found, average),) = list_averages(optimizer)
    assert found is weight
    assert read([average])[0] == pytest.approx(
        0.25 * values[0] + 0.25 * values[1] + 0.5 * values[2]
    )
    assert list_averages(build(ema=0.0)) == []


@pytest.mark.parametrize("name", ["adam", "adamw"])
@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "loss scale"])
def test_fused_adam_moves_weights_as_keras_does(name, wrapped):
    config = OptimizerConfig(name=name, weight_decay=0.1 if name == "adamw" else 0.0)
    rates = plan_rates(config, 0.01, 20, 5)
    ours = build_optimizer(config, rates)
    reference = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}[name]
    settings = {"weight_decay": 0.1} if name == "adamw" else {}
    theirs = reference(RateTable(rates), **settings)
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
