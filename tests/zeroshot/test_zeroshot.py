"""The command, from a preset and folders to what it leaves; real weights were not at hand."""

import json
import subprocess
import sys

import numpy as np
import pytest
from json_answers import read_answer
from PIL import Image
from zeroshot_calls import read_rows

from keras_transfer import predict, zeroshot
from keras_transfer.run.run_directory import Run
from keras_transfer.run.run_files import is_output
from keras_transfer.zeroshot import classifier_files, classify

# What is left


def test_each_image_has_a_row_with_a_probability_a_class(left, stripes):
    rows = read_rows(left / "predictions.csv")
    assert [*rows[0]] == [
        *("path", "split", "truth", "prediction"),
        *("probability_level", "probability_upright"),
    ]
    assert len(rows) == 128
    assert {row["path"].split("/")[0] for row in rows if row["split"] == "validation"} == {"val"}
    for row in rows:
        shares = {name: float(row[f"probability_{name}"]) for name in ("level", "upright")}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-6)
        assert row["prediction"] == max(shares, key=shares.get)
        assert row["truth"] in row["path"]


def test_metrics_are_those_of_the_predictions(left):
    rows, metrics = read_rows(left / "predictions.csv"), Run(left).metrics_file
    metrics = json.loads(metrics.read_text())
    for split, images in (("train", 80), ("validation", 24), ("test", 24)):
        part = [row for row in rows if row["split"] == split]
        right = sum(row["truth"] == row["prediction"] for row in part)
        assert metrics["splits"][split]["images"] == len(part) == images
        assert metrics["splits"][split]["accuracy"] == right / images
    assert (metrics["strategy"], metrics["image_size"], metrics["sentences"]) == (
        *("zero_shot", 32),
        16,
    )


@pytest.mark.thorough
def test_probabilities_are_those_of_kerashub_on_the_decoded_images(left, clip_folder, stripes):
    import keras_hub
    import tensorflow as tf

    backbone = keras_hub.models.Backbone.from_preset(str(clip_folder))
    tokenizer = keras_hub.models.Tokenizer.from_preset(str(clip_folder))
    converter = keras_hub.layers.ImageConverter.from_preset(str(clip_folder))
    pack = keras_hub.models.CLIPPreprocessor(tokenizer, sequence_length=24)
    prompts = json.loads((left / "prompts.json").read_text())
    row = read_rows(left / "predictions.csv")[5]
    photo = np.array(Image.open(stripes / row["path"]).convert("RGB"))
    images = converter(tf.constant(photo[None]))  # the preset's own resizing
    directions = []
    for texts in prompts.values():
        tokens = pack({"images": None, "prompts": tf.constant(texts)})["token_ids"]
        found = np.array(backbone.get_text_embeddings(tokens))
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        directions.append(found.mean(axis=0) / np.linalg.norm(found.mean(axis=0)))
    seen = np.array(backbone.get_vision_embeddings(images))[0]
    logits = np.exp(float(backbone.clip_head.logit_scale)) * np.stack(directions) @ seen
    powers = np.exp(logits / np.linalg.norm(seen))
    wanted = powers / powers.sum()
    # our resizing rounds to whole levels
    assert [float(row[f"probability_{name}"]) for name in prompts] == pytest.approx(
        wanted.tolist(), abs=2e-3
    )


def test_the_folder_says_what_was_asked_and_which_images_were_where(left, clip_folder, stripes):
    asked = json.loads((left / "zeroshot.json").read_text())
    assert (asked["preset"], asked["source"]) == (str(clip_folder), str(clip_folder))
    assert asked["dataset"] == str(stripes)
    assert asked["licence"] == f"unknown: see {clip_folder}"
    assert (left / "class_names.txt").read_text() == "level\nupright\n"
    assert len(read_rows(left / "split.csv")) == 128
    assert is_output(left)


def test_the_probe_has_a_table_and_a_figure(left):
    rows = read_rows(left / "probe.csv")
    assert {row["shots"] for row in rows} == {"1", "2", "4", "8", "16"}
    assert len(rows) == 5 * 5 * 2
    probe = json.loads((left / "metrics.json").read_text())["probe"]
    assert (probe["split"], len(probe["shots"])) == ("test", 5)
    with Image.open(left / "probe.png") as figure:
        assert figure.width > 600


# Exports


