"""The SavedModel of texts as a server has it: TensorFlow and its operations for texts alone."""

import json
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tensorflow as tf
from text_run import train_on, write_reviews

from keras_transfer.evaluate import evaluate_run
from keras_transfer.export import export_model
from keras_transfer.exports.loaders import load_artefact
from keras_transfer.exports.text_models.text_saved_model import pack_texts, unpack_texts
from keras_transfer.predict import predict_images
from keras_transfer.system.errors import ConfigError

pytestmark = pytest.mark.thorough


def test_a_copy_elsewhere_takes_strings_without_this_package(text_run, tmp_path):
    place = tmp_path / "elsewhere"
    shutil.copytree(text_run.exports / "saved_model/1", place)
    code = f"""
        import sys, json
        sys.modules["keras_transfer"] = sys.modules["keras_hub"] = None
        import tensorflow as tf, tensorflow_text
        model = tf.saved_model.load({str(place)!r})
        asked = tf.constant(["The film was good.", "Dull, not good."])
        answer = model.signatures["serving_default"](text=asked)
        named = [name.decode() for name in answer["top_classes"].numpy()[:, 0]]
        print(json.dumps([named, answer["probabilities"].numpy().tolist()]))
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    named, probabilities = json.loads(ended.stdout.splitlines()[-1])
    wanted = predict_images(text_run, ["The film was good.", "Dull, not good."])
    np.testing.assert_allclose(probabilities, wanted.probabilities, atol=1e-5)
    assert named == wanted.prediction.tolist()


def test_it_makes_the_tokens_that_the_evaluation_was_made_of(text_run):
    wanted = evaluate_run(text_run, split="validation")
    named = dict(zip(wanted.paths.tolist(), wanted.probabilities, strict=True))
    table = text_run.path.parent / "reviews.csv"
    found = predict_images(text_run.exports / "saved_model", table)
    rows = {name.rpartition("/")[2]: row for row, name in enumerate(found.names.tolist())}
    assert len(rows) == 120
    assert named.keys() < rows.keys()
    for name, probabilities in named.items():
        np.testing.assert_allclose(found.probabilities[rows[name]], probabilities, atol=1e-5)


def test_one_that_is_not_listed_runs_by_itself_where_it_is_trusted(text_run, tmp_path):
    place = tmp_path / "elsewhere"
    shutil.copytree(text_run.exports / "saved_model/1", place)
    with pytest.raises(ConfigError, match="none of which is known to reach beyond the model"):
        predict_images(place, "The film was good.")
    found = predict_images(place, ["The film was good.", " "], trust=True)
    wanted = predict_images(text_run, ["The film was good.", " "])
    np.testing.assert_allclose(found.probabilities, wanted.probabilities, atol=1e-5)
    assert found.reasons.tolist() == ["", "it is empty"]


def test_texts_reach_another_process_as_they_are():
    contents = np.array([["a\0b", "é 日本"], ["", None]], object)
    np.testing.assert_array_equal(unpack_texts(pack_texts(contents)), contents)


@pytest.mark.slow
def test_a_model_of_pairs_takes_two_strings(tiny_text_backbone, tmp_path):
    run = train_on(write_reviews(tmp_path / "pairs.csv", 60, pairs=True), tmp_path)
    report = export_model(run, ("saved_model", "onnx"))
    assert [row["reason"] for row in report["artefacts"]] == [""] * 3
    pairs = [("The film was good.", "Was it dull?"), ("dull", "")]
    wanted = predict_images(run, pairs)
    for file in ("saved_model", "model.onnx"):
        found = predict_images(run.exports / file, pairs)
        np.testing.assert_allclose(found.probabilities, wanted.probabilities, atol=1e-5)
    served = tf.saved_model.load(str(run.exports / "saved_model/1")).signatures["serving_default"]
    first, second = (tf.constant(texts) for texts in zip(*pairs, strict=True))
    answer = served(text=first, text_2=second)
    np.testing.assert_allclose(answer["probabilities"], wanted.probabilities, atol=1e-5)
    swapped = served(text=second, text_2=first)
    assert np.abs(swapped["probabilities"] - answer["probabilities"]).max() > 1e-6
    assert load_artefact(run.exports / "saved_model").usage.texts == 2
    with pytest.raises(ConfigError, match="must be a pair of texts"):
        predict_images(run.exports / "saved_model", "The film was good.")
