import numpy as np
import pandas as pd
import pytest

import keras_transfer as kt

pytestmark = pytest.mark.thorough

SENTENCES = ["The film was good.", "A <b>dull</b> & bad story.", None]


@pytest.fixture(scope="module")
def seen(text_run):
    return kt.Run.open(text_run.path).explain(SENTENCES)


def test_every_word_of_a_text_has_a_weight(seen):
    assert isinstance(seen, kt.TextExplanations)
    assert len(seen) == 3
    assert seen.reasons.tolist() == ["", "", "it is empty"]
    assert seen.names.tolist() == ["text 0", "text 1", "text 2"]
    assert set(seen.explained[:2]) <= set(seen.class_names)
    assert "".join(part.words for part in seen[0].texts[0]) == SENTENCES[0]
    table = seen.to_frame()
    assert list(table.columns) == ["name", "class", "text", "word", "weight"]
    assert table["word"].tolist() == [*SENTENCES[0].split(), *SENTENCES[1].split()]
    assert np.isfinite(table["weight"]).all()


def test_a_notebook_shows_words_in_colours_and_texts_stay_text(seen):
    shown = seen._repr_html_()
    assert shown.count("border-bottom: 2px") >= 2
    assert "<b>dull" not in shown
    assert "x20" not in shown  # blanks between words are no unseen letters
    assert "&lt;b&gt;dull&lt;/b&gt;" in shown
    assert "text 2: it is empty" in shown
    assert repr(seen).startswith("TextExplanations of 3 texts\ntext 0: ")
    assert repr(seen[:1]) in repr(seen).replace("of 3 texts", "of 1 text")


def test_a_page_is_saved_and_none_is_replaced(seen, tmp_path):
    assert seen.save(tmp_path / "words") == [tmp_path / "words/words.html"]
    assert seen.save(tmp_path / "words") == [tmp_path / "words/words-2.html"]
    assert seen[2:].save(tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


def test_a_class_may_be_asked_for_and_texts_of_the_run_are_its_own(text_run):
    for name in ("good", "bad"):
        found = kt.explain_images(text_run.path, SENTENCES[0], class_name=name)
        assert found.explained.tolist() == [name]
    with pytest.raises(kt.ConfigError, match="Unknown class 'god'"):
        kt.explain_images(text_run.path, SENTENCES[0], class_name="god")
    own = kt.Run.open(text_run.path).explain(count=2)
    assert len(own) == 2
    assert own[0].truth in ("good", "bad")


def test_what_is_shown_of_texts_calls_them_so(text_run):
    run = kt.Run.open(text_run.path)
    assert " texts)" in repr(run)
    assert ">texts</th>" in run._repr_html_()
    assert repr(run.predict(SENTENCES)).startswith("ImagePredictions of 3 texts\n")
    frame = pd.DataFrame({"text": SENTENCES[:2], "label": ["good", "bad"]})
    measured = run.evaluate(frame)
    assert "2 test texts" in repr(measured) or "2 texts" in repr(measured)
    assert measured.truth.tolist() == ["good", "bad"]
