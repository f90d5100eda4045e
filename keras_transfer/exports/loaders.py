"""Load any artefact with its own runtime, and nothing else, into one function to probabilities.

Nothing here imports a runtime before it is needed, so a TFLite file is loaded without TensorFlow.
"""

import contextlib
import dataclasses
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from keras_transfer.config.messages import say_fault
from keras_transfer.exports.exporter_row import FAILED
from keras_transfer.exports.reading.artefact import Artefact, build_artefact
from keras_transfer.exports.reading.confinement import Confinement
from keras_transfer.exports.reading.contents import describe_contents, list_reaching
from keras_transfer.exports.reading.contract import (
    check_usage,
    make_classifier,
    read_input,
    require_one,
)
from keras_transfer.exports.reading.runtimes import (
    load_onnx,
    load_saved_model,
    load_tflite,
    read_saved_usage,
    read_tflite_usage,
)
from keras_transfer.exports.reading.vouching import is_vouched
from keras_transfer.exports.text_models.text_artefact import build_text_artefact, has_tokenizer
from keras_transfer.exports.usage import Usage, read_keras_usage
from keras_transfer.run.run_directory import Run
from keras_transfer.run.run_files import ZEROSHOT
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import import_tensorflow

logger = logging.getLogger(__name__)


def load_artefact(path: str | Path, trust: bool = False) -> Artefact:
    """Load a run directory, or a file or folder that `export` wrote, or such a one of others.

    A SavedModel, `.tflite` or `.onnx` that no parity.json beside it lists runs in a process of its
    own, with limits of time and memory.

    Args:
        path: A finished run, `.keras`, a SavedModel (`saved_model` or the version in it), `.tflite`
            or `.onnx`.
        trust: Whether to run a graph that came from elsewhere: it may do what a program may.

    Raises:
        ConfigError: It is none of these, it is not trusted, or its runtime is not installed.
    """
    path = Path(path)
    if any(name.endswith(FAILED) for name in path.parts[-2:]):
        raise ConfigError(
            f"A model must have passed its check. Received: {path}, which did not; parity.json in "
            "the run's exports says why."
        )
    load, place = _find_loader(path)
    if load is _load_keras or _is_ours(place):
        artefact = load_here(place)
    else:
        _require_trust(place, trust)
        artefact = _load_confined(place)
    for note in artefact.notes:
        logger.warning("%s", note)
    return artefact


def load_here(path: Path) -> Artefact:
    """Load a model into this process, wherever it came from.

    Raises:
        ConfigError: It is no whole model, or none that answers with probabilities for images.
    """
    load, place = _find_loader(path)
    with _explaining(place):
        artefact = load(place)
    check_usage(artefact.usage, artefact.classes, place)

    def classify(taken: np.ndarray) -> np.ndarray:
        with _explaining(place):
            return artefact.classify(taken)

    return dataclasses.replace(artefact, classify=classify)


def read_usage(path: str | Path, trust: bool = False) -> tuple[Path, Usage]:
    """Return the file of a model and how it is used; of a run it is not loaded.

    Raises:
        ConfigError: As `load_artefact` says.
    """
    load, place = _find_loader(Path(path))
    if load is _load_keras:
        with _explaining(place):
            usage = read_keras_usage(place)
        if usage:
            return place, usage
    artefact = load_artefact(path, trust)
    return artefact.path, artefact.usage


def read_keras_names(path: str | Path, with_texts: bool = False) -> tuple[str, ...]:
    """Return the class names of a run or a .keras file, without loading it; () if it has none.

    Args:
        path: What is explained.
        with_texts: Whether it may be a model of texts.

    Raises:
        ConfigError: It is no such model: only the layers of these can be looked into.
    """
    load, place = _find_loader(Path(path))
    if load is not _load_keras:
        raise ConfigError(
            "What is explained must be a run directory or a .keras file: others hold no layers to "
            f"look into. Received: {place}. Take the run that it was exported from."
        )
    with _explaining(place):
        usage = read_keras_usage(place)
    if usage and usage.takes_texts and not with_texts:
        raise ConfigError(
            "What is explained in pictures must be images. Received: "
            f"{path}, which takes texts. Type: python -m keras_transfer.explain {path} TEXTS"
        )
    return usage.class_names if usage else ()


