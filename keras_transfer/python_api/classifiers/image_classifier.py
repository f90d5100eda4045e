"""A fine-tuned network as a scikit-learn classifier of images."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.python_api.classifiers.transfer_classifier import TransferClassifier
from keras_transfer.system.errors import ConfigError

SMALLEST = 8  # pixels; what is smaller and 3 or 4 wide may be a set of tiny gray images


class ImageClassifier(TransferClassifier):
    """Fine-tune a pretrained network as a scikit-learn classifier.

    What is not named here is taken as `fine_tune` takes it: `finetune__learning_rate=1e-4`, or a
    section as a dict, `augment={"preset": "strong"}`. Each `fit` leaves a run directory in
    `output`. A share of the images that `fit` gets is held back for validation, as in every
    training; there is no test split, unless `data__test_fraction` says so.

    `X` holds paths of n files; it is an array of n images, (n, height, width) or with channels
    last; or a list of arrays of any sizes. Pickled, it holds the trained network itself, so that it
    predicts where the run is not.

    Example:
        >>> import keras_transfer as kt
        >>> classifier = kt.ImageClassifier("mobilenetv3small", epochs=5)
        >>> classifier.fit(["1.jpg", "2.jpg"], ["cat", "dog"]).predict(["3.jpg"])

    Args:
        backbone: Pretrained network, one of `keras_transfer.BACKBONES`.
        epochs: Of each of the two phases. None: found from the number of images.
        batch_size: Images per step. None: 32.
        image_size: Side of the square the network sees, in pixels. None: the backbone's own.
        strategy: How the epochs are spent: two_phase, feature_extraction, full … .
        weights: auto, imagenet, bundled, none, or the path of weights or of an earlier run.
        random_state: Seed of everything random, or a `RandomState`. None: 0, as for the command.
        output: Folder in which the run directories are made.
        quiet: Say warnings and errors only.
        **settings: Others, see above.

    Attributes:
        classes_: (classes,) labels as `y` has them, sorted; columns of `predict_proba`.
        run_path_: Of the run directory, for `keras_transfer.Run.open`.
    """

    modality = "image"

    def __init__(
        self,
        backbone: str = "efficientnetb0",
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        image_size: int | None = None,
        strategy: str = "two_phase",
        weights: str = "auto",
        random_state: Any = None,
        output: str | Path = "saved_models",
        quiet: bool = True,
        **settings: Any,
    ) -> None:
        self.backbone = backbone
        self.epochs = epochs
        self.batch_size = batch_size
        self.image_size = image_size
        self.strategy = strategy
        self.weights = weights
        self.random_state = random_state
        self.output = output
        self.quiet = quiet
        self.set_params(**settings)

    def list_inputs(self, X: Any) -> Any:
        """Return a list or an array of images; a column of a table is one of paths."""
        if hasattr(X, "__array__"):
            X = np.asarray(X)
        if isinstance(X, np.ndarray) and X.dtype.kind in "OSU" and X.ndim == 2 and X.shape[1] == 1:
            X = X[:, 0]
        if not isinstance(X, list | tuple | np.ndarray) or getattr(X, "ndim", 1) == 0:
            raise ConfigError(f"X must be a list of paths or of arrays. Received: {repr(X)[:60]}.")
        if isinstance(X, np.ndarray) and _is_one_image(X.shape):
            raise ConfigError(
                "X must hold images one after the other. Received: an array of shape "
                f"{X.shape}, which is one image. Give X[None]."
            )
        return X

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _is_one_image(shape: tuple[int, ...]) -> bool:
    """Return whether an array is one image with its channels; as rows it would be many answers."""
    return len(shape) == 3 and shape[2] in (3, 4) and min(shape[:2]) >= SMALLEST
