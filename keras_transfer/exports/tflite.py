"""TFLite files, in four number formats, with the class names inside."""

import zipfile
from functools import partial
from pathlib import Path

import numpy as np

from keras_transfer.exports.exporter_row import EXACT, Exporter, Limits, Source
from keras_transfer.exports.usage import LABELS, USAGE


def write_tflite(kind: str, source: Source, file: Path) -> None:
    """Convert a SavedModel's `serving_default`; batches of any size can be fed.

    Args:
        kind: float32; float16 (weights only, computed in float32 on CPUs); dynamic_int8 (weights in
            8 bits, activations quantised as they come); int8 (everything in 8 bits, uint8 pixels in
            and uint8 probabilities out, scaled as the file says).
        source: Its SavedModel is converted. For int8 the activations of its sample set the ranges.
        file: Gets the model, and after it a zip with `labels.txt`, which `unzip` reads.

    References:
        B. Jacob et al., "Quantization and Training of Neural Networks for Efficient
        Integer-Arithmetic-Only Inference", CVPR 2018.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(source.saved_model), signature_keys=["serving_default"]
    )
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8":
        pixels = source.sample().astype(np.float32)
        converter.representative_dataset = lambda: ([image[None]] for image in pixels)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    file.write_bytes(converter.convert())
    with zipfile.ZipFile(file, "a") as attached:  # readers of the model ignore what follows it
        labels = "".join(f"{name}\n" for name in source.usage.class_names)
        attached.writestr(LABELS, labels)
        attached.writestr(USAGE, source.usage.to_json())


def _make_row(kind: str, file: str, limits: Limits) -> Exporter:
    return Exporter(file=file, write=partial(write_tflite, kind), limits=limits)


ROUNDED = Limits(agreement=0.99)
# Half of the classes: 8 bits move many weak answers, but a mistake would move nearly all.
EIGHT_BITS = Limits(agreement=0.5, loss=0.02)

TFLITE = {
    "float32": _make_row("float32", "model.tflite", EXACT),
    "float16": _make_row("float16", "model.float16.tflite", ROUNDED),
    "dynamic_int8": _make_row("dynamic_int8", "model.dynamic_int8.tflite", ROUNDED),
    "int8": _make_row("int8", "model.int8.tflite", EIGHT_BITS),
}
