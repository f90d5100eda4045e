"""`fine_tune` as Python code calls it: what the command takes, as keywords."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_transfer import train
from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.modalities.table import name_datasets
from keras_transfer.python_api.arguments.argument_errors import guard
from keras_transfer.python_api.arguments.setting_names import refuse_unknown
from keras_transfer.python_api.finished_run import Run
from keras_transfer.run.load_settings import build_config
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.given.given_parts import GivenParts

PARTS = ("callbacks", "augmentation", "loss")  # objects; so may the head be


@guard
def fine_tune(
    dataset: Any = None,
    backbone: str | None = None,
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    image_size: int | None = None,
    strategy: str | None = None,
    weights: str | Path | None = None,
    seed: int | None = None,
    data: Mapping[str, Any] | DataConfig | None = None,
    augment: Mapping[str, Any] | AugmentConfig | None = None,
    head: Mapping[str, Any] | HeadConfig | Callable[..., Any] | None = None,
    frozen: Mapping[str, Any] | FrozenConfig | None = None,
    finetune: Mapping[str, Any] | FinetuneConfig | None = None,
    optimizer: Mapping[str, Any] | OptimizerConfig | None = None,
    callbacks: Sequence[Any] | None = None,
    augmentation: Callable[..., Any] | None = None,
    loss: str | Callable[..., Any] | None = None,
    class_weight: Mapping[Any, float] | str | None = None,
    output: str | Path | None = None,
    name: str | None = None,
    resume: str | Path | None = None,
    quiet: bool | None = None,
    config: TrainConfig | str | Path | None = None,
    **settings: Any,
) -> Run:
    """Train a classifier of images or texts from a pretrained backbone, by default in two phases.

    Everything the command takes is taken here; what is not given is as in `config`, else as
    `TrainConfig` has it. `help(keras_transfer.TrainConfig)` lists all settings.

    Example:
        >>> import keras_transfer as kt
        >>> run = kt.fine_tune("photos", backbone="mobilenetv3small", epochs=5)
        >>> run.predict("new.jpg").prediction
        >>> run = kt.fine_tune((images, labels), finetune={"learning_rate": 1e-4}, seed=1)

    Args:
        dataset: A folder of class folders, a labels.csv, tfds:NAME, digits; or what is in memory:
            a DataFrame, `(images, labels)`, `(texts, labels)`, a tf.data.Dataset … (see
            `name_dataset` of `keras_transfer.modalities.table`). A `TrainConfig` is taken as
            `config`. None: scikit-learn's handwritten digits.
        backbone: Pretrained network, one of `keras_transfer.BACKBONES`, hub:PRESET or
            file:MODEL.keras.
        epochs: Of each of the two phases, or of the only one.
        batch_size: Images per step.
        image_size: Side of the square the network sees, in pixels.
        strategy: How the epochs are spent: two_phase, feature_extraction, partial, full, gradual,
            lora, from_scratch or auto.
        weights: auto, imagenet, bundled, none, or the path of weights or of an earlier run.
        seed: Of everything random.
        data: How images become batches, as a dict or a `DataConfig`.
        augment: Changes of the training images, as a dict or an `AugmentConfig`:
            `{"preset": "strong"}`.
        head: The new layers, as a dict or a `HeadConfig`: `{"dropout": 0.3}`; or a function or
            Keras layer, features -> tensor, that is all below the softmax.
        frozen: Phase one, as a dict or a `FrozenConfig`: `{"epochs": 5}`.
        finetune: Phase two, as a dict or a `FinetuneConfig`: `{"learning_rate": 1e-4}`.
        optimizer: How the weights are moved, as a dict or an `OptimizerConfig`.
        callbacks: Of Keras, told of every phase; what they know is not resumed.
        augmentation: A Keras layer or a function (image, seed) -> image, in the place of `augment`.
        loss: A name, a Keras loss, or a function (labels, probabilities) -> loss.
        class_weight: What an image of each class counts, by name or index; auto: every class the
            same.
        output: Folder in which the run directory is made.
        name: Of the run directory.
        resume: An interrupted run to go on with, or auto.
        quiet: Say warnings and errors only.
        config: A `TrainConfig` or a YAML file that the others win over.
        **settings: All others: `precision`, `calibrate`, `cache`, `regularize` … . The target of
            `adapt` may be in memory, with labels or without: `adapt={"target": images}`.

    Returns:
        The finished run.

    Raises:
        ConfigError: A setting or the data set cannot be used, and why.
    """
    stated = {key: value for key, value in locals().items() if key not in ("config", "settings")}
    return _train(config, stated | settings)


def _train(config: Any, stated: Mapping[str, Any]) -> Run:
    """Train as `config` says, but for what is stated; None states nothing."""
    refuse_unknown(stated, [*PARTS, "class_weight"])
    changes = {name: value for name, value in stated.items() if value is not None}
    if isinstance(changes.get("dataset"), TrainConfig):
        if config is not None:
            raise ConfigError("`config` must be given once. Received: twice, as `dataset`, too.")
        config = changes.pop("dataset")
    base = _read_base(config)
    changes = name_datasets(changes, base)
    given = _take_parts(changes)
    run = train.fine_tune(build_config(base, changes), given)
    return Run(run.path)


def _take_parts(changes: dict[str, Any]) -> GivenParts:
    """Take out what is no setting but an object, and return it."""
    parts = {name: changes.pop(name) for name in PARTS if name in changes}
    if callable(changes.get("head")):
        parts["head"] = changes.pop("head")
    if "class_weight" in changes:
        changes["data.class_weight"] = changes.pop("class_weight")
    return GivenParts(**parts)


def _read_base(config: Any) -> Mapping[Any, Any]:
    """Return the settings that others win over."""
    if config is None:
        return {}
    if isinstance(config, TrainConfig):
        return to_dict(config)
    if isinstance(config, str | Path):
        return read_yaml(config)
    raise ConfigError(
        "`config` must be a TrainConfig or the path of a YAML file. "
        f"Received: {repr(config)[:100]}."
    )
