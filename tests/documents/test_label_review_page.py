"""The block of docs/label_review.md runs, and its words are those of the program."""

import re

import pytest
from pages import ROOT, read_blocks

import keras_transfer as kt
from keras_transfer import review
from keras_transfer.review.decisions import NO, REMOVE, YES
from keras_transfer.review.label_quality.suspects import rank_suspects

PAGE = ROOT / "docs/label_review.md"


def test_the_block_of_python_runs(stripes, tmp_path, monkeypatch):
    import numpy as np

    from keras_transfer.config.sections.data_settings import DataConfig
    from keras_transfer.data.sources.choose_source import read_examples

    examples = read_examples(str(stripes), DataConfig())
    chances = np.tile([0.9, 0.1], (len(examples.paths), 1))
    found = rank_suspects(examples, examples.paths, np.empty((0, 2), np.int64), chances)
    monkeypatch.setattr(review, "_review", lambda *words: (found, None))
    (tmp_path / "photos").symlink_to(stripes)
    monkeypatch.chdir(tmp_path)
    names = {}
    (block,) = read_blocks(PAGE, "python")
    exec(compile(block, str(PAGE), "exec"), names)
    assert kt.check_dataset(names["labels"])["images"] == 127


@pytest.mark.parametrize(
    "word", sorted([*YES - {"true", "accept"}, *NO - {"false", "reject"}, *REMOVE])
)
def test_every_word_is_on_the_page(word):
    table = re.search(r"\| `decision` .*?\n\n", PAGE.read_text("utf-8"), re.DOTALL)[0]
    assert f"`{word}`" in table
