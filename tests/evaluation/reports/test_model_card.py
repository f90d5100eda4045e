"""The card of a run: what it says, and that every snippet in it runs."""

import ast
import dataclasses
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.yaml_files import dump_config
from keras_transfer.evaluation.reports.loading_snippets import list_snippets
from keras_transfer.evaluation.reports.model_card import write_model_card
from keras_transfer.images.decoding.pillow_decoding import load_image
from keras_transfer.images.decoding.resizing import resize_square
from keras_transfer.images.decoding.served_formats import READ, READ_OTHERWISE, REFUSED
from keras_transfer.predict import predict_images
from keras_transfer.run.load_settings import load_config
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_json


def read_snippets(run):
    return re.findall(
        r"^([^\n]*):\n\n```python\n(.*?)```", run.model_card_file.read_text(), re.M | re.S
    )


def test_the_card_of_a_training_names_what_it_was_made_from(finished_run):
    text = finished_run.model_card_file.read_text()
    metrics = finished_run.metrics()
    low, high = metrics["splits"]["test"]["accuracy_interval"]
    for words in (
        "tiny",
        "level, upright",
        "32 x 32 pixels",
        "plain Keras 3.4 or newer",
        f"{low:.3f} - {high:.3f}",
        "| level | 40 | 12 | 12 |",
        "| all classes | 80 | 24 | 24 |",
        "random",
        "Phase `finetune`: weights of epoch ",
        "## Limits",
        READ,
        REFUSED,
        READ_OTHERWISE,
    ):
        assert words in text
    assert "## Exports" not in text
    assert len(read_snippets(finished_run)) == 1


def test_class_names_are_shown_as_they_are(run_copy):
    run_copy.class_names_file.write_text("a|b\n<b>x</b> [l](y) `z`\n")
    rows = re.sub(r"(?<=,)(level|upright)(?=,)", "a|b", run_copy.split_file.read_text())
    run_copy.split_file.write_text(rows)
    write_model_card(run_copy, run_copy.metrics())
    text = run_copy.model_card_file.read_text()
    assert r"a\|b, \<b\>x\</b\> \[l\](y) \`z\`." in text


def test_classes_beyond_the_table_are_counted_and_top5_is_said_of_many(run_copy):
    names = ["level", *(f"other_{index}" for index in range(23)), "upright"]
    run_copy.class_names_file.write_text("\n".join(names) + "\n")
    metrics = run_copy.metrics()
    write_model_card(run_copy, metrics | {"splits": add_top5(metrics["splits"])})
    text = run_copy.model_card_file.read_text()
    assert "| other_18 | 0 | 0 | 0 |\n| 5 more classes (split.csv) | 40 | 12 | 12 |\n| all " in text
    assert "| 95 % interval | top-5 accuracy | macro F1 |" in text
    assert "| 0.987 |" in text
    assert "Each class: per_class.csv." in text
    run_copy.class_names_file.write_text("level\nupright\n")
    write_model_card(run_copy, metrics)
    text = run_copy.model_card_file.read_text()
    assert "top-5" not in text
    assert "more classes" not in text


def add_top5(splits):
    return {name: scores | {"top5_accuracy": 0.987} for name, scores in splits.items()}


def test_names_and_reasons_from_outside_are_no_markdown_of_the_card(run_copy):
    evil = "<img src=x onerror=alert(1)>](x) `a`|\x1b[31m\u202e"
    config = load_config(run_copy.config_file, name="evil", dataset=f"/photos/{evil}")
    run_copy.config_file.write_text(dump_config(config), encoding="utf-8")
    run = Run(run_copy.path.rename(run_copy.path.with_name(f"a $x$ {evil.replace('/', '')}")))
    run.exports.mkdir(exist_ok=True)
    (run.exports / 'a"); import os; ("x.tflite').touch()
    row = {"file": evil, "signature": "", "images": 3, "reason": f"one\n\n# two {evil}"}
    row["temperature"] = 1.0
    reference = {"images": 3, "accuracy": 1.0, "accuracy_interval": [0.4, 1.0]}
    reference["expected_calibration_error"] = 0.0
    write_json(run.parity_file, {"reference": reference, "artefacts": [row]})
    write_model_card(run, run.metrics())
    text = run.model_card_file.read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text
    plain = re.sub(r"^```python\n.*?^```$", "", text, flags=re.M | re.S)  # outside of code
    plain = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", re.sub(r"\\.", "", plain))
    assert not re.search(r"<img|\]\(|`|\$", plain)
    assert plain.startswith("# a x")
    assert "\n# two" not in text
    for _, code in read_snippets(run):
        assert "name='os'" not in ast.dump(ast.parse(code))  # it imports what the snippets do


