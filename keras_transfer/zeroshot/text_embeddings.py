"""The direction of each class: the mean of what CLIP makes of its sentences, computed once."""

import hashlib
import json
import logging
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from keras_transfer.config.help.versions import find_version
from keras_transfer.config.messages import count_of, name_some
from keras_transfer.models.hub.text_presets import CLIP_FILES
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.file_hashes import hash_file
from keras_transfer.system.machine import free_disk
from keras_transfer.system.terminal.short_names import keep_start
from keras_transfer.training.cache.cache_store import FORMAT, FileStore, open_store
from keras_transfer.training.cache.memory_store import count_bytes
from keras_transfer.training.cache.reuse_folder import count_reuse, make_room, reuse_folder
from keras_transfer.training.progress_display import showing_steps
from keras_transfer.zeroshot.clip_model import Clip, build_text_tower
from keras_transfer.zeroshot.prompts import Prompts

BATCH = 64  # sentences
SHOWN = 60  # columns of a sentence in a warning
TEXTS = "texts"  # the one array of an entry of the cache
SHARE = 4  # a fourth of the free disk, as for the activations of trainings
PACKAGES = ("keras", "tensorflow", "keras-hub", "keras_transfer")

logger = logging.getLogger(__name__)


def embed_classes(clip: Clip, prompts: Prompts, quiet: bool = False) -> np.ndarray:
    """Return (classes, channels) float64, the normalised mean of normalised embeddings.

    Those of the sentences are kept in the reuse folder of the activation cache, under the preset's
    weights and tokenizer and the sentences.

    Raises:
        ConfigError: The preset has no tokenizer, or its weights give no numbers.
    """
    texts = list(dict.fromkeys(text for each in prompts.values() for text in each))
    key = _compute_key(clip, texts)
    kept = open_store(reuse_folder() / key[:32], key, touch=True)
    if kept is None:
        embedded = _embed_texts(clip, texts, quiet)
        _keep(embedded, key)
    else:
        embedded = np.asarray(kept[TEXTS])
        logger.info("The embeddings of the sentences are those of an earlier call")
    unit = normalise(embedded, clip)
    rows = {text: row for row, text in enumerate(texts)}
    means = [unit[[rows[text] for text in each]].mean(axis=0) for each in prompts.values()]
    return normalise(np.stack(means), clip)


def normalise(embeddings: np.ndarray, clip: Clip) -> np.ndarray:
    """Return vectors (n, channels) of length 1, float64.

    Raises:
        ConfigError: One has no direction.
    """
    vectors = np.asarray(embeddings, np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise ConfigError(
            "A preset's embeddings must be finite numbers, and not all 0. Received: others from "
            f"{clip.preset.source}. Use another preset."
        )
    return np.asarray(vectors / lengths)


def tokenize(clip: Clip, texts: Sequence[str]) -> np.ndarray:
    """Return (n, length) int32, the tokens of texts, padded, as KerasHub's preprocessor has them.

    Raises:
        ConfigError: The preset has no tokenizer.
    """
    import keras_hub

    length = int(clip.backbone.text_encoder.max_sequence_length)
    tokenizer = clip.preset.load_tokenizer()
    preprocessor = keras_hub.models.CLIPPreprocessor(tokenizer, sequence_length=length)
    found = preprocessor({"images": None, "prompts": tf.constant(list(texts))})
    whole = [len(each) + 2 <= length for each in tokenizer(list(texts))]  # with start and end
    if cut := [text for text, fits in zip(texts, whole, strict=True) if not fits]:
        named = name_some([keep_start(text, SHOWN) for text in cut], most=2)
        logger.warning(
            "%s longer than %d tokens, and cut: %s",
            *(count_of(len(cut), "sentence is", "sentences are"), length, named),
        )
    return np.asarray(found["token_ids"], np.int32)


def _embed_texts(clip: Clip, texts: Sequence[str], quiet: bool) -> np.ndarray:
    tokens, tower = tokenize(clip, texts), build_text_tower(clip)
    embed = tf.function(
        lambda batch: tower(batch, training=False),
        input_signature=[tf.TensorSpec((None, tokens.shape[1]), tf.int32)],
        autograph=False,
    )
    batches = [tokens[start : start + BATCH] for start in range(0, len(tokens), BATCH)]
    with showing_steps(batches, "sentences", len(batches), BATCH, quiet) as shown:
        found = [embed(tf.constant(batch)).numpy() for batch in shown]
    return np.concatenate(found).astype("float32")


def _compute_key(clip: Clip, texts: Sequence[str]) -> str:
    """Return a digest of everything that the embeddings of texts depend on."""
    files = [clip.preset.find_file(name) for name in CLIP_FILES]
    parts = {
        "format": FORMAT,
        "packages": {name: find_version(name) for name in PACKAGES},
        "kind": "embeddings of texts",
        "weights": clip.preset.weights_sha256,
        "config": clip.preset.config,
        "tokenizer": [file and hash_file(file) for file in files],
        "texts": list(texts),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _keep(embedded: np.ndarray, key: str) -> None:
    folder = reuse_folder() / key[:32]
    layout = {TEXTS: (embedded.shape, "float32")}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        limit = (free_disk(folder.parent) + count_reuse()) // SHARE
        if not make_room(folder.parent, count_bytes(layout), limit):
            logger.warning("The embeddings are not kept: there is no room in %s", folder.parent)
            return
        store = FileStore(folder, layout, key)
        store.append(TEXTS, embedded)
        store.finish()
    except (OSError, ConfigError) as error:
        logger.warning("The embeddings are not kept for the next call: %s", error)