@pytest.mark.thorough
def test_exports_say_what_the_command_says(left, stripes, capsys):
    rows = json.loads((left / "exports/parity.json").read_text())["artefacts"]
    assert [row["file"] for row in rows] == ["saved_model", "model.keras"]
    assert all(row["max_difference"] <= 1e-5 and row["images"] == 24 for row in rows)
    wanted = {row["path"]: row for row in read_rows(left / "predictions.csv")}
    for file in ("saved_model", "model.keras"):
        image = stripes / "test/level/003.png"
        words = [str(left / "exports" / file), str(image), "--top", "2", "--json"]
        assert predict.main(words) == 0
        (found,) = read_answer("predict", capsys.readouterr().out)["images"]
        for each in found["top"]:
            own = float(wanted["test/level/003.png"]["probability_" + each["class"]])
            assert float(each["probability"]) == pytest.approx(own, abs=1e-5)


@pytest.mark.thorough
def test_the_saved_model_needs_neither_keras_nor_kerashub(left, stripes):
    script = (
        "import sys, tensorflow as tf\n"
        "model = tf.saved_model.load(sys.argv[1]).signatures['serve_bytes']\n"
        "print(model(bytes=tf.constant([open(sys.argv[2], 'rb').read()]))['top_classes'])\n"
        "assert not {'keras_hub', 'keras_transfer'} & {*sys.modules}\n"
    )
    words = [str(left / "exports/saved_model/1"), str(stripes / "test/level/000.png")]
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=False
    )
    assert "level" in done.stdout, done.stderr


@pytest.mark.thorough
def test_a_file_that_differs_is_not_accepted(call, clip_folder, stripes, monkeypatch, capsys):
    original = classifier_files.take_checked

    def shift(*words):
        found = original(*words)
        return found._replace(reference=np.roll(found.reference, 1, axis=1))

    monkeypatch.setattr(classifier_files, "take_checked", shift)
    words = ["--preset", str(clip_folder), "--dataset", str(stripes), "--output", "odd"]
    assert zeroshot.main([*words, "--export"]) == 1
    said = capsys.readouterr().out
    assert said.count("not accepted: a probability differs by") == 2
    assert "Next:" not in said
    assert Run("odd").exports.joinpath("saved_model.failed").is_dir()


@pytest.mark.thorough
def test_a_classifier_of_any_classes_needs_no_images(clip_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text("red: [red stripes]\nblue: blue stripes\nno: nothing\n")
    words = ["--preset", str(clip_folder), "--prompts", "own.yaml", "--export", "--output", "found"]
    assert zeroshot.main([*words, "--json"]) == 0
    answer = read_answer("zeroshot", capsys.readouterr().out)
    assert answer["dataset"] is None
    assert answer["metrics"]["class_names"] == ["red", "blue", "no"]
    assert answer["metrics"]["splits"] == {}
    image = Image.fromarray(np.full((40, 40, 3), 200, np.uint8))
    image.save(tmp_path / "photo.png")
    assert predict.main(["found/exports/saved_model", "photo.png", "--json"]) == 0
    (found,) = read_answer("predict", capsys.readouterr().out)["images"]
    assert found["prediction"] in ("red", "blue", "no")


# What is said


@pytest.mark.thorough
def test_accuracy_with_its_interval_is_said_of_each_split(call, capsys):
    call()
    said = capsys.readouterr().out
    assert "2 classes by 16 sentences" in said
    assert all(f"  {split}  " in said for split in ("train", "validation", "test"))
    assert "95 % interval" in said
    assert "Written: found" in said
    assert max(map(len, said.splitlines())) <= 80


@pytest.fixture
def called(left, monkeypatch):
    """Have the command leave the folder that is there already."""
    facts, metrics = (json.loads((left / f"{n}.json").read_text()) for n in ("zeroshot", "metrics"))
    done = classify.ZeroShot(folder=left, facts=facts, metrics=metrics)
    monkeypatch.setattr(classify, "classify_zero_shot", lambda asked: done)
    return ["--preset", facts["preset"], "--dataset", facts["dataset"]]


def test_quiet_prints_the_path_of_the_folder_alone(called, left, capsys):
    assert zeroshot.main([*called, "--quiet"]) == 0
    assert capsys.readouterr().out == f"{left}\n"


def test_json_is_one_object_that_says_where_each_file_is(called, left, capsys):
    assert zeroshot.main([*called, "--json"]) == 0
    answer = read_answer("zeroshot", capsys.readouterr().out)
    assert answer["output"] == str(left)
    assert answer["metrics"] == json.loads((left / "metrics.json").read_text())
    names = {file.name for file in left.iterdir()}
    assert {str(left / name) for name in names} <= {*answer["files"].values()}


def test_the_probe_and_the_exports_are_said(called, capsys):
    assert zeroshot.main(called) == 0
    said = capsys.readouterr().out
    assert "Logistic regression on a few training images of each class (24 test" in said
    assert "Exported; probabilities differ from these by " in said
    assert "model.keras  needs Keras and KerasHub" in said
    assert "Next: python -m keras_transfer.predict" in said


# Data sets
