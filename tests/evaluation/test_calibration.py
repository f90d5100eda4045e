"""Temperature scaling: what is fitted, and that it is inside the model."""

import dataclasses

import keras
import numpy as np
import pytest
import scipy.special

from keras_transfer.evaluate import evaluate_run
from keras_transfer.evaluation.calibration import calibrate, fit_temperature
from keras_transfer.evaluation.metrics import expected_calibration_error
from keras_transfer.run.predictions_csv import Predictions, soften
from keras_transfer.train import fine_tune


@pytest.fixture(scope="module")
def drawn():
    """Return logits whose softmax is the true chance of each class, and classes drawn from it."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 1.5, (4000, 3))
    chances = scipy.special.softmax(logits, axis=1)
    truth = np.array([random.choice(3, p=chance) for chance in chances])
    return logits, truth


@pytest.mark.parametrize("temperature", [0.5, 1.7, 4.0])
def test_a_known_temperature_is_found(drawn, temperature):
    logits, truth = drawn
    sure = scipy.special.softmax(logits / temperature, axis=1)  # the model says less, or more
    assert fit_temperature(sure, truth) == pytest.approx(1 / temperature, rel=0.08)
    after = soften(sure, fit_temperature(sure, truth))
    assert expected_calibration_error(after, truth) < 0.03
    assert expected_calibration_error(after, truth) < expected_calibration_error(sure, truth)


def test_softening_is_undone_by_the_inverse(drawn):
    probabilities = scipy.special.softmax(drawn[0], axis=1)
    np.testing.assert_allclose(soften(soften(probabilities, 3.0), 1 / 3.0), probabilities)
    np.testing.assert_array_equal(
        soften(probabilities, 3.0).argmax(axis=1), probabilities.argmax(axis=1)
    )


def test_without_a_wrong_prediction_nothing_is_scaled():
    right = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert fit_temperature(right, np.array([0, 1])) == 1.0


def test_a_temperature_at_the_end_of_the_range_is_warned_of(caplog):
    """Chance said with certainty: no temperature is high enough."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(inputs))
    sure = np.tile([1 - 1e-12, 1e-12], (100, 1))
    validation = Predictions(
        paths=np.arange(100),
        splits=np.full(100, "validation"),
        truth=np.arange(100) % 2,
        probabilities=sure,
        class_names=("a", "b"),
    )
    assert calibrate(model, validation) == pytest.approx(10, rel=0.01)
    assert "end of what is tried" in caplog.text


def test_the_temperature_is_inside_the_model():
    inputs = keras.Input((5,))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(inputs))
    features = np.random.default_rng(0).normal(0, 3, (200, 5)).astype(np.float32)
    before = model.predict(features, verbose=0).astype(np.float64)
    truth = np.random.default_rng(1).integers(0, 3, 200)
    validation = Predictions(
        paths=np.arange(200),
        splits=np.full(200, "validation"),
        truth=truth,
        probabilities=before,
        class_names=("a", "b", "c"),
    )
    temperature = calibrate(model, validation)
    assert temperature > 1.5  # the classes are chance, and the model was sure
    after = model.predict(features, verbose=0)
    np.testing.assert_allclose(after, soften(before, temperature), atol=1e-5)


@pytest.mark.thorough
def test_a_calibrated_run_differs_in_its_probabilities_only(tiny_config, unsure_run):
    config = dataclasses.replace(
        tiny_config,
        frozen=dataclasses.replace(tiny_config.frozen, epochs=2, learning_rate=0.01),
        finetune=dataclasses.replace(tiny_config.finetune, epochs=0),
        calibrate=True,
    )
    run = fine_tune(config)
    metrics, plain = run.metrics(), unsure_run.metrics()
    assert set(metrics["calibration"]) == {"validation", "test"}
    found = metrics["calibration"]["validation"]
    before = plain["splits"]["validation"]["expected_calibration_error"]
    assert found["before"] == pytest.approx(before, abs=1e-4)
    after = metrics["splits"]["validation"]["expected_calibration_error"]
    assert found["after"] == pytest.approx(after)
    assert "calibration" not in plain
    for split in ("validation", "test"):
        assert metrics["splits"][split]["accuracy"] == plain["splits"][split]["accuracy"]
    own, wanted = evaluate_run(run), evaluate_run(unsure_run)
    scaled = soften(wanted.probabilities, found["temperature"])
    np.testing.assert_allclose(own.probabilities, scaled, atol=1e-5)
