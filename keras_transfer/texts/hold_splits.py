"""From listed and inspected texts to data that is ready to be batched."""

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.split_names import SPLITS
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.training_data import TokenInput
from keras_transfer.system.files.file_hashes import hash_file
from keras_transfer.texts.batches import TextData
from keras_transfer.texts.text_split import Split
from keras_transfer.texts.tokenizers import encode_texts, find_marks, open_tokenizer, pad_rows

logger = logging.getLogger(__name__)

SHARE = 0.95  # of the training texts are seen whole where `data.sequence_length` is auto
LEAST = 8  # tokens: a shorter row would save nothing


def hold_splits(
    examples: Examples, config: TrainConfig, taken: TokenInput, inspection: Any
) -> TextData:
    """Return the texts of all splits as token ids; those without a split are left out.

    Where `data.sequence_length` is auto, the training texts decide, which is said.

    Args:
        examples: With their splits.
        config: Its `data.sequence_length` may be below what the backbone takes.
        taken: Most tokens that the backbone takes, and its tokenizer.
        inspection: Not needed: the texts are at hand.
    """
    rows = {name: np.flatnonzero(examples.splits == name) for name in SPLITS}
    asked, most = config.data.sequence_length or "auto", taken.length
    limit = most if asked == "auto" else min(int(asked), most)
    found = _encode(examples, rows, taken._replace(length=limit))
    lengths = {name: np.array([len(ids) for ids in found[name][0]]) for name in found}
    if asked == "auto":
        limit = min(limit, max(LEAST, int(np.quantile(lengths["train"], SHARE, method="higher"))))
    elif int(asked) > most:
        logger.warning("Texts have %d tokens at most, as the backbone takes no more", most)
    if any((sizes > limit).any() for sizes in lengths.values()):
        found = _encode(examples, rows, taken._replace(length=limit), found, lengths)
    _tell_length(examples, rows, found, limit, asked)
    return _hold(examples, rows, found, config, taken._replace(length=limit))


def hold_split(
    examples: Examples, config: TrainConfig, taken: TokenInput, inspection: Any, views: Any = None
) -> TextData:
    """Return labelled texts of one split as data to predict on; nothing is trained with it.

    Args:
        examples: Texts of one split, named in `examples.splits`.
        config: Settings of the run whose model will see them.
        taken: What the model takes.
        inspection: Not needed.
        views: None: a text has one view.
    """
    rows = {str(examples.splits[0]): np.arange(len(examples.paths))}
    found = _encode(examples, rows, taken)
    return _hold(examples, rows, found, config, taken)


Encoded = Mapping[str, tuple[list[np.ndarray], np.ndarray]]


def _encode(
    examples: Examples,
    rows: Mapping[str, np.ndarray],
    taken: TokenInput,
    before: Encoded | None = None,
    lengths: Mapping[str, np.ndarray] | None = None,
) -> dict[str, tuple[list[np.ndarray], np.ndarray]]:
    """Return the ids of each split and which rows were cut; only longer ones are made anew."""
    assert examples.contents is not None
    tokenizer, found = open_tokenizer(taken.tokenizer), {}
    for name, chosen in rows.items():
        if not len(chosen):
            continue
        if before is None or lengths is None:
            found[name] = encode_texts(tokenizer, examples.contents[chosen], taken.length)
            continue
        long = np.flatnonzero(lengths[name] > taken.length)
        ids, cut = before[name]
        if len(long):
            anew, _ = encode_texts(tokenizer, examples.contents[chosen[long]], taken.length)
            for row, shorter in zip(long.tolist(), anew, strict=True):
                ids[row] = shorter
            cut = cut | (lengths[name] > taken.length)
        found[name] = ids, cut
    return found


def _hold(
    examples: Examples,
    rows: Mapping[str, np.ndarray],
    found: Encoded,
    config: TrainConfig,
    taken: TokenInput,
) -> TextData:
    padding, splits = find_marks(open_tokenizer(taken.tokenizer)).padding, {}
    for name, (ids, _) in found.items():
        lengths = np.array([len(each) for each in ids], np.int64)
        order = np.argsort(lengths, kind="stable")
        splits[name] = Split(
            paths=examples.paths[rows[name]][order],
            labels=examples.labels[rows[name]][order],
            tokens=pad_rows([ids[row] for row in order], padding),
            lengths=lengths[order],
        )
    return TextData(
        root=examples.root,
        class_names=examples.class_names,
        splits=splits,
        taken=taken,
        batch_size=config.data.batch_size,
        seed=config.seed,
        tokenizer_sha256=_hash_folder(taken),
    )


def _tell_length(
    examples: Examples,
    rows: Mapping[str, np.ndarray],
    found: Encoded,
    limit: int,
    asked: int | str,
) -> None:
    """Say how long texts may be, and which are longer."""
    why = ", which 95 of 100 training texts have at most" if asked == "auto" else ""
    logger.info("Texts: up to %s%s", count_of(limit, "token"), why)
    paths = [
        path
        for name, (_, cut) in found.items()
        for path in examples.paths[rows[name][cut]].tolist()
    ]
    if paths:
        total = sum(len(cut) for _, cut in found.values())
        logger.info(
            "%s of %s texts are longer, and cut: %s. --data.sequence_length sets the limit",
            *(f"{len(paths):,}", f"{total:,}", name_some(paths, most=3)),
        )


def _hash_folder(taken: TokenInput) -> str:
    files = sorted(file for file in taken.tokenizer.rglob("*") if file.is_file())
    parts = [hash_file(file) for file in files]
    return hashlib.sha256("".join(parts).encode()).hexdigest()
