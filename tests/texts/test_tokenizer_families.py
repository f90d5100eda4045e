"""Tokenizers of bytes and of SentencePiece: as their makers' programs, in runs and in exports."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from text_run import write_reviews
from tiny_tokenizers import FAMILIES, HARD, make_tokenizer, train_bytes, train_pieces, write_family

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.export import export_model
from keras_transfer.predict import predict_images
from keras_transfer.texts.tokenizers import encode_texts, find_marks
from keras_transfer.train import fine_tune

pytest.importorskip("keras_hub", reason="needs the extra [text]")
pytest.importorskip("tensorflow_text", reason="needs the extra [text]")
LENGTH = 64
MARKED = {"Roberta": (0, 2, (2, 2), 1), "XLMRoberta": (0, 2, (2, 2), 1)}
MARKED |= {"Albert": (2, 3, (3,), 0), "DebertaV3": (1, 2, (2,), 0)}


def spell_reference(family):
    """Return the function from a text to ids of the program that the vocabulary was made by."""
    if family == "Roberta":
        trained = train_bytes()[2]
        return lambda text: trained.encode(text).ids
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor(model_proto=train_pieces(family))
    if family == "XLMRoberta":  # fairseq put <pad> in second place, and <unk> after the marks
        return lambda text: [3 if each == 0 else each + 1 for each in pieces.encode(text)]
    return pieces.encode


def encode(tokenizer, rows):
    return encode_texts(tokenizer, np.array(rows, object), LENGTH)


# KerasHub leaves the file of the pieces to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
SLOW_TO_TRACE = pytest.param("Roberta", marks=pytest.mark.thorough)  # ten seconds


@pytest.mark.thorough
@pytest.mark.parametrize("family", [SLOW_TO_TRACE, *FAMILIES[1:]])
def test_texts_of_any_script_become_the_ids_of_the_makers_programs(family):
    tokenizer = make_tokenizer(family)
    assert tuple(find_marks(tokenizer)) == MARKED[family]
    begin, end, between, _ = MARKED[family]
    spell = spell_reference(family)
    texts = [text.lower() for text in HARD[:1]] + HARD[2:] if family == "Albert" else HARD
    texts = [text for text in texts if family != "Albert" or text.isascii()]
    rows, cut = encode(tokenizer, [[text] for text in texts])
    for text, row, short in zip(texts, rows, cut, strict=True):
        ids = spell(text)
        assert row.tolist() == [begin, *ids[: LENGTH - 2], end], text
        assert short == (len(ids) > LENGTH - 2), text
    (pair,), _ = encode(tokenizer, [["good film", "no end"]])
    assert pair.tolist() == [begin, *spell("good film"), *between, *spell("no end"), end]


@pytest.mark.thorough
def test_albert_sees_small_letters_without_accents():
    tokenizer = make_tokenizer("Albert")
    rows, _ = encode(tokenizer, [["The Café was GOOD"], ["the cafe was good"]])
    assert rows[0].tolist() == rows[1].tolist()


@pytest.mark.thorough
def test_pieces_are_there_again_after_a_seed_was_set():
    tokenizer = make_tokenizer("Albert")
    before, _ = encode(tokenizer, [["a good film"]])
    tf.random.set_seed(0)
    after, _ = encode(tokenizer, [["a good film"]])
    assert before[0].tolist() == after[0].tolist()


def train(folder, output, *, pairs=False, strategy="feature_extraction"):
    config = TrainConfig(
        backbone=f"hub:{folder}",
        dataset=str(write_reviews(output / "reviews.csv", 80, pairs=pairs)),
        strategy=strategy,
        data=DataConfig(batch_size=16),
        frozen=FrozenConfig(epochs=1),
        finetune=FinetuneConfig(epochs=1),
        output=output,
        report="off",
        quiet=True,
    )
    return fine_tune(config)


ALONE = """
import sys
sys.modules["keras_transfer"] = sys.modules["keras_hub"] = None
import numpy as np, tensorflow as tf, tensorflow_text
model = tf.saved_model.load(sys.argv[1])
texts = {f"text{'_2' * place}": tf.constant(part.split("|")) for place, part in
         enumerate(sys.argv[2:])}
np.save("found.npy", model.signatures["serving_default"](**texts)["probabilities"])
"""


def run_alone(code, folder, *words):
    ended = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout


@pytest.mark.slow  # minutes for each: a SavedModel, a TFLite and an ONNX file, and four programs
@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_and_its_exports_answer_alike_by_the_saved_tokenizer(family, tmp_path):
    folder = tmp_path / "preset"
    write_family(folder, family)
    run = train(folder, tmp_path)
    shutil.rmtree(folder)  # nothing of it is needed any more
    texts = [text for text in HARD if text.strip()]
    wanted = predict_images(run, texts).probabilities
    assert np.ptp(wanted[:, 0]) > 1e-4
    export_model(run, ("saved_model", "tflite", "onnx"), ("float32",))
    moved = shutil.copytree(run.path, tmp_path / "elsewhere/run")
    for file in ("saved_model", "model.tflite", "model.onnx"):
        found = predict_images(moved / "exports" / file, texts).probabilities
        np.testing.assert_allclose(found, wanted, atol=2e-5, err_msg=file)
    place = moved / "exports/saved_model/1"
    run_alone(ALONE, tmp_path, place, "|".join(texts))
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), wanted, atol=2e-5)
    (answer,) = predict_images(run, "A sentence.").probabilities
    snippets = re.findall(r"```python\n(.*?)```", run.model_card_file.read_text(), re.S)
    assert len(snippets) == 4
    for code in snippets:
        printed = run_alone('import sys; sys.modules["keras_transfer"] = None\n' + code, moved)
        said = np.array(re.findall(r"\b\d\.\d*(?:e-\d+)?", printed.splitlines()[-1]), float)
        np.testing.assert_allclose(np.sort(said[-2:]), np.sort(answer), atol=1e-4, err_msg=code)


@pytest.mark.slow
def test_pairs_pass_through_byte_pairs_and_a_saved_model(tmp_path):
    write_family(tmp_path / "preset", "Roberta")
    run = train(tmp_path / "preset", tmp_path, pairs=True)
    export_model(run, ("saved_model",))
    pairs = [["the film was good", "no end"], ["dull 😀", ""]]
    from keras_transfer.exports.loaders import load_artefact

    wanted = load_artefact(run.path).classify(np.array(pairs, object))
    firsts, seconds = ("|".join(part) for part in zip(*pairs, strict=True))
    run_alone(ALONE, tmp_path, run.exports / "saved_model/1", firsts, seconds)
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), wanted, atol=1e-5)


# the others are those of test_text_runs
@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["gradual", "partial"])
def test_other_strategies_train_deberta(strategy, tmp_path):
    write_family(tmp_path / "preset", "DebertaV3")
    run = train(tmp_path / "preset", tmp_path, strategy=strategy)
    assert run.metrics()["strategy"] == strategy
    assert np.isfinite(predict_images(run, HARD[:3]).probabilities).all()
