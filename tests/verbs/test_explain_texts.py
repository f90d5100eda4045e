"""Explaining a model of texts: a page of words, a table, and what scripts read."""

import json

import pytest

from keras_transfer.explain import main

pytestmark = pytest.mark.thorough


def test_each_word_of_given_texts_is_weighed(reported_run, tmp_path, capsys):
    words = [str(reported_run.path), "The film was good.", "<b>dull</b> & bad", "--json"]
    assert main([*words, "--output", str(tmp_path / "out")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [each["path"] for each in answer["texts"]] == words[1:3]
    first = answer["texts"][0]
    assert first["class"] in ("bad", "good")
    assert [part["words"] for part in first["texts"][0]] == ["The", " film", " was", " good."]
    page = (tmp_path / "out/words.html").read_text("utf-8")
    assert "&lt;b&gt;dull&lt;/b&gt;" in page
    assert "<b>dull" not in page


def test_a_class_can_be_asked_for_and_weights_turn_their_sign(reported_run, tmp_path, capsys):
    found = {}
    for name in ("good", "bad"):
        words = [str(reported_run.path), "The film was good.", "--json", "--class", name]
        assert main([*words, "--output", str(tmp_path)]) == 0
        (text,) = json.loads(capsys.readouterr().out)["texts"]
        found[name] = [part["weight"] for part in text["texts"][0]]
    assert sum(map(abs, found["good"])) > 0
    for one, other in zip(found["good"], found["bad"], strict=True):
        assert abs(one + other) < 1e-4
    assert (tmp_path / "words-2.html").is_file()


def test_without_texts_the_doubtful_ones_of_the_run_are_explained(reported_run, tmp_path, capsys):
    words = [str(reported_run.path), "--count", "3", "--json", "--output", str(tmp_path)]
    assert main(words) == 0
    texts = json.loads(capsys.readouterr().out)["texts"]
    assert len(texts) == 3
    assert all(each["truth"] in ("bad", "good") for each in texts)
