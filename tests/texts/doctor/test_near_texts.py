from pathlib import Path

import numpy as np
import pytest

from keras_transfer.data.examples import make_examples
from keras_transfer.data.splits.row_groups import group_rows
from keras_transfer.texts.doctor import near_texts
from keras_transfer.texts.doctor.near_texts import link_alike
from keras_transfer.texts.doctor.shingles import find_shingles, measure_jaccard
from keras_transfer.texts.doctor.text_inspection import inspect_texts

LONG = "the quick brown fox jumps over the lazy dog while all the others sleep in the warm barn"


def group(*contents):
    """Return the sets of rows that are linked."""
    contents = [text if isinstance(text, tuple) else (text,) for text in contents]
    rows = [(f"t.csv:{k:05}", "ab"[k % 2], "", "") for k in range(len(contents))]
    examples = make_examples("csv", Path("/there"), rows, contents=contents)
    groups = group_rows(link_alike(examples, inspect_texts(examples)), len(contents))
    found = [frozenset(np.flatnonzero(groups == k).tolist()) for k in range(groups.max() + 1)]
    return {rows for rows in found if len(rows) > 1}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Good film!", "good  film"),
        ("ﬁne Café", "fine, café"),
        (LONG, LONG.upper() + "!!"),
        (LONG, LONG.replace("lazy", "sleepy")),
    ],
)
def test_texts_of_the_same_words_are_linked(one, other):
    assert group(one, "something else is written in here", other) == {frozenset({0, 2})}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a very good film", "a very food film"),  # of few words
        (":)", ":("),
        ("café", "cafe"),
        (LONG, LONG[: len(LONG) // 2] + " and nobody knows what became of them in the end"),
    ],
)
def test_others_are_not(one, other):
    assert group(one, other) == set()


def test_equal_texts_count_once():
    assert group("Good film!", "Good film!", "good film") == {frozenset({0, 2})}


def test_pairs_are_alike_only_if_both_texts_are():
    assert group((LONG, "he sleeps"), (LONG, "he is awake"), (LONG + "!", "He sleeps")) == {
        frozenset({0, 2})
    }


def test_unusable_texts_are_linked_to_nothing():
    assert group(" ", "", None, "  ") == set()


def edit(text, rng):
    words = text.split()
    words[rng.integers(len(words))] = "changed"
    return " ".join(words)


def test_all_pairs_of_a_high_jaccard_index_are_found_in_any_order():
    rng = np.random.default_rng(0)
    letters = [*"abcdefghijklmnopqrstuvwxyz"]
    words = ["".join(rng.choice(letters, rng.integers(2, 8))) for _ in range(2000)]
    texts = [" ".join(rng.choice(words, 29)) for _ in range(300)]
    texts += [edit(edit(text, rng), rng) for text in texts[:150]]
    shingles = [find_shingles(text) for text in texts]
    expected = {
        frozenset({k, k + 300})
        for k in range(150)
        if measure_jaccard(shingles[k], shingles[k + 300]) >= 0.8
    }
    assert 40 < len(expected) < 148
    assert group(*texts) == expected
    order = rng.permutation(len(texts))
    shuffled = group(*(texts[k] for k in order))
    assert {frozenset(order[list(rows)].tolist()) for rows in shuffled} == expected


def test_many_much_alike_are_one_group_without_comparing_all(monkeypatch):
    compared = []
    measure = near_texts._Comparison._measure
    monkeypatch.setattr(
        near_texts._Comparison, "_measure", lambda *two: compared.append(1) or measure(*two)
    )
    assert group(*(f"{LONG} number {k}" for k in range(2000))) == {frozenset(range(2000))}
    assert 1000 < len(compared) < 20 * 2000


def test_very_long_texts_are_compared_by_a_share_of_their_shingles():
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice([*"abcdefghij klmnopq"], 300_000)) for _ in range(2)]
    assert 0.4 * len(texts[0]) < len(find_shingles(texts[0])) < 0.6 * len(texts[0])
    assert group(*texts, f"other {texts[0]}") == {frozenset({0, 2})}


def test_a_long_text_that_repeats_itself_is_compared_too():
    assert group("word " * 100_000, f"{'word ' * 100_000}!", LONG) == {frozenset({0, 1})}
