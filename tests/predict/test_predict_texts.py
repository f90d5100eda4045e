"""The command `predict`, `evaluate` and the model card of a run of texts."""

import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from text_run import write_reviews

from keras_transfer import evaluate, predict
from keras_transfer.exports.loaders import load_artefact
from keras_transfer.predict import predict_images
from keras_transfer.system.errors import ConfigError

pytestmark = pytest.mark.thorough


def test_a_table_lines_and_a_sentence_get_the_same_answers(text_run, tmp_path, monkeypatch, capsys):
    table = tmp_path / "new.csv"
    table.write_text('id,text\n1,The film was good.\n2," "\n3,Dull.\n')
    assert predict.main([str(text_run.path), str(table), "--json", "--top", "2"]) == 0
    found = json.loads(capsys.readouterr().out)["images"]
    assert [row["path"] for row in found] == [f"{table}:{number}" for number in (1, 2, 3)]
    assert [row["error"] for row in found] == [None, "it is empty", None]
    assert len(found[0]["top"]) == 2
    given = io.TextIOWrapper(io.BytesIO(b"The film was good.\n\nDull.\n"))
    monkeypatch.setattr(sys, "stdin", given)
    assert predict.main([str(text_run.path), "-", "--json", "--top", "2"]) == 0
    lines = json.loads(capsys.readouterr().out)["images"]
    assert [row["probability"] for row in lines] == [row["probability"] for row in found]
    output = tmp_path / "said.csv"
    words = [str(text_run.exports / "model.onnx"), "The film was good.", "--output", str(output)]
    assert predict.main(words) == 0
    head, row = output.read_text().splitlines()
    assert head == "path,prediction,probability,error"
    assert row.startswith(f"The film was good.,{found[0]['prediction']},")


def test_what_is_not_there_is_refused(text_run, capsys):
    with pytest.raises(ConfigError, match="nothing, which is not there"):
        predict.main([str(text_run.path), "nothing"])
    with pytest.raises(ConfigError, match="What is explained in pictures must be images"):
        predict.main([str(text_run.path), "The film.", "--explain", "pictures"])


def test_sets_thresholds_and_unusual_texts_are_told(text_run, capsys):
    words = [str(text_run.path), "The film was good.", "--json", "--coverage", "0.9"]
    assert predict.main([*words, "--unusual", "--threshold", "0.999999"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["images"]
    assert row["prediction"] == "unsure"
    assert row["set"]
    assert 0 <= row["unusual_share"] <= 1


def test_evaluate_measures_other_labelled_texts(text_run, tmp_path, capsys):
    table = write_reviews(tmp_path / "others.csv", 30, seed=1)
    words = [str(text_run.path), "--dataset", str(table), "--json", "--output"]
    assert evaluate.main([*words, str(tmp_path / "out")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["images"] == 30
    said = predict_images(text_run, table)
    truth = np.array(["bad" if number % 2 else "good" for number in range(30)])
    assert found["accuracy"] == pytest.approx((said.prediction == truth).mean())


def test_each_export_passed_the_check_on_the_validation_texts(text_run):
    rows = text_run.parity()["artefacts"]
    signatures = {(row["file"], row["signature"]) for row in rows}
    assert {("saved_model", "serving_default"), ("saved_model", "serve_ids")} < signatures
    assert len(signatures) == 6
    for row in rows:
        assert row["reason"] == ""
        assert row["images"] == text_run.metrics()["splits"]["validation"]["images"]
    exact = [row["max_difference"] for row in rows if row["file"].endswith(("model", "onnx"))]
    assert max(exact) < 1e-5


def test_the_card_speaks_of_texts_and_its_lines_run(text_run):
    card = text_run.model_card_file.read_text()
    assert "A text classifier: tiny" in card
    assert "image" not in card.replace("--dataset", "").partition("## How")[0]
    codes = re.findall(r"```python\n(.*?)```", card, re.S)
    assert len(codes) == 6  # model.keras, the SavedModel, three of TFLite, ONNX
    wanted = predict_images(text_run, "A sentence.").probabilities[0]
    chosen = [codes[0], codes[1], codes[2], codes[-1]]
    together = f"for code in {chosen!r}:\n    exec(code, {{}})\n    print('next')"
    ended = subprocess.run(
        [sys.executable, "-c", together],
        cwd=text_run.path,
        capture_output=True,
        text=True,
        check=True,
    )
    *answers, _ = ended.stdout.split("next")
    assert len(answers) == len(chosen)
    for answer in answers:
        numbers = [float(each) for each in re.findall(r"0\.\d{3,}", answer)]
        np.testing.assert_allclose(sorted(numbers), sorted(wanted), atol=1e-4)


def test_the_tokens_of_the_card_are_those_of_the_run(text_run):
    tokenizers = pytest.importorskip("tokenizers")
    words = tokenizers.BertWordPieceTokenizer(
        str(text_run.exports / "tokenizer/assets/tokenizer/vocabulary.txt"),
        lowercase=True,
        strip_accents=False,
    )
    artefact = load_artefact(text_run.path)
    length = artefact.usage.sequence_length
    words.enable_truncation(length)
    texts = ["The film, was good!", "Café 日本 x", "not " * 100, "a-b c's 3.5"]
    contents = np.empty((len(texts), 1), object)
    contents[:, 0] = texts
    for text, ids in zip(texts, artefact.encode(contents), strict=True):
        assert words.encode(text).ids == ids[ids != 0].tolist(), text
