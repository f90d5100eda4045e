"""Batches of token ids: what is in them, how long they are, in which order they come."""

import dataclasses
import logging
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow_text", reason="needs the extra [text]")

from tiny_text_backbone import write_text_preset

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import make_examples
from keras_transfer.data.training_data import TokenInput
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.hold_splits import hold_splits

COUNT = 200


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("preset")
    write_text_preset(folder)
    return TokenInput(64, folder)


def list_texts():
    words = np.random.default_rng(0).integers(1, 20, COUNT)
    words[::37] += 20  # a few long ones
    splits = ["validation" if row % 5 == 0 else "train" for row in range(COUNT)]
    rows = [(f"t.csv:{row:03}", "ab"[row % 2], splits[row], "") for row in range(COUNT)]
    texts = [(" ".join(["good"] * words[row]),) for row in range(COUNT)]
    return make_examples("csv", Path("t"), rows, contents=texts), dict(
        zip([path for path, *_ in rows], words.tolist(), strict=True)
    )


def hold(taken, **data):
    config = TrainConfig(data=DataConfig(modality="text", batch_size=8, **data), seed=3)
    return hold_splits(list_texts()[0], config, taken, None)


def read(batches):
    return [(tokens.numpy(), labels.numpy()) for tokens, labels in batches]


def test_every_text_comes_once_with_its_label_and_its_words(taken):
    data, (_, words) = hold(taken, sequence_length=64), list_texts()
    part = data.splits["train"]
    assert part.lengths.tolist() == [words[path] + 2 for path in part.paths]
    assert part.labels.tolist() == [int(path[-3:]) % 2 for path in part.paths]
    found = read(data.training_batches("finetune", 1))
    assert [len(tokens) for tokens, _ in found] == 20 * [8]
    sizes = np.concatenate([(tokens != 0).sum(axis=1) for tokens, _ in found])
    assert sorted(sizes) == sorted(part.lengths)


def test_batches_are_as_long_as_their_longest_text(taken):
    found = read(hold(taken, sequence_length=32).training_batches("finetune", 2))
    for tokens, _ in found:
        assert tokens.shape[1] == (tokens != 0).sum(axis=1).max()
    filled = sum((tokens != 0).sum() for tokens, _ in found)
    assert filled / sum(tokens.size for tokens, _ in found) > 0.8  # 0.5 in a random order


@pytest.mark.thorough
def test_order_is_a_function_of_seed_phase_and_epoch(taken):
    data = hold(taken)

    def list_rows(phase, epochs, first=0, **changes):
        changed = dataclasses.replace(data, **changes)
        return [row.tobytes() for row, _ in read(changed.training_batches(phase, epochs, first))]

    whole = list_rows("finetune", 3)
    assert whole == list_rows("finetune", 3)
    assert whole[40:] == list_rows("finetune", 3, 2)
    assert whole[:20] != whole[20:40]
    assert whole != list_rows("finetune", 3, seed=4)
    assert whole != list_rows("frozen", 3)


def test_a_clean_pass_gives_a_split_in_its_own_order(taken):
    data = hold(taken)
    labels = np.concatenate([each for _, each in read(data.clean_batches("validation"))])
    assert labels.argmax(axis=1).tolist() == data.splits["validation"].labels.tolist()
    sizes = [(t != 0).sum(axis=1) for t, _ in read(data.clean_batches("validation"))]
    assert np.concatenate(sizes).tolist() == data.splits["validation"].lengths.tolist()


def test_the_length_is_what_most_training_texts_have_and_longer_ones_are_named(taken, caplog):
    with caplog.at_level(logging.INFO):
        data = hold(taken)
    lengths = np.array([words + 2 for words in list_texts()[1].values()])
    train = np.array([row % 5 != 0 for row in range(COUNT)])
    limit = data.settle(TrainConfig()).data.sequence_length
    assert (lengths[train] <= limit).mean() >= 0.95 > (lengths[train] < limit).mean()
    assert f"Texts: up to {limit} tokens" in caplog.text
    assert f"{(lengths > limit).sum()} of 200 texts are longer, and cut: t.csv:" in caplog.text
    assert max(split.tokens.shape[1] for split in data.splits.values()) == limit


def test_a_length_beyond_the_backbone_is_said(taken, caplog):
    data = hold(taken._replace(length=12), sequence_length=400)
    assert data.taken.length == 12
    assert "Texts have 12 tokens at most, as the backbone takes no more" in caplog.text


def test_texts_have_no_views_to_change(taken):
    data = hold(taken)
    views = list(data.view_batches(2))
    np.testing.assert_array_equal(views[0], views[1])
    with pytest.raises(ConfigError, match="`augmentation` must be left out"):
        data.with_augmentation(lambda text, seed: text, "shout")
    with pytest.raises(ConfigError, match="needs images"):
        data.pair_batches("pretrain", 1)
