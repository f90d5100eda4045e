"""Write a SavedModel that servers load without this package: pixels or encoded images in."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from keras_transfer.evaluation.inference import trace_forward
from keras_transfer.exports.usage import USAGE, Usage
from keras_transfer.images.decoding.served_decoding import decode_encoded

BEST = 5  # classes that `serve_bytes` names at most


def write_saved_model(model: keras.Model, usage: Usage, folder: Path) -> None:
    """Write a SavedModel with three signatures; preprocessing and softmax are inside all of them.

    * `serving_default`: `images`, float32 (batch, size, size, 3), raw RGB in `[0, 255]` →
      `probabilities` (batch, classes).
    * `serve_uint8`: the same in uint8.
    * `serve_bytes`: `bytes`, string (batch,), encoded images (see `decode_encoded`) →
      `probabilities`, and `top_classes` (names) and `top_scores`, (batch, 5 or fewer), best first.

    Args:
        model: The float32 classifier.
        usage: Its class names, and how images become squares.
        folder: Gets `saved_model.pb`; TensorFlow Serving expects a number as its name.
    """
    size = model.input_shape[1]
    names = tf.constant(usage.class_names)
    count = min(BEST, len(usage.class_names))
    forward = trace_forward(model)  # one graph for all signatures: each costs seconds and space

    def classify(images: Any) -> dict[str, Any]:
        return {"probabilities": forward(tf.cast(images, tf.float32))}

    def classify_bytes(content: Any) -> dict[str, Any]:
        images = tf.map_fn(
            lambda each: decode_encoded(each, size, usage.resize),
            content,
            fn_output_signature=tf.TensorSpec((size, size, 3), tf.uint8),
        )
        answer = classify(images)
        best = tf.math.top_k(answer["probabilities"], count)
        return answer | {
            "top_classes": tf.gather(names, best.indices),
            "top_scores": best.values,
        }

    def specify(dtype: Any) -> tf.TensorSpec:
        return tf.TensorSpec((None, size, size, 3), dtype, name="images")

    module = tf.Module()
    # `keras.export.ExportArchive` would write every weight twice (Keras 3.15)
    module.weights = [variable.value for variable in model.variables]
    signatures = {
        "serving_default": tf.function(classify).get_concrete_function(specify(tf.float32)),
        "serve_uint8": tf.function(classify).get_concrete_function(specify(tf.uint8)),
        "serve_bytes": tf.function(classify_bytes).get_concrete_function(
            tf.TensorSpec((None,), tf.string, name="bytes")
        ),
    }
    tf.saved_model.save(module, str(folder), signatures)
    extra = folder / "assets.extra"  # TensorFlow's own place for files that it does not read
    extra.mkdir()
    (extra / USAGE).write_text(usage.to_json(), encoding="utf-8")
