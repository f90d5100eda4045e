"""NT-Xent: tell the other view of an image from all other views in the batch.

References:
    T. Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations",
    ICML 2020.
"""

import keras
from keras import KerasTensor, ops


class ContrastiveLoss(keras.losses.Loss):
    """The normalised, temperature-scaled cross entropy of SimCLR.

    Called with numbers of images (n,), each of which stands twice, and with the projected features
    of their views, (n, size).

    Args:
        temperature: What cosine similarities are divided by.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__(name="nt_xent")
        self._temperature = temperature

    def call(self, y_true: KerasTensor, y_pred: KerasTensor) -> KerasTensor:
        """Return the loss of each view, (n,)."""
        numbers = ops.reshape(y_true, (-1, 1))
        features = ops.normalize(y_pred, axis=-1)
        alike = ops.matmul(features, ops.transpose(features)) / self._temperature  # (n, n)
        itself = ops.eye(ops.shape(numbers)[0])
        partner = ops.cast(ops.equal(numbers, ops.transpose(numbers)), "float32") - itself
        others = ops.logsumexp(alike - 1e9 * itself, axis=-1)  # a view is not asked about itself
        return others - ops.sum(alike * partner, axis=-1)
