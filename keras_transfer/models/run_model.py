"""The classifier that a run trains, and the float32 model that it leaves."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import keras

from keras_transfer.config.messages import say_fault
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.backbones.preprocess_choice import fix_preprocess
from keras_transfer.models.build_model import build_backbone, build_model
from keras_transfer.models.precision import precision
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.models.weights.safe_hdf5 import require_own_numbers
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError


def build_classifier(
    config: TrainConfig,
    class_names: Sequence[str],
    weights: Weights | None,
    make_head: Callable[[int], keras.Model] | None = None,
) -> keras.Model:
    """Build backbone and head as `config` says, under the dtype policy in force.

    Args:
        config: Resolved settings.
        class_names: Two or more.
        weights: What the backbone starts from; None leaves random values.
        make_head: See `build_model`.
    """
    row = fix_preprocess(config.backbone, find_backbone(config.backbone), config.preprocess)
    size = config.data.image_size or 0
    assert size or row.takes == "texts"  # resolved
    backbone = build_backbone(row, size)
    if weights is not None:
        load_weights(backbone, config.backbone, weights)
    return build_model(row, backbone, len(class_names), config.head, make_head)


def rebuild_float32(
    model: keras.Model, config: TrainConfig, class_names: Sequence[str]
) -> keras.Model:
    """Return the same model in float32, whatever precision trained it, and not compiled.

    So it runs at full speed on any machine, and converters know all of its operations. What the run
    reports is measured on this model.

    Args:
        model: The trained model.
        config: Resolved settings.
        class_names: Index order.
    """
    if config.precision != "float32":
        with precision("float32"):
            given = next((layer for layer in model.layers if layer.name == "head"), None)
            copy = given and keras.models.clone_model(given)
            rebuilt = build_classifier(config, class_names, None, copy and (lambda channels: copy))
        # through a file: `set_weights` leaves a Normalization layer with its old statistics
        with tempfile.TemporaryDirectory() as folder:
            model.save_weights(Path(folder) / "trained.weights.h5")
            rebuilt.load_weights(Path(folder) / "trained.weights.h5")
        model = rebuilt
    return keras.Model(model.input, model.output, name="classifier")


def load_run_model(run: Run, config: TrainConfig, own: bool = False) -> keras.Model:
    """Return the model of a finished run, not compiled.

    Args:
        run: Its model.keras and class_names.txt are read.
        config: Its settings.
        own: Whether it is for images of the run's own domain: see `RunFiles.own_model_file`.

    Raises:
        ConfigError: The file is damaged, holds code, or is no classifier of the run's images or
            texts into the run's classes.
    """
    file = run.own_model_file if own else run.model_file
    require_own_numbers(file)
    try:
        model = keras.models.load_model(file, compile=False)
        shapes = [tensor.shape for tensor in (*model.inputs, *model.outputs)]
    except Exception as error:  # damaged files raise anything, code is refused by ValueError
        found = say_fault(error)
    else:
        side, classes = config.data.image_size, len(run.class_names())
        taken = (None, side, side, 3) if side else (None, None)  # of texts: token ids
        if shapes == [taken, (None, classes)]:
            return model
        found = f"a model of {' to '.join(map(str, shapes))}"
    raise ConfigError(
        f"{file.name} must be the classifier of its run, from images of the `data.image_size` of "
        f"config.yaml to the classes of class_names.txt. Received: {found} in {file}. "
        "Restore it from a copy, or train anew."
    )
