"""Classifying images without a truth, from files, arrays and standard input."""

import csv
import dataclasses
import io
import json
import os
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from keras_transfer.evaluate import evaluate_run
from keras_transfer.exports.loaders import load_artefact
from keras_transfer.predict import main, predict_images
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def folder(stripes, tmp_path):
    """Three good images in a tree, a broken one, and a text that is no image."""
    (tmp_path / "photos/below").mkdir(parents=True)
    shutil.copy(stripes / "test/level/000.png", tmp_path / "photos/a.png")
    shutil.copy(stripes / "test/upright/000.png", tmp_path / "photos/below/b.png")
    shutil.copy(stripes / "test/upright/001.png", tmp_path / "photos/c.png")
    (tmp_path / "photos/broken.png").write_bytes(b"nothing")
    (tmp_path / "photos/notes.txt").write_text("not an image")
    return tmp_path / "photos"


def read_csv(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_probabilities_are_those_of_the_evaluation(finished_run, stripes):
    wanted = evaluate_run(finished_run, split="train")  # three batches, the last of them partial
    found = predict_images(finished_run, [stripes / path for path in wanted.paths])
    np.testing.assert_allclose(found.probabilities, wanted.probabilities, atol=1e-5)
    assert found.names.tolist() == [str(stripes / path) for path in wanted.paths]
    assert found.prediction.tolist() == [wanted.class_names[i] for i in wanted.prediction]
    np.testing.assert_allclose(found.probability, wanted.probabilities.max(axis=1), atol=1e-5)


def test_a_folder_is_read_with_all_below_it_and_bad_files_are_rows(finished_run, folder, capsys):
    assert main([str(finished_run.path), str(folder)]) == 0
    rows = read_csv(capsys.readouterr().out)
    names = ["a.png", "below/b.png", "broken.png", "c.png"]
    assert [row["path"] for row in rows] == [f"{folder}/{name}" for name in names]
    assert rows[2]["error"] == "of no known image format"
    assert rows[2]["prediction"] == rows[2]["probability"] == ""
    for row in (rows[0], rows[1], rows[3]):
        assert row["prediction"] in ("level", "upright")
        assert 0.5 <= float(row["probability"]) <= 1
        assert row["error"] == ""


def test_only_unusable_files_are_exit_code_1(finished_run, folder):
    assert main([str(finished_run.path), str(folder / "broken.png"), str(folder / "gone.png")]) == 1


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["gone.png"], r"IMAGES must name files that exist\. Received: gone\.png, not there\."),
        (["gone.png", "lost.png"], r"Received: gone\.png, lost\.png, not there\."),
        (["*.xyz"], r"Received: \*\.xyz, which holds none"),
    ],
)
def test_missing_files_are_said_before_a_model_is_loaded(words, answer, monkeypatch):
    monkeypatch.setattr(
        "keras_transfer.predict.load_artefact", lambda *words: pytest.fail("loaded")
    )
    with pytest.raises(ConfigError, match=answer):
        main(["RUN", *words])


def test_a_few_missing_files_are_warned_of_at_once(folder, monkeypatch, caplog):
    def load(*words):
        raise ConfigError(caplog.text)

    monkeypatch.setattr("keras_transfer.predict.load_artefact", load)
    with pytest.raises(ConfigError, match=r"Not there: gone\.png"):
        main(["RUN", str(folder), "gone.png"])


def test_patterns_and_names_on_standard_input(finished_run, folder, capsys, monkeypatch):
    assert main([str(finished_run.path), f"{folder}/**/[bc].png"]) == 0
    rows = read_csv(capsys.readouterr().out)
    assert [row["path"] for row in rows] == [f"{folder}/below/b.png", f"{folder}/c.png"]
    listed = f"{folder}/a.png\n\n{folder}/c.png\n".encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(listed)))
    assert main([str(finished_run.path), "-"]) == 0
    rows = read_csv(capsys.readouterr().out)
    assert [row["path"] for row in rows] == [f"{folder}/a.png", f"{folder}/c.png"]


