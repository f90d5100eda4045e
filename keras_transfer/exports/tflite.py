"""Write TFLite files, in four number formats, with the class names inside."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_transfer.exports.usage import LABELS, USAGE, Usage

Sample = Callable[[], np.ndarray]


def write_tflite(kind: str, saved_model: Path, usage: Usage, sample: Sample, file: Path) -> None:
    """Convert a SavedModel's `serving_default`; batches of any size can be fed.

    Args:
        kind: float32; float16 (weights only, computed in float32 on CPUs); dynamic_int8 (weights in
            8 bits, activations quantised as they come); int8 (everything in 8 bits, uint8 pixels in
            and uint8 probabilities out, scaled as the file says).
        saved_model: What `write_saved_model` wrote.
        usage: Its class names, and how images become squares.
        sample: Called for int8: pixels (n, size, size, 3), uint8, of training images, whose
            activations set the ranges.
        file: Gets the model, and after it a zip with `labels.txt`, which `unzip` reads.

    References:
        B. Jacob et al., "Quantization and Training of Neural Networks for Efficient
        Integer-Arithmetic-Only Inference", CVPR 2018.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(saved_model), signature_keys=["serving_default"]
    )
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8":
        pixels = sample().astype(np.float32)
        converter.representative_dataset = lambda: ([image[None]] for image in pixels)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    file.write_bytes(converter.convert())
    with zipfile.ZipFile(file, "a") as attached:  # readers of the model ignore what follows it
        attached.writestr(LABELS, "".join(f"{name}\n" for name in usage.class_names))
        attached.writestr(USAGE, usage.to_json())
