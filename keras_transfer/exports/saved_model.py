"""SavedModels, which servers load without this package: pixels, encoded images or texts in."""

import dataclasses
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer.data.modality import Modality
from keras_transfer.data.training_data import ModelInput, TokenInput
from keras_transfer.exports.exporter_row import EXACT, Exporter, Source
from keras_transfer.exports.text_models.text_saved_model import (
    load_operations,
    trace_text_signatures,
)
from keras_transfer.exports.usage import USAGE, Usage, read_run_usage
from keras_transfer.modalities.table import choose_modality
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.run_directory import Run

if TYPE_CHECKING:
    import keras

    from keras_transfer.exports.reference_answers import OwnSplit

BEST = 5  # classes that `serve_bytes` names at most


def write_source(
    model: "keras.Model", run: Run, splits: "tuple[OwnSplit, OwnSplit | None]", folder: Path
) -> Source:
    """Write the SavedModel that other files are converted from, and the tokenizer they need.

    Args:
        model: The float32 classifier.
        run: Its files say how it is used. Its `exports` get the tokenizer of a model of texts.
        splits: The validation examples, and those of training where int8 needs a sample of them.
        folder: To write into.
    """
    from keras_transfer.exports.reference_answers import sample_examples

    config = load_run_config(run)
    usage, modality = read_run_usage(run.path), choose_modality(config)
    assert usage is not None  # a finished run has the files that say it
    contents = splits[0].contents
    if contents is not None:
        usage = dataclasses.replace(usage, texts=contents.shape[1])
    taken = modality.find_input(config, run.path)
    write_saved_model(model, usage, modality, folder / "source", taken)
    modality.keep_input(taken, run.exports)
    return Source(
        model=model,
        saved_model=folder / "source",
        usage=usage,
        sample=partial(sample_examples, splits[1]),
    )


def write_saved_model(
    model: "keras.Model", usage: Usage, modality: Modality, folder: Path, taken: ModelInput
) -> None:
    """Write a SavedModel with three signatures; preprocessing and softmax are inside all of them.

    Those of a model of texts stand at `trace_text_signatures`; of images:

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
        taken: What the model takes.
    """
    import tensorflow as tf

    module = tf.Module()
    # `keras.export.ExportArchive` would write every weight twice (Keras 3.15)
    module.weights = [variable.value for variable in model.variables]
    if isinstance(taken, TokenInput):
        load_operations()
        signatures, module.tokenizer = trace_text_signatures(model, usage, taken)
    else:
        signatures = _trace_signatures(model, usage, modality)
    tf.saved_model.save(module, str(folder), signatures)
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