@pytest.fixture(scope="module")
def photo(stripes, tmp_path_factory):
    """A photograph that is no square, with odd differences of its sides."""
    left, right = (Image.open(stripes / f"test/{name}/000.png") for name in ("level", "upright"))
    wide = Image.new("RGB", (131, 76))
    wide.paste(left.resize((66, 76)))
    wide.paste(right.resize((65, 76)), (66, 0))
    file = tmp_path_factory.mktemp("photo") / "photo.png"
    wide.save(file)
    return file


def run_snippet(code, folder):
    """Return the numbers that a snippet prints last, without this package."""
    ended = subprocess.run(
        [sys.executable, "-c", 'import sys; sys.modules["keras_transfer"] = None\n' + code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    printed = re.findall(r"\[([^][]*)\]", ended.stdout)[-1]
    return np.array(printed.replace(",", " ").split(), float)


@pytest.mark.slow
def test_each_snippet_has_five_lines_and_gives_the_runs_answer(exported_run, photo, tmp_path):
    found = read_snippets(exported_run)
    assert len(found) == 7  # model.keras, the SavedModel, four TFLite files, ONNX
    (wanted,) = predict_images(exported_run, photo).probabilities
    run = shutil.copytree(exported_run.path, tmp_path / "run")
    shutil.copy(photo, run / "photo.jpg")
    for title, code in found:
        assert len(code.splitlines()) == 5
        numbers = run_snippet(code, run)
        if "256ths" in title:
            numbers = numbers / 256
        if "TensorFlow" in title:  # best first
            numbers = numbers if wanted[0] > wanted[1] else numbers[::-1]
        near = 0.1 if "int8" in title else 0.02
        np.testing.assert_allclose(numbers, wanted, atol=near, err_msg=title)


@pytest.mark.parametrize(
    "said",
    [
        {"resize": "crop"},
        {"resize": "pad", "interpolation": "bicubic"},
        {"resize": "stretch"},
        {"crop_fraction": 0.8, "interpolation": "bicubic"},
    ],
)
def test_the_snippets_make_our_squares(run_copy, photo, tmp_path, said):
    config = load_config(run_copy.config_file)
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, **said))
    _, code = next(list_snippets(run_copy, config))
    assert len(code.splitlines()) <= 5
    shutil.copy(photo, tmp_path / "photo.jpg")
    made = code.replace("numpy as np, keras", "numpy as np").splitlines()[:-1]
    (tmp_path / "make.py").write_text("\n".join([*made, "photo.save('square.png')"]))
    subprocess.run([sys.executable, "make.py"], cwd=tmp_path, check=True)
    found = np.asarray(Image.open(tmp_path / "square.png")).astype(int)
    wanted = resize_square(load_image(photo), 32, Preparation(**said)).numpy()
    assert np.abs(found - wanted).max() <= 2


@pytest.mark.parametrize(
    ("said", "input_words", "limit"),
    [
        ({}, "`crop` with antialiased bilinear", "* Only the central square of an image is seen."),
        (
            {"crop_fraction": 0.875, "interpolation": "bicubic"},
            "`crop` (short side to 36, then the centre) with antialiased bicubic",
            "* Only the centre of an image is seen: a square of 88.9 % of its short side.",
        ),
        ({"resize": "pad"}, "`pad` with antialiased bilinear", ""),
    ],
)
def test_the_card_says_which_part_of_an_image_is_seen(run_copy, said, input_words, limit):
    config = load_config(run_copy.config_file)
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, **said))
    run_copy.config_file.write_text(dump_config(config))
    write_model_card(run_copy, run_copy.metrics())
    card = run_copy.model_card_file.read_text()
    assert f"32 x 32 pixels, made by {input_words} resampling" in card
    assert [line for line in card.splitlines() if line.startswith("* Only the cent")] == (
        [limit] if limit else []
    )


def test_the_snippets_and_the_card_know_the_value_range(run_copy, tmp_path):
    config = load_config(run_copy.config_file)
    config = dataclasses.replace(
        config, data=dataclasses.replace(config.data, value_range="0,4095")
    )
    run_copy.config_file.write_text(dump_config(config))
    write_model_card(run_copy, run_copy.metrics())
    card = run_copy.model_card_file.read_text()
    assert "round(255 * clip((v - 0) / (4095 - 0), 0, 1))" in card
    deep = np.random.default_rng(0).integers(0, 4096, (32, 32)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "photo.jpg", "PNG")
    _, code = next(list_snippets(run_copy, config))
    made = code.replace("numpy as np, keras", "numpy as np").splitlines()[:-1]
    (tmp_path / "make.py").write_text("\n".join([*made, "photo.save('square.png')"]))
    subprocess.run([sys.executable, "make.py"], cwd=tmp_path, check=True)
    found = np.asarray(Image.open(tmp_path / "square.png"))
    np.testing.assert_array_equal(found, load_image(tmp_path / "photo.jpg", value_range="0,4095"))
