"""Every kind of file of a run of texts answers as the run, whatever is beside a text."""

import numpy as np
import pytest

from keras_transfer.exports.loaders import load_artefact, read_modality
from keras_transfer.system.errors import ConfigError

pytestmark = pytest.mark.thorough

# file in `exports` -> how far its probabilities may be from the model's
FILES = {
    "saved_model": 1e-5,
    "saved_model/1": 1e-5,
    "model.tflite": 1e-5,
    "model.float16.tflite": 0.01,
    "model.dynamic_int8.tflite": 0.1,
    "model.onnx": 1e-5,
}
SENTENCES = [
    "The film was good.",
    "dull",
    "The music, the cast and the end: not good, not good, not good at all, and very, very dull!",
    "Café, naïve? 日本",
]


def hold(texts):
    contents = np.empty((len(texts), 1), object)
    contents[:, 0] = texts
    return contents


@pytest.mark.parametrize("file", [name for name in FILES if name != "saved_model/1"])
def test_each_export_answers_as_the_run_to_texts_alone_together_and_as_ids(text_run, file):
    wanted = load_artefact(text_run.path)
    found = load_artefact(text_run.exports / file)
    assert found.usage.sequence_length == wanted.usage.sequence_length > 8
    assert (found.image_size, found.classes, found.usage.modality) == (0, 2, "text")
    reference = wanted.classify(hold(SENTENCES))
    assert np.ptp(reference[:, 0]) > 1e-3  # the texts are told apart
    limit = {"atol": FILES[file], "rtol": 0}
    together = found.classify(hold(SENTENCES))
    np.testing.assert_allclose(together, reference, **limit)
    alone = np.concatenate([found.classify(hold([text])) for text in SENTENCES])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    ids = wanted.encode(hold(SENTENCES))
    assert ids.dtype == np.int32
    assert (ids[1] == 0).any()  # filled up
    np.testing.assert_allclose(found.classify_ids(ids), together, atol=1e-6)


def test_model_keras_alone_says_that_it_takes_texts_and_needs_its_tokenizer(text_run, tmp_path):
    import shutil

    shutil.copy(text_run.model_file, tmp_path / "alone.keras")
    alone = load_artefact(tmp_path / "alone.keras")
    assert alone.usage == load_artefact(text_run.path).usage
    with pytest.raises(ConfigError, match="folder tokenizer beside it"):
        alone.classify(hold(SENTENCES))
    shutil.copytree(text_run.tokenizer, tmp_path / "tokenizer")
    np.testing.assert_array_equal(
        alone.classify(hold(SENTENCES)), load_artefact(text_run.path).classify(hold(SENTENCES))
    )


def test_what_a_file_takes_is_read_before_it_is_loaded(text_run, finished_run):
    for file in ("", "model.keras", *(f"exports/{name}" for name in FILES)):
        assert read_modality(text_run.path / file) == "text"
    assert read_modality(finished_run.path) == "image"
    assert read_modality("nowhere") == "image"


def test_a_pair_is_refused_where_texts_were_learned(text_run):
    pair = np.array([["good", "film"]], object)
    with pytest.raises(ConfigError, match="Received: a pair of texts"):
        load_artefact(text_run.exports / "model.onnx").classify(pair)
