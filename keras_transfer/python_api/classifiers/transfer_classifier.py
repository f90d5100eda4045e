"""A training with the manners of a scikit-learn classifier: cloned, searched, pickled."""

import tempfile
from abc import abstractmethod
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Self

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
from keras_transfer.evaluation.predict_output import ImagePredictions
from keras_transfer.predict import predict_images
from keras_transfer.python_api.training_call import PARTS, fine_tune
from keras_transfer.run.run_directory import Run
from keras_transfer.run.run_files import RunFiles
from keras_transfer.system.errors import ConfigError

OWN = ("dataset", "seed", "resume")  # settings that `fit` and `random_state` give
# Whoever cross-validates holds the test images; and what `y` says are classes, however they look.
DEFAULTS = {"test_fraction": 0.0, "layout": "classes"}
MOST_SEEDS = 2**31 - 1


class TransferClassifier(ClassifierMixin, BaseEstimator):
    """What the classifiers of all kinds of examples share; each has its own `__init__`.

    Attributes:
        classes_: (classes,) labels as `y` has them, sorted; columns of `predict_proba`.
        run_path_: Of the run directory, for `keras_transfer.Run.open`.
    """

    modality: ClassVar[str]
    """Key of `MODALITIES`."""
    random_state: Any

    @abstractmethod
    def list_inputs(self, X: Any) -> Any:
        """Return a list or an array of n examples.

        Args:
            X: What the user gave.

        Raises:
            ConfigError: It is something else.
        """

    def name_inputs(self, inputs: list[Any]) -> Any:
        """Return examples as `predict_images` takes them."""
        return inputs

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
                raise ConfigError(f"Unknown parameter {name!r} of {self._name}. {hint}".rstrip())
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: Any) -> Self:
        """Train.

        Args:
            X: n examples, see the class.
            y: (n,) labels of any kind that can be sorted.

        Raises:
            ConfigError: A setting or the examples cannot be used, and why.
        """
        if y is None:
            raise ConfigError(f"{self._name} requires y to be passed, but the target y is None.")
        inputs = self.list_inputs(X)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_consistent_length(inputs, y)
        check_classification_targets(y)
        classes, codes = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ConfigError(
                f"`y` must hold at least two classes. Received: {len(classes)} class. Give more."
            )
        names = _name_classes(classes)
        labels = [names[code] for code in codes]
        config = merge_layers({"data": {**DEFAULTS, "modality": self.modality}})
        run = fine_tune((inputs, labels), config=config, **self._read_settings())
        self.classes_, self.class_names_ = classes, names
        self.run_path_ = str(run.path.absolute())
        self._files: dict[str, bytes] | None = None
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes, (n, classes).

        Args:
            X: As `fit` takes it.

        Raises:
            ConfigError: An example cannot be read.
        """
        check_is_fitted(self, "classes_")
        inputs = list(self.list_inputs(X))
        found = self._predict(self.name_inputs(inputs))
        rows = zip(found.names, found.reasons, strict=True)
        if bad := [f"{name} ({reason})" for name, reason in rows if reason]:
            raise ConfigError(
                f"Every {found.noun} must be readable. Received: {name_some(bad, most=3)}. "
                "Leave them out."
            )
        if len(found.names) != len(inputs):
            raise ConfigError(
                f"Every path must name one {found.noun}. Received: a folder or a pattern."
            )
        columns = [self.class_names_.index(name) for name in found.class_names]
        probabilities = np.zeros((len(inputs), len(self.classes_)), np.float32)
        probabilities[:, columns] = found.probabilities
        return probabilities

    def predict(self, X: Any) -> np.ndarray:
        """Return the most likely label of each example, (n,).

        Args:
            X: As `fit` takes it.

        Raises:
            ConfigError: An example cannot be read.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "run_path_" in state:
            state["_files"] = self._files or _read_files(Run(self.run_path_))
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags

    @property
    def _name(self) -> str:
        return type(self).__name__

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

    def _predict(self, inputs: Any) -> ImagePredictions:
        """Return what the run says of examples, or what was unpickled without it."""
        if self._files is None:
            return predict_images(Run.open(self.run_path_), inputs)
        with tempfile.TemporaryDirectory() as folder:
            run = Run(folder)
            for place, content in self._files.items():
                file = run.path / place
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            return predict_images(run.model_file, inputs)


def _read_files(run: Run) -> dict[str, bytes]:
    """Return the files of a run that it predicts by: the network, and the tokenizer of texts."""
    tokenizer = run.path / RunFiles.tokenizer.place
    files = [run.model_file, *filter(Path.is_file, sorted(tokenizer.rglob("*")))]
    return {file.relative_to(run.path).as_posix(): file.read_bytes() for file in files}


def _list_settings() -> list[str]:
    """Return the names of all settings, of those within sections as `section__name`."""
    top = [*(field.name for field in fields(TrainConfig)), *SHORT_OPTIONS, *PARTS, "class_weight"]
    dotted = [name.replace(".", "__") for name in flatten(to_dict(TrainConfig())) if "." in name]
    return [name for name in [*top, *dotted] if name not in OWN]


def _name_classes(classes: np.ndarray) -> list[str]:
    """Return the names of classes; their places, where text of theirs is no name of a class."""
    names = name_labels(classes)
    plain = {name for name in names if name.isprintable() and name == name.strip()}
    fit = len(plain) == len(names) and all(map(is_filled, names))
    return names if fit else [str(place) for place in range(len(names))]
