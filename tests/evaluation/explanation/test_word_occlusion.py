"""Which words of a text speak for a class, asked of a model that is made by hand."""

import numpy as np
import pytest

from keras_transfer.evaluation.explanation.word_occlusion import (
    MOST_PARTS,
    list_strongest,
    weigh_words,
)

GOOD, BAD = 2.0, -3.0


def ask(contents):
    """Answer with log-odds of the second class: a sum over the words of both texts."""
    found = []
    for row in contents:
        words = " ".join(row).split()
        odds = GOOD * words.count("good") + BAD * words.count("bad")
        found.append(1 / (1 + np.exp(-odds)))
    return np.stack([1 - np.array(found), np.array(found)], axis=1)


def weigh(*texts, class_index=1, seen=100):
    contents = np.empty((1, len(texts)), object)
    contents[0] = texts
    return weigh_words(ask, contents, [class_index], seen)[0]


def test_each_word_has_what_it_adds_to_the_log_odds():
    (parts,) = weigh("a good, bad and  good film")
    assert [part.words for part in parts] == ["a", " good,", " bad", " and", "  good", " film"]
    weights = [part.weight for part in parts]
    assert weights == pytest.approx([0, 0, BAD, 0, GOOD, 0], abs=1e-6)


def test_what_speaks_for_a_class_speaks_against_the_other():
    (parts,) = weigh("good film", class_index=0)
    assert [part.weight for part in parts] == pytest.approx([-GOOD, 0], abs=1e-6)


def test_parts_joined_are_the_text():
    text = "\n  one two\tthree  \n"
    assert "".join(part.words for part in weigh(text)[0]) == text


def test_words_that_the_model_does_not_see_have_no_weight():
    (parts,) = weigh("good good good bad", seen=2)
    assert [part.weight is None for part in parts] == [False, False, True]
    assert parts[-1].words == " good bad"


def test_both_texts_of_a_pair_are_weighed():
    first, second = weigh("a bad start", "a good end")
    assert first[1].weight == pytest.approx(BAD, abs=1e-6)
    assert second[1].weight == pytest.approx(GOOD, abs=1e-6)


def test_of_many_words_several_are_left_out_together():
    text = " ".join(["word"] * 500 + ["good"] + ["word"] * 500)
    (parts,) = weigh(text, seen=2000)
    assert len(parts) == MOST_PARTS
    assert "".join(part.words for part in parts) == text
    (strongest,), against = list_strongest([parts], 1)
    assert "good" in strongest.words.split()
    assert not against


def test_a_letter_is_a_word_where_no_blanks_are_written():
    assert [part.words for part in weigh("映画 good")[0]] == ["映", "画", " good"]


def test_a_text_without_words_has_no_parts():
    assert weigh("  ")[0] == [("  ", None)]


def test_the_strongest_words_are_told_by_what_they_do():
    speaking, opposing = list_strongest(weigh("good film bad"))
    assert [part.words for part in speaking] == ["good"]
    assert [part.words for part in opposing] == [" bad"]


def test_a_sure_model_has_finite_weights():
    contents = np.array([["good film"]], object)
    found = weigh_words(lambda texts: np.tile([0.0, 1.0], (len(texts), 1)), contents, [1], 9)
    assert [part.weight for part in found[0][0]] == [0, 0]
