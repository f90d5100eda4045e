"""SavedModels that take texts as they are: their tokenizer is in the graph."""

import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_transfer.data.training_data import TokenInput
from keras_transfer.exports.reading.artefact import Artefact
from keras_transfer.exports.text_models.text_artefact import check_count
from keras_transfer.exports.usage import Usage
from keras_transfer.system.packages import require_package

if TYPE_CHECKING:
    import keras

SERVED, IDS = "serving_default", "serve_ids"
PARTS = ("text", "text_2")  # of an example, as the inputs are called
BEST = 5  # classes that are named at most


def trace_text_signatures(
    model: "keras.Model", usage: Usage, taken: TokenInput
) -> tuple[dict[str, Any], list[Any]]:
    """Return the graph of each signature, and what of the tokenizer must be saved with them.

    * `serving_default`: `text`, string (batch,), and for pairs `text_2` → `probabilities` (batch,
      classes), and `top_classes` (names) and `top_scores`, (batch, 5 or fewer), best first.
    * `serve_ids`: `token_ids`, int32 (batch, length) → `probabilities`.

    Args:
        model: The float32 classifier.
        usage: Its class names, and texts of an example.
        taken: Its tokenizer, and the most tokens of a text.
    """
    import tensorflow as tf

    from keras_transfer.evaluation.inference import trace_forward
    from keras_transfer.texts.tokenizers import open_tokenizer, serve_tokens

    names, forward = tf.constant(usage.class_names), trace_forward(model)

    def classify_ids(token_ids: Any) -> dict[str, Any]:
        return {"probabilities": forward(token_ids)}

    def classify(**texts: Any) -> dict[str, Any]:
        rows = tf.stack([texts[part] for part in PARTS if part in texts], axis=1)
        found = forward(serve_tokens(rows, taken))
        best = tf.math.top_k(found, min(BEST, len(usage.class_names)))
        named = {"top_classes": tf.gather(names, best.indices), "top_scores": best.values}
        return {"probabilities": found, **named}

    strings = {part: tf.TensorSpec((None,), tf.string, name=part) for part in PARTS[: usage.texts]}
    signatures = {
        SERVED: tf.function(classify, autograph=False).get_concrete_function(**strings),
        IDS: tf.function(classify_ids, autograph=False).get_concrete_function(
            tf.TensorSpec((None, None), tf.int32, name="token_ids")
        ),
    }
    # tables of words are resources, which a graph only names; a WordPiece tokenizer has none
    parts = vars(open_tokenizer(taken.tokenizer)).values()
    kinds = (tf.Module, tf.lookup.StaticHashTable, tf.lookup.experimental.MutableHashTable)
    return signatures, [part for part in parts if isinstance(part, kinds)]


def write_one_text(model: "keras.Model", folder: Path) -> None:
    """Write a SavedModel of `serve_ids` for one text a call, which TFLite can convert."""
    import tensorflow as tf

    from keras_transfer.evaluation.inference import trace_forward

    forward, module = trace_forward(model), tf.Module()
    module.weights = [variable.value for variable in model.variables]

    def classify(token_ids: Any) -> dict[str, Any]:
        return {"probabilities": forward(token_ids)}

    row = tf.TensorSpec((1, None), tf.int32, name="token_ids")
    graph = tf.function(classify, autograph=False).get_concrete_function(row)
    tf.saved_model.save(module, str(folder), {IDS: graph})


def read_text_saved_model(folder: Path, usage: Usage) -> Artefact:
    """Load a SavedModel that `trace_text_signatures` made into this process.

    Raises:
        ConfigError: tensorflow-text is not installed.
    """
    load_operations()
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))
    classes = loaded.signatures[SERVED].structured_outputs["probabilities"].shape[-1]

    def classify(contents: np.ndarray) -> np.ndarray:
        from keras_transfer.texts.tokenizers import spell_text

        check_count(contents, usage, folder)
        columns = [[spell_text(cell) for cell in column] for column in contents.T.tolist()]
        given = dict(zip(PARTS, map(tf.constant, columns), strict=False))
        # by way of `loaded`: a signature alone does not keep the variables alive
        return np.asarray(loaded.signatures[SERVED](**given)["probabilities"])

    def classify_ids(ids: np.ndarray) -> np.ndarray:
        found = loaded.signatures[IDS](token_ids=tf.constant(ids, tf.int32))
        return np.asarray(found["probabilities"])

    return Artefact(
        path=folder,
        image_size=0,
        classes=int(classes or len(usage.class_names)),
        usage=usage,
        classify=classify,
        classify_ids=classify_ids,
    )


def load_operations() -> None:
    """Make TensorFlow know the operations of tokenizers.

    Raises:
        ConfigError: tensorflow-text is not installed.
    """
    require_package("texts", "tensorflow_text", "text")
    importlib.import_module("tensorflow_text")


def pack_texts(contents: np.ndarray) -> bytes:
    """Return texts (n, k) as bytes that `unpack_texts` reads, which hold nothing else."""
    return json.dumps(contents.tolist()).encode()


def unpack_texts(content: bytes) -> np.ndarray:
    """Return what `pack_texts` was given."""
    rows = json.loads(content)
    contents = np.empty((len(rows), len(rows[0]) if rows else 1), object)
    for place, row in zip(contents, rows, strict=True):
        place[:] = row
    return contents
