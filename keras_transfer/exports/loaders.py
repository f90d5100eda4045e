"""Load any artefact with its own runtime, and nothing else, into one function from pixels.

Nothing here imports a runtime before it is needed, so a TFLite file is loaded without TensorFlow.
"""

import json
import numbers
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.exports.exporter_row import FAILED
from keras_transfer.exports.usage import (
    USAGE,
    Usage,
    number_classes,
    read_model_usage,
    read_run_usage,
)
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import hushed, import_tensorflow
from keras_transfer.system.machine import count_cores

Classify = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A loaded model."""

    path: Path
    """The file, or the folder of a SavedModel."""
    image_size: int
    """Side of its input in pixels."""
    usage: Usage
    """Class names, and how to resize."""
    classify: Classify
    """From pixels (n, image_size, image_size, 3), uint8 RGB, to probabilities (n, classes),
    float32."""


def load_artefact(path: str | Path) -> Artefact:
    """Load a run directory, or a file or folder that `export` wrote.

    Args:
        path: A finished run, `.keras`, a SavedModel (`saved_model` or the version in it), `.tflite`
            or `.onnx`.

    Raises:
        ConfigError: It is none of these, or its runtime is not installed.
    """
    path = Path(path)
    if any(name.endswith(FAILED) for name in path.parts[-2:]):
        raise ConfigError(
            f"A model must have passed its check. Received: {path}, which did not; parity.json in "
            "the run's exports says why."
        )
    load, place = _find_loader(path)
    try:
        return load(place)
    except ConfigError:
        raise
    except Exception as error:  # every runtime raises its own, down to RuntimeError and ValueError
        fault = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise ConfigError(
            f"{place} must be a whole model that its runtime loads, as `export` writes them. "
            f"Received: {fault}."
        ) from error


def _find_loader(path: Path) -> tuple[Callable[[Path], Artefact], Path]:
    """Return what loads an artefact, and the file or folder that it loads."""
    if (path / "config.yaml").is_file():
        return _load_keras, Run.open(path).model_file
    if folder := find_saved_model(path):
        return _load_saved_model, folder
    loaders = {".keras": _load_keras, ".tflite": _load_tflite, ".onnx": _load_onnx}
    if not path.is_file() or path.suffix not in loaders:
        raise ConfigError(
            "A model must be a run directory, a .keras, .tflite or .onnx file, or a SavedModel. "
            f"Received: {path}{'' if path.exists() else ', which is not there'}."
        )
    return loaders[path.suffix], path


def _read_side(images: Sequence[Any], answer: Sequence[Any]) -> int:
    """Return the side of the images a model takes; refuse one that is no classifier of squares.

    Args:
        images: Shape of its input, the batch first.
        answer: Shape of its output.
    """
    side: Any = images[1] if len(images) == 4 else None
    whole = isinstance(side, numbers.Integral)
    square = whole and tuple(images[2:]) == (side, 3) and int(side) > 1
    if not square or len(answer) != 2:
        raise ConfigError(
            "A model must take (batch, side, side, 3) and answer with (batch, classes), as those "
            f"that `export` writes. Received: {tuple(images)} and {tuple(answer)}."
        )
    return int(side)


def _load_keras(path: Path) -> Artefact:
    import_tensorflow()
    import keras
    import tensorflow as tf

    from keras_transfer.evaluation.inference import trace_forward

    model = keras.models.load_model(path, compile=False)
    side = _read_side(model.input_shape, model.output_shape)
    forward = trace_forward(model)
    return Artefact(
        path=path,
        image_size=side,
        usage=read_run_usage(path.parent)
        or read_model_usage(path)
        or number_classes(model.output_shape[1]),
        classify=lambda pixels: forward(tf.constant(pixels, tf.float32)).numpy(),
    )


def find_saved_model(path: Path) -> Path | None:
    """Return the folder of saved_model.pb: this one, or the version in it, or none."""
    folders = (path, path / "1")
    return next((folder for folder in folders if (folder / "saved_model.pb").is_file()), None)


def load_signature(folder: Path, name: str) -> Callable[[Any], np.ndarray]:
    """Load one signature of a SavedModel that `export` wrote.

    Args:
        folder: Holds saved_model.pb.
        name: serving_default, serve_uint8 or serve_bytes.

    Returns:
        A function to probabilities (n, classes), from pixels, or for serve_bytes from the names of
        n image files.
    """
    import_tensorflow()
    import tensorflow as tf

    return _call_signature(tf.saved_model.load(str(folder)), name)


def _call_signature(loaded: Any, name: str) -> Callable[[Any], np.ndarray]:
    import tensorflow as tf

    dtype = tf.uint8 if name == "serve_uint8" else tf.float32

    def classify(items: Any) -> np.ndarray:
        # by way of `loaded`: a signature alone does not keep the variables alive
        signature = loaded.signatures[name]
        if name == "serve_bytes":
            contents = [Path(file).read_bytes() for file in items]
            return np.asarray(signature(bytes=tf.constant(contents))["probabilities"])
        return np.asarray(signature(images=tf.constant(items, dtype))["probabilities"])

    return classify


def _load_saved_model(folder: Path) -> Artefact:
    import_tensorflow()
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))
    signature = loaded.signatures["serving_default"]
    images = signature.structured_input_signature[1]["images"].shape
    answer = signature.structured_outputs["probabilities"].shape
    usage = folder / "assets.extra" / USAGE
    return Artefact(
        path=folder,
        image_size=_read_side(images, answer),
        usage=Usage.from_json(usage.read_bytes()) if usage.is_file() else number_classes(answer[1]),
        classify=_call_signature(loaded, "serving_default"),
    )


def _load_tflite(path: Path) -> Artefact:
    from ai_edge_litert.interpreter import Interpreter

    with hushed():
        interpreter = Interpreter(str(path), num_threads=count_cores())
        interpreter.allocate_tensors()
    (images,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    side = _read_side(images["shape_signature"], answer["shape_signature"])
    scale, zero = answer["quantization"]

    def classify(pixels: np.ndarray) -> np.ndarray:
        if tuple(interpreter.get_input_details()[0]["shape"]) != pixels.shape:
            interpreter.resize_tensor_input(images["index"], pixels.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(images["index"], pixels.astype(images["dtype"]))
        interpreter.invoke()
        found = interpreter.get_tensor(answer["index"]).astype(np.float32)
        return (found - zero) * scale if scale else found

    try:
        with zipfile.ZipFile(path) as attached:
            usage = Usage.from_json(attached.read(USAGE))
    except (zipfile.BadZipFile, KeyError):
        usage = number_classes(answer["shape"][-1])
    return Artefact(path=path, image_size=side, usage=usage, classify=classify)


def _load_onnx(path: Path) -> Artefact:
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError(
            f"onnxruntime must be installed to load {path}. Received: no such package. "
            "Run: pip install 'keras_transfer[onnx]'"
        ) from error
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (images,), (answer,) = session.get_inputs(), session.get_outputs()

    def classify(pixels: np.ndarray) -> np.ndarray:
        return np.asarray(session.run(None, {images.name: pixels.astype(np.float32)})[0])

    said = session.get_modelmeta().custom_metadata_map
    return Artefact(
        path=path,
        image_size=_read_side(images.shape, answer.shape),
        usage=Usage(class_names=tuple(json.loads(said["class_names"])), resize=said["resize"])
        if "class_names" in said
        else number_classes(answer.shape[1]),
        classify=classify,
    )
