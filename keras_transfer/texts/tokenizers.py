"""From texts to rows of token ids, in a graph: the same for training, prediction and exports.

The tokenizers are KerasHub's. What marks the beginning, the end and the place between two texts is
added here, as the published encoders were trained with it.
"""

import functools
import itertools
import shutil
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_transfer.config.messages import say_fault
from keras_transfer.data.training_data import TokenInput
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import hushed
from keras_transfer.system.packages import require_package

LETTERS = 64  # of a text are read for each token that is wanted: a cell of 50 MB is cut before
# Tokenizers whose pieces are of small letters without accents, which KerasHub leaves to the caller.
UNCASED = ("AlbertTokenizer",)
BLOCK = 1024  # texts that are tokenized at a time


class Marks(NamedTuple):
    """Token ids that are no words."""

    begin: int
    end: int
    between: tuple[int, ...]
    padding: int


def open_tokenizer(folder: Path) -> Any:
    """Return a tokenizer of KerasHub, from the folder that its `save_to_preset` wrote.

    Raises:
        ConfigError: KerasHub is missing, or the folder holds no tokenizer.
    """
    tokenizer = _load_tokenizer(folder)
    _revive(tokenizer)
    return tokenizer


@functools.lru_cache(maxsize=2)
def _load_tokenizer(folder: Path) -> Any:
    require_package("Texts", "keras_hub", "text")
    try:
        # outside of any graph: it is kept, and serves others, too
        with hushed(), warnings.catch_warnings(action="ignore"), tf.init_scope():
            import keras_hub

            return keras_hub.tokenizers.Tokenizer.from_preset(str(folder))
    except Exception as error:  # KerasHub raises anything
        raise ConfigError(
            f"A tokenizer must be as KerasHub's save_to_preset writes it. Received: {folder}: "
            f"{say_fault(error)}. Restore it from a copy, or train anew."
        ) from error


def copy_tokenizer(tokenizer: Path, folder: Path) -> Path:
    """Copy the files of a tokenizer into a folder, unless they are there; return the folder."""
    if not folder.is_dir():
        new = folder.with_name(f".{folder.name}")  # whole or not at all
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(tokenizer, new)
        new.rename(folder)
    return folder


def find_marks(tokenizer: Any) -> Marks:
    """Return the ids that a tokenizer's encoder was trained to see around texts.

    References:
        Devlin et al. 2019, BERT: [CLS] A [SEP] B [SEP].
        Liu et al. 2019, RoBERTa: <s> A </s></s> B </s>.
    """
    if hasattr(tokenizer, "cls_token_id"):
        end = tokenizer.sep_token_id
        return Marks(tokenizer.cls_token_id, end, (end,), tokenizer.pad_token_id)
    end = tokenizer.end_token_id
    return Marks(tokenizer.start_token_id, end, (end, end), tokenizer.pad_token_id)


