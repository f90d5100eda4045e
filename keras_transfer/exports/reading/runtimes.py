"""Load the files that `export` writes, and such ones of others, each with its own runtime.

Nothing here imports a runtime before it is needed, so a TFLite file is loaded without TensorFlow.
"""

import json
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.data.shards.member_files import read_file
from keras_transfer.exports.reading.artefact import Artefact, build_artefact
from keras_transfer.exports.reading.contract import RAW, make_classifier, read_input, require_one
from keras_transfer.exports.reading.tflite_metadata import read_span
from keras_transfer.exports.text_models.text_artefact import build_text_artefact
from keras_transfer.exports.text_models.text_saved_model import read_text_saved_model
from keras_transfer.exports.usage import USAGE, Usage
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import hushed, import_tensorflow
from keras_transfer.system.machine import count_cores

SERVED = "serving_default"  # the signature that is meant where nothing is said
ONNX_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}


def load_saved_model(folder: Path) -> Artefact:
    """Load the signature serving_default of a SavedModel, or its only one, into this process."""
    import_tensorflow()
    import tensorflow as tf

    said = read_saved_usage(folder)
    if said and said.takes_texts:
        return read_text_saved_model(folder, said)
    loaded = tf.saved_model.load(str(folder))
    names = sorted(loaded.signatures)
    if SERVED in names:
        names = [SERVED]
    require_one("signature", names)
    signature = loaded.signatures[names[0]]
    asked, answers = signature.structured_input_signature[1], signature.structured_outputs
    require_one("input", sorted(asked))
    require_one("output", sorted(answers))
    ((given, images),), ((found, answer),) = asked.items(), answers.items()
    takes = read_input(_list_sizes(images.shape), images.dtype.as_numpy_dtype)

    def call(batch: np.ndarray) -> np.ndarray:
        # by way of `loaded`: a signature alone does not keep the variables alive
        return np.asarray(loaded.signatures[names[0]](**{given: tf.constant(batch)})[found])

    classify = make_classifier(call, takes)
    return build_artefact(folder, said, takes, _list_sizes(answer.shape), classify)


def read_saved_usage(folder: Path) -> Usage | None:
    """Return what a SavedModel says of its use."""
    file = folder / "assets.extra" / USAGE
    return Usage.from_json(file.read_bytes()) if file.is_file() else None


def load_signature(folder: Path, name: str) -> Callable[[Any], np.ndarray]:
    """Load one signature of a SavedModel that `export` wrote.

    Args:
        folder: Holds saved_model.pb.
        name: serve_uint8 or serve_bytes.

    Returns:
        A function to probabilities (n, classes), from pixels, or for serve_bytes from the names of
        n image files.
    """
    import_tensorflow()
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))

    def classify(items: Any) -> np.ndarray:
        signature = loaded.signatures[name]  # as above
        if name == "serve_bytes":
            contents = [read_file(file) for file in items]
            return np.asarray(signature(bytes=tf.constant(contents))["probabilities"])
        return np.asarray(signature(images=tf.constant(items, tf.uint8))["probabilities"])

    return classify


def _list_sizes(shape: Any) -> list[Any]:
    return [] if shape.rank is None else shape.as_list()


def load_tflite(path: Path) -> Artefact:
    """Load a TFLite file into this process."""
    from ai_edge_litert.interpreter import Interpreter

    with hushed():
        interpreter = Interpreter(str(path), num_threads=count_cores())
        interpreter.allocate_tensors()
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    require_one("input", [each["name"] for each in inputs])
    require_one("output", [each["name"] for each in outputs])
    (images,), (answer,) = inputs, outputs
    said, labels = _read_attached(path)
    if said and said.takes_texts:
        shapes = images["shape_signature"].tolist(), answer["shape_signature"].tolist()
        return build_text_artefact(path, said, shapes, partial(_ask_tflite, interpreter))
    takes = read_input(images["shape_signature"], images["dtype"], images["quantization"])

    span = None if said else read_span(path)
    whole = takes.dtype.kind != "f"
    call, meant = partial(_ask_tflite, interpreter), RAW if said and whole else span
    classify = make_classifier(call, takes, meant, answer["quantization"])
    shape, scaled = answer["shape_signature"], whole or span is not None
    return build_artefact(path, said, takes, shape, classify, labels, scaled)


def _ask_tflite(interpreter: Any, batch: np.ndarray) -> np.ndarray:
    (taken,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    if tuple(taken["shape"]) != batch.shape:
        interpreter.resize_tensor_input(taken["index"], batch.shape)
        interpreter.allocate_tensors()
    interpreter.set_tensor(taken["index"], batch)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(answer["index"]))


def read_tflite_usage(path: Path) -> Usage | None:
    """Return what a TFLite file says of its use."""
    return _read_attached(path)[0]


def _read_attached(path: Path) -> tuple[Usage | None, list[str]]:
    """Return what the zip behind a TFLite file says: its use, or no more than a list of labels."""
    try:
        with zipfile.ZipFile(path) as attached:
            names = attached.namelist()
            if USAGE in names:
                return Usage.from_json(attached.read(USAGE)), []
            lists = [name for name in names if name.endswith(".txt")]
            labels = attached.read(lists[0]).decode() if len(lists) == 1 else ""
            return None, labels.splitlines()
    except zipfile.BadZipFile:
        return None, []


def load_onnx(path: Path) -> Artefact:
    """Load an ONNX file into this process.

    Raises:
        ConfigError: onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError(
            f"onnxruntime must be installed to load {path}. Received: no such package. "
            "Run: pip install 'keras_transfer[onnx]'"
        ) from error
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    require_one("input", [each.name for each in session.get_inputs()])
    require_one("output", [each.name for each in session.get_outputs()])
    (images,), (answer,) = session.get_inputs(), session.get_outputs()

    def call(batch: np.ndarray) -> np.ndarray:
        return np.asarray(session.run(None, {images.name: batch})[0])

    read = session.get_modelmeta().custom_metadata_map
    said = None
    if "class_names" in read:
        said = Usage.from_notes(
            {"resize": "", **read, "class_names": json.loads(read["class_names"])}
        )
        if said.takes_texts:
            return build_text_artefact(path, said, (images.shape, answer.shape), call)
    takes = read_input(images.shape, ONNX_TYPES.get(images.type, np.object_))
    return build_artefact(path, said, takes, answer.shape, make_classifier(call, takes))
