"""From texts to token ids, as encoders were trained to see them."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.data.training_data import TokenInput
from keras_transfer.system.errors import ConfigError

pytest.importorskip("tensorflow_text", reason="needs the extra [text]")

from tiny_text_backbone import VOCABULARY, write_text_preset

from keras_transfer.texts.tokenizers import (
    copy_tokenizer,
    encode_texts,
    find_marks,
    open_tokenizer,
    pad_rows,
    serve_tokens,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("preset")
    write_text_preset(folder)
    return folder


def spell(ids):
    return " ".join(VOCABULARY[each] for each in ids)


def encode(folder, rows, length):
    return encode_texts(open_tokenizer(folder), np.array(rows, object), length)


@pytest.mark.thorough
def test_a_text_stands_between_its_marks(folder):
    (ids,), cut = encode(folder, [["The film was goo"]], 16)
    assert spell(ids) == "[CLS] the film was g ##o ##o [SEP]"
    assert not cut[0]


def test_a_long_text_is_cut_and_told(folder):
    (ids, short), cut = encode(folder, [["good " * 50], ["good"]], 8)
    assert spell(ids) == "[CLS]" + 6 * " good" + " [SEP]"
    assert (spell(short), cut.tolist()) == ("[CLS] good [SEP]", [True, False])


@pytest.mark.thorough
def test_of_a_pair_the_longer_text_is_cut_first(folder):
    pairs = [["good " * 9, "bad"], ["good", "bad " * 9], ["good " * 9, "bad " * 9]]
    rows, cut = encode(folder, pairs, 9)
    assert [spell(row) for row in rows] == [
        "[CLS]" + 5 * " good" + " [SEP] bad [SEP]",
        "[CLS] good [SEP]" + 5 * " bad" + " [SEP]",
        "[CLS]" + 3 * " good" + " [SEP]" + 3 * " bad" + " [SEP]",
    ]
    assert cut.all()


def test_roberta_has_two_marks_between_texts():
    @dataclasses.dataclass
    class Tokenizer:
        start_token_id: int = 0
        end_token_id: int = 2
        pad_token_id: int = 1

    assert find_marks(Tokenizer()) == (0, 2, (2, 2), 1)


def test_a_huge_cell_is_read_no_further_than_it_counts(folder):
    (ids,), cut = encode(folder, [["good " * 1_000_000]], 16)
    assert (len(ids), cut[0]) == (16, True)


def test_what_no_utf8_can_hold_is_no_reason_to_stop(folder):
    (ids, nothing), _ = encode(folder, [["good \ud800 film"], [""]], 16)
    assert spell(ids).startswith("[CLS] good")
    assert spell(nothing) == "[CLS] [SEP]"


@pytest.mark.thorough
def test_a_graph_gives_the_same_ids(folder):
    texts = [["the film was good"], ["bad"], ["not very nice, " * 9]]
    rows, _ = encode(folder, texts, 12)
    served = tf.function(lambda each: serve_tokens(each, TokenInput(12, folder)))
    np.testing.assert_array_equal(served(tf.constant(texts)), pad_rows(rows, 0))


def test_a_copy_is_whole_and_made_once(folder, tmp_path):
    copy = copy_tokenizer(folder, tmp_path / "tokenizer")
    before = [file.stat().st_mtime_ns for file in copy.rglob("*")]
    assert copy_tokenizer(tmp_path / "nowhere", copy) == copy
    assert [file.stat().st_mtime_ns for file in copy.rglob("*")] == before
    assert spell(encode(copy, [["good"]], 8)[0][0]) == "[CLS] good [SEP]"


def test_a_folder_without_tokenizer_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="A tokenizer must be as KerasHub's save_to_preset"):
        open_tokenizer(tmp_path)