def tokenize(tokenizer: Any, texts: tf.Tensor, length: int) -> tuple[tf.RaggedTensor, tf.Tensor]:
    """Return rows of token ids, and whether each row lacks a part of its texts.

    Of two texts the longer one is cut first.

    Args:
        tokenizer: What `open_tokenizer` returned.
        texts: Strings (n, k), k is 1 or 2.
        length: Most ids of a row, its marks included.

    Returns:
        (n, None) int32 and (n,) bool.
    """
    marks, count = find_marks(tokenizer), texts.shape[1]
    room = length - 2 - len(marks.between) * (count - 1)
    letters = tf.strings.length(texts, "UTF8_CHAR")
    texts = tf.strings.substr(texts, 0, LETTERS * length, "UTF8_CHAR")
    if type(tokenizer).__name__ in UNCASED:
        texts = _clear_case(texts)
    parts = [tf.cast(tokenizer(texts[:, part]), tf.int32) for part in range(count)]
    sizes = [tf.cast(part.row_lengths(), tf.int32) for part in parts]
    if count == 1:
        kept = [tf.minimum(sizes[0], room)]
    else:
        first = tf.minimum(sizes[0], tf.maximum(room - sizes[1], (room + 1) // 2))
        kept = [first, tf.minimum(sizes[1], room - first)]
    cut = tf.reduce_any(letters > LETTERS * length, axis=1)
    for size, most in zip(sizes, kept, strict=True):
        cut = cut | (size > most)
    heads = [_take_first(part, most) for part, most in zip(parts, kept, strict=True)]
    shape = tf.shape(texts)[0]
    pieces = [_repeat([marks.begin], shape), heads[0]]
    if count == 2:
        pieces += [_repeat(marks.between, shape), heads[1]]
    return tf.concat([*pieces, _repeat([marks.end], shape)], axis=1), cut


def _clear_case(texts: tf.Tensor) -> tf.Tensor:
    """Return texts as ALBERT was trained on them.

    References:
        `preprocess_text` in google-research/albert: tokenization.py.
    """
    import tensorflow_text

    small = tf.strings.lower(tensorflow_text.normalize_utf8(texts, "NFKD"), "utf-8")
    return tf.strings.regex_replace(small, r"\p{Mn}", "")


def serve_tokens(texts: tf.Tensor, taken: TokenInput) -> tf.Tensor:
    """Return the token ids of texts (n, k) in a graph: (n, longest) int32, filled up."""
    tokenizer = open_tokenizer(taken.tokenizer)
    ids, _ = tokenize(tokenizer, texts, taken.length)
    return ids.to_tensor(find_marks(tokenizer).padding)


def encode_texts(
    tokenizer: Any, contents: np.ndarray, length: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the token ids of texts, rows of their own lengths, and which rows were cut.

    Args:
        tokenizer: What `open_tokenizer` returned.
        contents: (n, k) of str objects.
        length: Most ids of a row.

    Returns:
        n arrays of int32, and (n,) of bool.
    """
    _revive(tokenizer)
    run = _trace(tokenizer, contents.shape[1], length)
    rows: list[np.ndarray] = []
    cuts = [np.zeros(0, bool)]
    for start in range(0, len(contents), BLOCK):
        block = contents[start : start + BLOCK]
        ids, cut = run(tf.constant([[spell_text(text) for text in row] for row in block]))
        values, ends = ids.values.numpy(), ids.row_splits.numpy()
        rows += [values[a:b] for a, b in itertools.pairwise(ends)]
        cuts.append(cut.numpy())
    return rows, np.concatenate(cuts)


def pad_rows(rows: list[np.ndarray], padding: int) -> np.ndarray:
    """Return rows of ids as one array (n, longest), int32, filled up with padding."""
    longest = max(map(len, rows), default=0)
    filled = np.full((len(rows), longest), padding, np.int32)
    for place, row in zip(filled, rows, strict=True):
        place[: len(row)] = row
    return filled


def _revive(tokenizer: Any) -> None:
    """Read the pieces of SentencePiece again, if TensorFlow let go of them.

    `tf.random.set_seed`, which every training calls, clears the kernels that hold them.
    """
    if not hasattr(tokenizer, "set_proto"):
        return
    with tf.init_scope():
        try:
            tokenizer._sentence_piece.vocab_size()  # its own size KerasHub remembers
        except tf.errors.NotFoundError:
            tokenizer.set_proto(tokenizer.proto)
            _trace.cache_clear()


@functools.lru_cache(maxsize=8)
def _trace(tokenizer: Any, count: int, length: int) -> Any:
    return tf.function(
        lambda texts: tokenize(tokenizer, texts, length),
        input_signature=[tf.TensorSpec((None, count), tf.string)],
        autograph=False,
    )


def _take_first(part: tf.RaggedTensor, counts: tf.Tensor) -> tf.RaggedTensor:
    """Return the first ids of each row, as many as said."""
    places = tf.ragged.range(tf.cast(part.row_lengths(), tf.int32)).with_row_splits_dtype(
        part.row_splits.dtype
    )
    kept = places.with_values(places.values < tf.gather(counts, places.value_rowids()))
    return tf.ragged.boolean_mask(part, kept)


def _repeat(ids: Any, count: tf.Tensor) -> tf.RaggedTensor:
    row = tf.constant([list(ids)], tf.int32)
    return tf.RaggedTensor.from_tensor(tf.tile(row, [count, 1]))


def spell_text(text: str | None) -> bytes:
    """Return a text as TensorFlow takes it; nothing where there is none."""
    # half of a surrogate pair, as JSON can hold it, is no UTF-8
    return (text or "").encode("utf-8", "replace")
