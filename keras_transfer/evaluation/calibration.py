"""Temperature scaling: probabilities that are as right as they claim to be, without a new layer."""

import logging

import keras
import numpy as np
import scipy.optimize

from keras_transfer.run.predictions_csv import Predictions, soften

logger = logging.getLogger(__name__)

RANGE = 0.1, 10.0  # temperatures looked at; usual networks need 1 to 3


def calibrate(model: keras.Model, validation: Predictions) -> float:
    """Fit a temperature on validation images and divide the weights of the last layer by it.

    softmax(z / T) needs no layer of its own where z is linear in the last layer's weights, so the
    model keeps its shape, and every file made of it is calibrated as well. The order of the
    classes, and so the accuracy, stays.

    Args:
        model: Its last layer is a `Dense` with softmax; changed in place.
        validation: What the model says of the validation images.

    Returns:
        The temperature: above 1 the model was too sure of itself. 1 where every image is right,
        which tells nothing of how sure to be.

    References:
        C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    temperature = fit_temperature(validation.probabilities, validation.truth)
    if temperature == 1.0:
        logger.warning("Calibration needs wrong predictions on validation; there are none")
    if not RANGE[0] * 1.01 < temperature < RANGE[1] / 1.01:
        logger.warning(
            "The temperature %.2g is the end of what is tried: validation says little of how sure "
            "to be",
            temperature,
        )
    last = model.layers[-1]
    last.set_weights([weights / temperature for weights in last.get_weights()])
    return temperature


def fit_temperature(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Return the temperature with the least negative log-likelihood, in [0.1, 10].

    Args:
        probabilities: (n, classes).
        truth: (n,) index of the true class.
    """
    if (probabilities.argmax(axis=1) == truth).all():
        return 1.0
    rows = np.arange(len(truth))

    def loss(logarithm: float) -> float:
        scaled = soften(probabilities, float(np.exp(logarithm)))
        return -float(np.log(np.maximum(scaled[rows, truth], 1e-30)).mean())

    found = scipy.optimize.minimize_scalar(loss, bounds=np.log(RANGE), method="bounded")
    return float(np.exp(found.x))
