"""A fine-tuned network as a scikit-learn classifier: fitted, cloned, searched, pickled."""

import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, check_is_fitted

from keras_transfer.config.layers import SHORT_OPTIONS, flatten, merge_layers
from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.messages import name_some
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.data.sources.in_memory.given_labels import name_labels
from keras_transfer.data.sources.tables.table_labels import is_filled
from keras_transfer.predict import predict_images
from keras_transfer.python_api.training_call import PARTS, fine_tune
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

OWN = ("dataset", "seed", "resume")  # settings that `fit` and `random_state` give
# Whoever cross-validates holds the test images; and what `y` says are classes, however they look.
DEFAULTS = {"data": {"test_fraction": 0.0, "layout": "classes", "modality": "image"}}
MOST_SEEDS = 2**31 - 1
SMALLEST = 8  # pixels; what is smaller and 3 or 4 wide may be a set of tiny gray images


class ImageClassifier(ClassifierMixin, BaseEstimator):
    """Fine-tune a pretrained network as a scikit-learn classifier.

    What is not named here is taken as `fine_tune` takes it: `finetune__learning_rate=1e-4`, or a
    section as a dict, `augment={"preset": "strong"}`. Each `fit` leaves a run directory in
    `output`. A share of the images that `fit` gets is held back for validation, as in every
    training; there is no test split, unless `data__test_fraction` says so.

    Pickled, it holds the trained network itself, so that it predicts where the run is not.

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

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return all parameters, those of `**settings` that were given among them.

        Args:
            deep: There is nothing below.
        """
        named = self._get_param_names()
        given = [name for name in vars(self) if name not in named and name in _list_settings()]
        return {name: getattr(self, name) for name in [*named, *given]}

    def set_params(self, **params: Any) -> Self:
        """Change parameters.

        Args:
            **params: As the class takes them.

        Raises:
            ConfigError: One is unknown.
        """
        known = [*self._get_param_names(), *_list_settings()]
        for name, value in params.items():
            if name not in known:
                hint = "Use random_state." if name == "seed" else suggest_close(name, known)
                raise ConfigError(f"Unknown parameter {name!r} of ImageClassifier. {hint}".rstrip())
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: Any) -> Self:
        """Train on images.

        Args:
            X: Paths of n files; an array of n images, (n, height, width) or with channels last; or
                a list of arrays of any sizes.
            y: (n,) labels of any kind that can be sorted.

        Raises:
            ConfigError: A setting or the images cannot be used, and why.
        """
        if y is None:
            raise ConfigError("ImageClassifier requires y to be passed, but the target y is None.")
        images = _list_images(X)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_consistent_length(images, y)
        check_classification_targets(y)
        classes, codes = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ConfigError(
                f"`y` must hold at least two classes. Received: {len(classes)} class. Give more."
            )
        names = _name_classes(classes)
        labels = [names[code] for code in codes]
        run = fine_tune((images, labels), config=merge_layers(DEFAULTS), **self._read_settings())
        self.classes_, self.class_names_ = classes, names
        self.run_path_ = str(run.path.absolute())
        self._model: bytes | None = None
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes, (n, classes).

        Args:
            X: As `fit` takes it.

        Raises:
            ConfigError: An image cannot be read.
        """
        check_is_fitted(self, "classes_")
        images = list(_list_images(X))
        found = self._predict(images)
        rows = zip(found.names, found.reasons, strict=True)
        if bad := [f"{name} ({reason})" for name, reason in rows if reason]:
            raise ConfigError(
                f"Every image must be readable. Received: {name_some(bad, most=3)}. Leave them out."
            )
        if len(found.names) != len(images):
            raise ConfigError("Every path must name one image. Received: a folder or a pattern.")
        columns = [self.class_names_.index(name) for name in found.class_names]
        probabilities = np.zeros((len(images), len(self.classes_)), np.float32)
        probabilities[:, columns] = found.probabilities
        return probabilities

    def predict(self, X: Any) -> np.ndarray:
        """Return the most likely label of each image, (n,).

        Args:
            X: As `fit` takes it.

        Raises:
            ConfigError: An image cannot be read.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "run_path_" in state:
            state["_model"] = self._model or Run(self.run_path_).model_file.read_bytes()
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        return tags

    def _read_settings(self) -> dict[str, Any]:
        """Return the parameters as settings; those with a dotted name win over their section's."""
        params = self.get_params()
        seed = params.pop("random_state")
        if seed is not None and not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(MOST_SEEDS)
        params["seed"] = 0 if seed is None else int(seed)
        given = {name: value for name, value in params.items() if value is not None}
        ordered = sorted(given.items(), key=lambda item: "__" in item[0])
        return {name.replace("__", ".", 1): value for name, value in ordered}

    def _predict(self, images: list[Any]) -> Any:
        """Return what the run says of images, or the network that was unpickled without it."""
        if self._model is None:
            return predict_images(Run.open(self.run_path_), images)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "model.keras")
            file.write_bytes(self._model)
            return predict_images(file, images)


def _list_settings() -> list[str]:
    """Return the names of all settings, of those within sections as `section__name`."""
    top = [*(field.name for field in fields(TrainConfig)), *SHORT_OPTIONS, *PARTS, "class_weight"]
    dotted = [name.replace(".", "__") for name in flatten(to_dict(TrainConfig())) if "." in name]
    return [name for name in [*top, *dotted] if name not in OWN]


def _list_images(X: Any) -> Any:
    """Return a list or an array of images; a column of a table is one of paths."""
    if hasattr(X, "__array__"):
        X = np.asarray(X)
    if isinstance(X, np.ndarray) and X.dtype.kind in "OSU" and X.ndim == 2 and X.shape[1] == 1:
        X = X[:, 0]
    if not isinstance(X, list | tuple | np.ndarray) or getattr(X, "ndim", 1) == 0:
        raise ConfigError(f"X must be a list of paths or of arrays. Received: {repr(X)[:60]}.")
    if isinstance(X, np.ndarray) and _is_one_image(X.shape):
        raise ConfigError(
            f"X must hold images one after the other. Received: an array of shape {X.shape}, which "
            "is one image. Give X[None]."
        )
    return X


def _is_one_image(shape: tuple[int, ...]) -> bool:
    """Return whether an array is one image with its channels; as rows it would be many answers."""
    return len(shape) == 3 and shape[2] in (3, 4) and min(shape[:2]) >= SMALLEST


def _name_classes(classes: np.ndarray) -> list[str]:
    """Return the names of classes; their places, where text of theirs is no name of a class."""
    names = name_labels(classes)
    plain = {name for name in names if name.isprintable() and name == name.strip()}
    fit = len(plain) == len(names) and all(map(is_filled, names))
    return names if fit else [str(place) for place in range(len(names))]
