"""TFLite files, in four number formats, with the class names inside."""

import zipfile
from functools import partial
from pathlib import Path

import numpy as np

from keras_transfer.exports.exporter_row import EXACT, Exporter, Limits, Source
from keras_transfer.exports.text_models.text_saved_model import IDS, write_one_text
from keras_transfer.exports.usage import LABELS, USAGE


def write_tflite(kind: str, source: Source, file: Path) -> None:
    """Convert a SavedModel's `serving_default`; batches of any size can be fed.

    Of texts `token_ids`, int32 (1, length), is taken: one text a call, of any length.

    Args:
        kind: float32; float16 (weights only, computed in float32 on CPUs); dynamic_int8 (weights in
            8 bits, activations quantised as they come); int8 (everything in 8 bits, uint8 pixels in
            and uint8 probabilities out, scaled as the file says; of texts int32 in, float32 out).
        source: Its SavedModel is converted. For int8 the activations of its sample set the ranges.
        file: Gets the model, and after it a zip with `labels.txt`, which `unzip` reads.

    References:
        B. Jacob et al., "Quantization and Training of Neural Networks for Efficient
        Integer-Arithmetic-Only Inference", CVPR 2018.
    """
    import tensorflow as tf

    texts, (folder, signature) = source.usage.takes_texts, _find_graph(source)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[signature])
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8":
        sample, dtype = source.sample(), np.int32 if texts else np.float32
        converter.representative_dataset = lambda: ([each[None].astype(dtype)] for each in sample)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if not texts:
            converter.inference_input_type = converter.inference_output_type = tf.uint8
    file.write_bytes(converter.convert())
    with zipfile.ZipFile(file, "a") as attached:  # readers of the model ignore what follows it
        labels = "".join(f"{name}\n" for name in source.usage.class_names)
        attached.writestr(LABELS, labels)
        attached.writestr(USAGE, source.usage.to_json())


def _find_graph(source: Source) -> tuple[Path, str]:
    """Return the SavedModel that can be converted, and its signature."""
    if not source.usage.takes_texts:
        return source.saved_model, "serving_default"
    folder = source.saved_model.with_name("one_text")
    if not folder.is_dir():  # for the first of several kinds
        write_one_text(source.model, folder)
    return folder, IDS


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
