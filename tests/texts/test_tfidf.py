"""TF-IDF with logistic regression, beside which trainings are compared."""

import numpy as np
import pytest

from keras_transfer.texts.tfidf import fit_tfidf


def hold(*texts):
    """Return (n, k) texts."""
    found = np.empty((len(texts), len(texts[0]) if isinstance(texts[0], tuple) else 1), object)
    found[:] = [text if isinstance(text, tuple) else (text,) for text in texts]
    return found


def accuracy(model, texts, labels):
    return (model.predict(texts).argmax(axis=1) == labels).mean()


def test_words_that_decide_are_learned():
    texts = hold("a good day", "a bad day", "good soup", "bad soup")
    labels = np.array([1, 0, 1, 0])
    model = fit_tfidf((texts, labels), (texts, labels), 2)
    said = model.predict(hold("a GOOD road", "the bad road"))
    assert said.argmax(axis=1).tolist() == [1, 0]
    assert said.sum(axis=1) == pytest.approx([1, 1])
    assert model.parameters == 5 + 1 if model.grams == 1 else model.parameters > 6


def test_two_words_in_a_row_are_counted_where_validation_asks_for_them():
    texts = hold("not good", "good not", "oh not good", "oh good not", "not good oh", "good not oh")
    labels = np.array([0, 1, 0, 1, 0, 1])
    model = fit_tfidf((texts, labels), (texts, labels), 2)
    assert model.grams == 2
    assert accuracy(model, texts, labels) == 1


def test_validation_chooses_the_strength():
    train = hold("good", "good", "good", "bad", "good"), np.array([1, 1, 1, 0, 1])
    weak = fit_tfidf(train, (hold("bad"), np.array([1])), 2)
    strong = fit_tfidf(train, (hold("bad"), np.array([0])), 2)
    assert weak.strength < strong.strength


def test_both_texts_of_a_pair_count():
    texts = hold(("same", "good"), ("same", "bad"), ("other", "good"), ("other", "bad"))
    labels = np.array([1, 0, 1, 0])
    assert accuracy(fit_tfidf((texts, labels), (texts, labels), 2), texts, labels) == 1


def test_marks_and_single_letters_are_words():
    texts, labels = hold("!", "?", "!!", "??", "a", "b"), np.array([1, 0, 1, 0, 1, 0])
    assert accuracy(fit_tfidf((texts, labels), (texts, labels), 2), texts, labels) == 1


def test_a_class_without_training_texts_gets_no_probability():
    train = hold("one", "three"), np.array([0, 2])
    model = fit_tfidf(train, train, 3)
    assert model.predict(hold("one", "two"))[:, 1].tolist() == [0, 0]


def test_classes_can_weigh_the_same():
    train = hold(*["word"] * 10), np.array([0] * 9 + [1])
    plain = fit_tfidf(train, train, 2).predict(hold("word"))
    balanced = fit_tfidf(train, train, 2, balanced=True).predict(hold("word"))
    assert plain[0, 1] < 0.3
    assert balanced[0, 1] == pytest.approx(0.5, abs=0.01)