def read_modality(path: str | Path) -> str:
    """Return the key in `MODALITIES` of what a model takes, without loading it.

    What cannot be read is taken for one of images: whoever loads it says what is wrong.
    """
    usage = None
    with contextlib.suppress(Exception):  # each kind of file has its own
        load, place = _find_loader(Path(path))
        if load is load_onnx:  # its metadata is in the middle of its weights
            return "text" if has_tokenizer(place) else "image"
        readers = {load_saved_model: read_saved_usage, load_tflite: read_tflite_usage}
        usage = readers.get(load, read_keras_usage)(place)
    return usage.modality if usage else "image"


def find_saved_model(path: Path) -> Path | None:
    """Return the folder of saved_model.pb: this one, or the version in it, or none."""
    folders = (path, path / "1")
    return next((folder for folder in folders if (folder / "saved_model.pb").is_file()), None)


@contextlib.contextmanager
def _explaining(place: Path) -> Iterator[None]:
    """Say in a line what a runtime raised: each has its own, down to RuntimeError."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(
            f"{place} must be a whole model that its runtime loads and runs, as `export` writes "
            f"them. Received: {say_fault(error)}."
        ) from error


def _is_ours(place: Path) -> bool:
    """Tell whether a file is an export that was checked, and holds only what exports hold."""
    with _explaining(place):
        return is_vouched(place) and not (place.is_dir() and list_reaching(place))


def _require_trust(place: Path, trust: bool) -> None:
    """Refuse a graph of others, and name what it holds, unless it is trusted."""
    with _explaining(place):
        held = describe_contents(place)
    if not trust:
        raise ConfigError(
            "A model of others can do what a program can: it must be trusted. Received: "
            f"{place}, which no parity.json beside it lists as an export. It holds {held}. "
            "Add --trust (in Python, trust=True) if you know who made it."
        )


def _load_confined(place: Path) -> Artefact:
    """Load a model into a process of its own."""
    confinement = Confinement(place)
    facts = confinement.read_facts()
    return Artefact(
        path=place,
        image_size=facts["image_size"],
        classes=facts["classes"],
        usage=Usage.from_notes(facts["usage"]),
        classify=confinement.classify,
        notes=tuple(facts["notes"]),
    )


def _find_loader(path: Path) -> tuple[Callable[[Path], Artefact], Path]:
    """Return what loads an artefact, and the file or folder that it loads."""
    if (path / "config.yaml").is_file():
        return _load_keras, Run.open(path).model_file
    if folder := find_saved_model(path):
        return load_saved_model, folder
    loaders = {".keras": _load_keras, ".tflite": load_tflite, ".onnx": load_onnx}
    if not path.is_file() or path.suffix not in loaders:
        raise ConfigError(
            "A model must be a run directory, a .keras, .tflite or .onnx file, or a SavedModel. "
            f"Received: {path}{_say_odd(path)}."
        )
    return loaders[path.suffix], path


def _say_odd(path: Path) -> str:
    if Run(path).is_of_zeroshot():
        return f", {ZEROSHOT}; predict takes what its --export leaves in {path / 'exports'}"
    return "" if path.exists() else ", which is not there"


def _load_keras(path: Path) -> Artefact:
    import_tensorflow()
    import keras
    import tensorflow as tf

    from keras_transfer.evaluation.inference import trace_forward
    from keras_transfer.models.weights.safe_hdf5 import require_own_numbers

    require_own_numbers(path)
    model = keras.models.load_model(path, compile=False)
    require_one("input", [tensor.name for tensor in model.inputs])
    require_one("output", [tensor.name for tensor in model.outputs])
    (images,), (answer,) = model.inputs, model.outputs
    forward, said = trace_forward(model), read_keras_usage(path)
    if said and said.takes_texts:
        return build_text_artefact(
            path,
            said,
            (images.shape, answer.shape),
            lambda batch: forward(tf.constant(batch, tf.int32)).numpy(),
            model,
        )
    takes = read_input(images.shape, tf.as_dtype(images.dtype).as_numpy_dtype, ordered=True)
    classify = make_classifier(lambda batch: forward(tf.constant(batch)).numpy(), takes)
    artefact = build_artefact(path, said, takes, answer.shape, classify)
    return dataclasses.replace(artefact, network=model)
