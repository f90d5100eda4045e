"""Loaded models of texts: from token ids to probabilities, and to these ids from texts."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.exports.reading.artefact import Artefact, Classify
from keras_transfer.exports.reading.contract import count_columns, read_answer
from keras_transfer.exports.usage import Usage
from keras_transfer.run.run_files import RunFiles
from keras_transfer.system.errors import ConfigError

TOKENIZER = RunFiles.tokenizer.place  # a folder, in runs and in their exports


def build_text_artefact(
    path: Path,
    usage: Usage,
    shapes: tuple[Sequence[Any], Sequence[Any]],
    call: Callable[[np.ndarray], np.ndarray],
    network: Any = None,
) -> Artefact:
    """Return a model of token ids that also takes texts, by the tokenizer beside its file.

    Args:
        path: The file.
        usage: What it says of its use.
        shapes: Of what it takes, (batch, length), either of which may be free, and answers.
        call: Runs it on token ids, int32.
        network: The `keras.Model`, if it is one.

    Raises:
        ConfigError: It takes something else.
    """
    taken, answer = shapes
    if len(taken) != 2:
        raise ConfigError(
            "A model of texts must take token ids (batch, length). Received: "
            f"{path}, which takes {tuple(taken)}."
        )
    classify_ids = _answer_in_batches(call, _read_size(taken[0]))
    encode = make_encoder(path, usage)
    return Artefact(
        path=path,
        image_size=0,
        classes=max(2, count_columns(answer) or len(usage.class_names)),
        usage=usage,
        classify=lambda contents: classify_ids(encode(contents)),
        encode=encode,
        classify_ids=classify_ids,
        network=network,
    )


def make_encoder(path: Path, usage: Usage) -> Classify:
    """Return a function from texts (n, k) to token ids (n, longest), int32.

    The tokenizer is opened when it is first called: what runs on ids alone needs none.
    """

    def encode(contents: np.ndarray) -> np.ndarray:
        from keras_transfer.texts.tokenizers import (
            encode_texts,
            find_marks,
            open_tokenizer,
            pad_rows,
        )

        check_count(contents, usage, path)
        tokenizer = open_tokenizer(find_tokenizer_folder(path))
        rows, _ = encode_texts(tokenizer, contents, usage.sequence_length)
        return pad_rows(rows, find_marks(tokenizer).padding)

    return encode


def has_tokenizer(path: Path) -> bool:
    """Tell whether a tokenizer is where a model of token ids needs it."""
    return any(folder.is_dir() for folder in _list_places(path))


def find_tokenizer_folder(path: Path) -> Path:
    """Return the folder `tokenizer` beside a file, or beside the folder that it is in.

    Raises:
        ConfigError: There is none.
    """
    if found := next((folder for folder in _list_places(path) if folder.is_dir()), None):
        return found
    raise ConfigError(
        f"A model of token ids must have the folder {TOKENIZER} beside it. Received: {path}, which "
        "has none. Copy that of the run, or of the run's exports."
    )


def check_count(contents: np.ndarray, usage: Usage, path: Path) -> None:
    """Refuse texts where a model learned from pairs, and the other way round.

    Raises:
        ConfigError: They do not fit, as far as the model's file says it.
    """
    words = ("no text", "a text", "a pair of texts")
    given = contents.shape[1]
    if usage.texts and given != usage.texts:
        raise ConfigError(
            f"An example must be {words[usage.texts]}, as {path} learned from. Received: "
            f"{words[given]}."
        )


def _list_places(path: Path) -> list[Path]:
    here = path.absolute().parent
    return [here / TOKENIZER, here.parent / TOKENIZER]


def _answer_in_batches(call: Callable[[np.ndarray], np.ndarray], most: int | None) -> Classify:
    """Return a function from any number of rows of ids to probabilities (n, classes), float32."""

    def classify(ids: np.ndarray) -> np.ndarray:
        step = most or max(1, len(ids))
        parts = [np.asarray(ids[start : start + step]) for start in range(0, len(ids), step)]
        return np.concatenate([read_answer(call(part), len(part), (0.0, 0)) for part in parts])

    return classify


def _read_size(size: Any) -> int | None:
    return int(size) if isinstance(size, int | np.integer) and size > 0 else None
