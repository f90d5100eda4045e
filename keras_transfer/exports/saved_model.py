"""SavedModels, which servers load without this package: pixels or encoded images in."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer.data.modality import Modality
from keras_transfer.exports.exporter_row import EXACT, Exporter, Source
from keras_transfer.exports.usage import USAGE, Usage

if TYPE_CHECKING:
    import keras

BEST = 5  # classes that `serve_bytes` names at most


def write_saved_model(model: "keras.Model", usage: Usage, modality: Modality, folder: Path) -> None:
    """Write a SavedModel with three signatures; preprocessing and softmax are inside all of them.

    * `serving_default`: `images`, float32 (batch, size, size, 3), raw RGB in `[0, 255]` →
      `probabilities` (batch, classes).
    * `serve_uint8`: the same in uint8.
    * `serve_bytes`: `bytes`, string (batch,), encoded images (see `served_formats`) →
      `probabilities`, and `top_classes` (names) and `top_scores`, (batch, 5 or fewer), best first.

    Args:
        model: The float32 classifier.
        usage: Its class names, and how images become squares.
        modality: Decodes the bytes.
        folder: Gets `saved_model.pb`; it must not exist.
    """
    import tensorflow as tf

    module = tf.Module()
    # `keras.export.ExportArchive` would write every weight twice (Keras 3.15)
    module.weights = [variable.value for variable in model.variables]
    tf.saved_model.save(module, str(folder), _trace_signatures(model, usage, modality))
    extra = folder / "assets.extra"  # TensorFlow's own place for files that it does not read
    extra.mkdir()
    (extra / USAGE).write_text(usage.to_json(), encoding="utf-8")


def _trace_signatures(model: "keras.Model", usage: Usage, modality: Modality) -> dict[str, Any]:
    """Return the graph of each signature."""
    import tensorflow as tf

    from keras_transfer.evaluation.inference import trace_forward

    size, names = model.input_shape[1], tf.constant(usage.class_names)
    forward = trace_forward(model)  # one graph for all signatures: each costs seconds and space

    def classify(images: Any) -> dict[str, Any]:
        return {"probabilities": forward(tf.cast(images, tf.float32))}

    def classify_bytes(content: Any) -> dict[str, Any]:
        images = tf.map_fn(
            lambda each: modality.decode_served(each, size, usage.preparation),
            content,
            fn_output_signature=tf.TensorSpec((size, size, 3), tf.uint8),
        )
        answer = classify(images)
        best = tf.math.top_k(answer["probabilities"], min(BEST, len(usage.class_names)))
        named = {"top_classes": tf.gather(names, best.indices), "top_scores": best.values}
        return answer | named

    pixels = {"serving_default": tf.float32, "serve_uint8": tf.uint8}
    signatures = {
        name: tf.function(classify).get_concrete_function(
            tf.TensorSpec((None, size, size, 3), dtype, name="images")
        )
        for name, dtype in pixels.items()
    }
    encoded = tf.TensorSpec((None,), tf.string, name="bytes")
    return signatures | {"serve_bytes": tf.function(classify_bytes).get_concrete_function(encoded)}


def _copy_saved_model(source: Source, folder: Path) -> None:
    shutil.copytree(source.saved_model, folder / "1")  # TensorFlow Serving wants a version


SAVED_MODEL = Exporter(file="saved_model", write=_copy_saved_model, limits=EXACT)