def test_an_image_on_standard_input(finished_run, folder, capsys, monkeypatch):
    content = (folder / "a.png").read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    assert main([str(finished_run.path), "-"]) == 0
    (row,) = read_csv(capsys.readouterr().out)
    wanted = predict_images(finished_run, folder / "a.png")
    assert (row["path"], row["prediction"]) == ("-", wanted.prediction[0])


def test_a_file_whose_name_is_a_pattern_is_that_file(finished_run, folder):
    shutil.copy(folder / "a.png", folder / "[c].png")
    found = predict_images(finished_run, f"{folder}/[c].png")
    assert found.names.tolist() == [f"{folder}/[c].png"]


def test_a_pattern_without_files_is_refused(finished_run, folder, tmp_path):
    with pytest.raises(ConfigError, match=r"x\*.png, which holds none"):
        predict_images(finished_run, f"{folder}/x*.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="empty, which holds none"):
        predict_images(finished_run, tmp_path / "empty")


def test_a_pattern_lists_each_file_once_and_passes_over_empty_folders(finished_run, folder):
    (folder / "empty").mkdir()
    found = predict_images(finished_run, f"{folder}/**")  # folders and what is in them
    names = ["a.png", "below/b.png", "broken.png", "c.png"]
    assert found.names.tolist() == [f"{folder}/{name}" for name in names]


def test_other_images_and_lists_on_standard_input(finished_run, folder, capsys, monkeypatch):
    def ask(content):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
        assert main([str(finished_run.path), "-"]) == 0
        return [row["path"] for row in read_csv(capsys.readouterr().out)]

    stream = io.BytesIO()
    Image.open(folder / "a.png").save(stream, "PPM")  # its header is text, and it has no zero byte
    assert ask(stream.getvalue()) == ["-"]
    names = [f"{folder}/a.png", f"{folder}/c.png"]
    assert ask("\0".join([*names, ""]).encode()) == names  # find -print0
    assert ask(b"\xef\xbb\xbf" + "\r\n".join(names).encode()) == names
    for broken in (b"GIF89a\1\0\1\0 and no more\n", b"\xff" * 5000):  # one row, not many names
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(broken)))
        assert main([str(finished_run.path), "-"]) == 1
        (row,) = read_csv(capsys.readouterr().out)
        assert row["path"] == "-"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    with pytest.raises(ConfigError, match="Standard input must hold"):
        main([str(finished_run.path), "-"])


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_names_that_are_not_utf8_are_written_with_their_bytes(
    finished_run, folder, tmp_path, suffix
):
    odd = os.fsencode(folder) + b"/caf\xe9.png"
    shutil.copy(folder / "a.png", odd)
    file = tmp_path / f"found.{suffix}"
    assert main([str(finished_run.path), os.fsdecode(odd), "--output", str(file)]) == 0
    assert rb"caf\xe9.png" in file.read_bytes().replace(b"\\\\", b"\\")


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_every_kind_of_file_holds_the_same_rows(finished_run, folder, tmp_path, suffix):
    file = tmp_path / f"found.{suffix}"
    words = [str(finished_run.path), str(folder), "--top", "5", "--output", str(file)]
    assert main(words) == 0
    if suffix == "parquet":
        rows = pytest.importorskip("pyarrow.parquet").read_table(file).to_pylist()
    elif suffix == "csv":
        rows = read_csv(file.read_text())
    else:
        rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert list(rows[0]) == [
        "path",
        "prediction",
        "probability",
        "prediction_2",
        "probability_2",
        "error",
    ]
    found = predict_images(finished_run, folder)
    for index, row in enumerate(rows):
        if index == 2:
            assert not row["prediction"]
            assert row["error"]
            continue
        assert row["prediction"] == found.prediction[index]
        assert float(row["probability"]) == pytest.approx(found.probability[index], abs=1e-6)
        assert float(row["probability"]) + float(row["probability_2"]) == pytest.approx(1, abs=1e-5)
    assert list(tmp_path.glob(".*")) == []  # nothing half-written


