import pickle
import shutil

import numpy as np
import pytest
from sklearn.base import clone
from text_run import write_reviews

import keras_transfer as kt
from keras_transfer.texts.sources.delimited_texts import read_delimited


@pytest.fixture
def tiny(tiny_text_backbone, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    return kt.TextClassifier(
        *["tiny_text"],
        **{"epochs": 2, "weights": "none", "batch_size": 16, "strategy": "feature_extraction"},
        output=tmp_path / "runs",
    )


@pytest.mark.thorough
def test_texts_are_learned_and_what_reads_them_is_in_the_pickle(tiny, tmp_path, monkeypatch):
    columns = read_delimited(write_reviews(tmp_path / "reviews.csv", 60))
    stars = np.where(np.array(columns["label"]) == "good", 5, 1)
    classifier = clone(tiny).fit(np.array(columns["text"], object)[:, None], stars)
    assert classifier.classes_.tolist() == [1, 5]
    monkeypatch.chdir(tmp_path)
    texts = [*columns["text"][:4], "reviews.csv"]  # which is there, and a text all the same
    proba = classifier.predict_proba(texts)
    run = kt.Run.open(classifier.run_path_)
    assert np.allclose(proba[:4], kt.predict_images(run, texts[:4]).probabilities)
    assert proba.shape == (5, 2)
    copy = pickle.loads(pickle.dumps(classifier))
    shutil.rmtree(classifier.run_path_)
    assert np.array_equal(copy.predict_proba(texts), proba)
    assert (pickle.loads(pickle.dumps(copy)).predict(texts) == copy.predict(texts)).all()
    with pytest.raises(kt.ConfigError, match=r"Every text must be readable\. Received: text 1"):
        copy.predict(["Fine", " "])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ("a text", ["a"], "of pairs of them. Received: 'a text'"),
        (5, [1], "must be a list or a column of texts"),
        ({"text": ["a b"]}, [1], "must be a list or a column of texts"),
        (np.array("lone text"), [1], "must be a list or a column of texts"),
        ({"a b", "c d"}, [1, 2], "must be a list or a column of texts"),
        (["a b", None], [1, 2], "of pairs of them. Received: None"),
        (np.zeros((4, 8)), [1, 2, 1, 2], "must be a list or a column of texts"),
        (["a b", "c d"], None, "TextClassifier requires y to be passed"),
        (["a b", ("c d", "e")], [1, 2], "single ones, or all of them pairs"),
        (["a b", "c d"], [1, 1], "at least two classes"),
    ],
)
def test_what_cannot_be_fitted_is_refused(tiny, X, y, message):
    with pytest.raises(ValueError, match=message):
        tiny.fit(X, y)


def test_what_images_have_is_refused():
    with pytest.raises(kt.ConfigError, match="Unknown parameter 'image_siz' of TextClassifier"):
        kt.TextClassifier(image_siz=64)