def test_below_the_threshold_the_answer_is_unsure(finished_run, folder, capsys):
    assert main([str(finished_run.path), str(folder / "a.png"), "--threshold", "1"]) == 0
    (row,) = read_csv(capsys.readouterr().out)
    assert row["prediction"] == "unsure"
    assert 0.5 <= float(row["probability"]) < 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--top", "0"], "`top` must be 1 or more"),
        (["--threshold", "1.5"], "`threshold` must be in"),
        (["--output", "found.txt"], "must end in .csv, .jsonl or .parquet"),
        (["--output", "no/such/folder.csv"], "in a folder that can be written"),
    ],
)
def test_options_are_checked_before_the_model_is_loaded(words, message):
    with pytest.raises(ConfigError, match=message):
        main(["no such model", "image.png", *words])


def test_class_names_are_not_taken_for_words_of_the_command(run_copy, folder, capsys):
    run_copy.class_names_file.write_text("unusable\nunsure\n")
    run_copy.predictions_file.unlink()  # it names the classes, too
    assert main([str(run_copy.path), str(folder / "a.png")]) == 0
    with pytest.raises(ConfigError, match="0 where a class is called unsure"):
        main([str(run_copy.path), str(folder / "a.png"), "--threshold", "0.5"])


def test_a_terminal_gets_a_table(finished_run, folder, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")  # no bar
    assert main([str(finished_run.path), str(folder / "a.png")]) == 0
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert lines[-1].split()[0].endswith("/a.png")
    assert "error" not in lines[1]  # no file is unusable
    assert "───" in shown


@pytest.mark.parametrize("columns", ["80", "120"])
def test_a_table_on_a_terminal_shows_the_ends_of_paths_and_all_that_fits(
    finished_run, folder, capsys, monkeypatch, columns
):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "dumb")  # no bar
    assert main([str(finished_run.path), str(folder), "--top", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0].rpartition("/")[2]: line for line in lines[3:]}
    assert rows.keys() == {file.name for file in folder.rglob("*.png")}
    assert lines[1].split() == ["path", "prediction", "probability", "2nd", "error"]
    assert rows["broken.png"].split()[1:3] == ["of", "no"]
    assert max(map(len, lines)) < int(columns)


def test_images_that_a_model_answers_with_nan_are_rows_with_the_reason(
    finished_run, folder, capsys, monkeypatch
):
    artefact = load_artefact(finished_run.path)

    def classify(pixels):
        answers = artefact.classify(pixels)
        answers[1] = np.nan
        return answers

    broken = dataclasses.replace(artefact, classify=classify)
    monkeypatch.setattr("keras_transfer.predict.load_artefact", lambda path, trust: broken)
    assert main([str(finished_run.path), str(folder)]) == 0
    errors = [row["error"] for row in read_csv(capsys.readouterr().out)]
    assert errors == [
        "",
        "the model answers with NaN",
        "of no known image format",
        "",
    ]


def test_graphs_of_others_run_only_where_they_are_trusted(folder, tmp_path, capsys):
    import tensorflow as tf

    spec = tf.TensorSpec((1, 8, 8, 3), tf.float32)
    graph = tf.function(lambda images: tf.sigmoid(images[:, 0, 0, :1] - 1000), [spec])
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [graph.get_concrete_function()], tf.Module()
    )
    (tmp_path / "m.tflite").write_bytes(converter.convert())
    words = [str(tmp_path / "m.tflite"), str(folder / "a.png")]
    with pytest.raises(ConfigError, match=r"no parity.json beside it lists"):
        main(words)
    assert main([*words, "--trust"]) == 0
    (row,) = read_csv(capsys.readouterr().out)
    assert (row["prediction"], float(row["probability"])) == ("0", 1)
