"""The command, from a preset and folders to what it leaves; real weights were not at hand."""

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from json_answers import read_answer
from PIL import Image
from tiny_presets import write_vit

from keras_transfer import clean, evaluate, explain, export, predict, report, zeroshot
from keras_transfer.data.load_splits import load_splits
from keras_transfer.modalities.table import MODALITIES
from keras_transfer.models.hub import hub_presets, preset_sources
from keras_transfer.run.run_directory import Run
from keras_transfer.run.run_files import is_output
from keras_transfer.system.errors import ConfigError
from keras_transfer.zeroshot import classifier_files, classify


@pytest.fixture(scope="module")
def left(clip_folder, stripes, tmp_path_factory):
    """A folder with everything that the command can leave; not to be changed."""
    folder = tmp_path_factory.mktemp("zeroshot")
    words = ["--preset", str(clip_folder), "--dataset", str(stripes), "--probe", "--export"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_TRANSFER_CACHE", str(folder / "cache"))
        assert zeroshot.main([*words, "--quiet", "--output", str(folder / "found")]) == 0
    return folder / "found"


@pytest.fixture
def call(clip_folder, stripes, tmp_path, monkeypatch):
    """Call the command on the stripes and return its folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words, dataset=stripes):
        given = ["--preset", clip_folder, "--dataset", dataset, "--output", "found", *words]
        assert zeroshot.main([*map(str, given)]) == 0
        return tmp_path / "found"

    return run


def refusal(*words):
    with pytest.raises(ConfigError) as error:
        zeroshot.main([*map(str, words)])
    assert "\n" not in str(error.value)
    return str(error.value)


def read_rows(file):
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


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


def test_a_set_without_splits_is_divided_as_train_does(call, stripes, tmp_path, tiny_config):
    shutil.copytree(stripes / "train", tmp_path / "photos")
    folder = call(dataset=tmp_path / "photos")
    (tmp_path / "run").mkdir()
    config = type(tiny_config)(dataset=str(tmp_path / "photos"))
    load_splits(config, MODALITIES["image"], Run(tmp_path / "run"))
    assert (folder / "split.csv").read_bytes() == (tmp_path / "run/split.csv").read_bytes()


def test_a_set_too_small_to_train_on_is_measured_as_a_whole(call, stripes, tmp_path, capsys):
    for name in ("level", "upright"):
        (tmp_path / "few" / name).mkdir(parents=True)
        shutil.copy(stripes / f"train/{name}/000.png", tmp_path / "few" / name)
    call(dataset=tmp_path / "few")
    assert "test         2" in capsys.readouterr().out
    words = ["--preset", "x", "--dataset", tmp_path / "few", "--probe", "--output", "no"]
    words[1] = json.loads((tmp_path / "found/zeroshot.json").read_text())["preset"]
    assert "fewer images than splits" in (said := refusal(*words))
    assert "leave --probe out" in said
    assert not (tmp_path / "no").exists()


@pytest.fixture
def scarce(stripes, tmp_path):
    """A set without splits: six images of two classes each, and two of a third."""
    taken = {"level": ("level", range(6)), "upright": ("upright", range(6))}
    for name, (source, rows) in (taken | {"odd": ("level", range(10, 12))}).items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for row in rows:
            shutil.copy(stripes / f"train/{source}/{row:03}.png", tmp_path / "photos" / name)
    return tmp_path / "photos"


def test_a_set_with_a_rare_class_is_test_and_its_table_is_read_again(
    call, scarce, tmp_path, caplog
):
    folder = call(dataset=scarce)
    assert "Measured as a whole, as test: odd has 2 images" in caplog.text
    (tmp_path / "found").rename(tmp_path / "first")
    folder = call("--data.split_file", tmp_path / "first/split.csv", dataset=scarce)
    assert {row["split"] for row in read_rows(folder / "split.csv")} == {"test"}
    assert len(read_rows(folder / "split.csv")) == 14


@pytest.mark.parametrize(
    ("done", "names"),
    [("drop", {"level", "upright"}), ("train_only", {"level", "upright", "odd"})],
)
def test_rare_classes_become_what_train_makes_of_them(call, scarce, done, names, caplog):
    folder = call("--data.rare_classes", done, dataset=scarce)
    rows = read_rows(folder / "predictions.csv")
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    assert {row["truth"] for row in rows} == names
    assert {row["split"] for row in rows if row["truth"] == "odd"} <= {"train"}
    assert "Measured as a whole" not in caplog.text


def test_sentences_are_of_all_classes_though_one_loses_its_images(call, scarce, tmp_path):
    for file in (scarce / "odd").iterdir():
        file.write_bytes(b"no image")
    (tmp_path / "own.yaml").write_text("level: level\nupright: upright\nodd: odd\n")
    folder = call("--prompts", "own.yaml", dataset=scarce)
    assert list(json.loads((folder / "prompts.json").read_text())) == ["level", "upright"]
    (tmp_path / "own.yaml").write_text("level: level\nupright: upright\n")
    words = "--preset", "x", "--dataset", scarce, "--prompts", "own.yaml"
    assert "must have sentences for every class" in refusal(*words)


def test_a_folder_with_test_alone_is_measured(call, stripes, tmp_path, clip_folder):
    shutil.copytree(stripes / "test", tmp_path / "photos/test")
    folder = call(dataset=tmp_path / "photos")
    assert {row["split"] for row in read_rows(folder / "predictions.csv")} == {"test"}
    words = "--preset", clip_folder, "--dataset", tmp_path / "photos", "--probe"
    assert "must hold a train split" in refusal(*words)


def test_a_table_of_test_images_alone_is_measured(call, stripes, tmp_path):
    shutil.copytree(stripes / "test", tmp_path / "test")
    lines = [f"{each}/000.png,{each},test" for each in ("level", "upright")]
    (tmp_path / "test/labels.csv").write_text("\n".join(["path,label,split", *lines, ""]))
    folder = call(dataset=tmp_path / "test/labels.csv")
    assert {row["split"] for row in read_rows(folder / "predictions.csv")} == {"test"}


def test_files_that_cannot_be_read_are_left_out_and_odd_ones_are_used(call, stripes, tmp_path):
    shutil.copytree(stripes, tmp_path / "photos")
    (tmp_path / "photos/test/level/000.png").write_bytes(b"no image")
    photo = Image.open(tmp_path / "photos/test/level/001.png").convert("CMYK")
    photo.save(tmp_path / "photos/test/level/001.png", format="tiff")
    folder = call(dataset=tmp_path / "photos")
    rows = {row["path"] for row in read_rows(folder / "predictions.csv")}
    assert len(rows) == 127
    assert "test/level/001.png" in rows
    report = json.loads((folder / "data_report.json").read_text())
    assert [each["path"] for each in report["unusable"]] == ["test/level/000.png"]


def test_own_sentences_are_those_that_count(call, tmp_path):
    (tmp_path / "own.txt").write_text("{} stripes\n")
    folder = call("--prompts", "own.txt")
    prompts = json.loads((folder / "prompts.json").read_text())
    assert prompts == {"level": ["level stripes"], "upright": ["upright stripes"]}


# Refusals


@pytest.fixture
def unloaded(monkeypatch):
    """Fail where anything is loaded: what is wrong is told before."""
    monkeypatch.setattr(classify, "open_preset", lambda name: pytest.fail("it was opened"))


@pytest.mark.usefixtures("unloaded")
def test_what_is_missing_or_taken_is_told_before_anything_is_loaded(tmp_path, stripes, left):
    assert "`preset` must name a CLIP preset" in refusal("--dataset", stripes)
    given = "--preset", "x"
    assert "`dataset` must be given" in refusal(*given)
    assert "`dataset` must be given" in refusal(*given, "--export")
    (tmp_path / "flat").mkdir()
    shutil.copy(stripes / "test/level/000.png", tmp_path / "flat")
    assert "must hold class folders" in refusal(*given, "--dataset", tmp_path / "flat")
    given = *given, "--dataset", stripes
    assert "nothing is overwritten" in refusal(*given, "--output", left)
    assert "Not a directory" in refusal(*given, "--output", stripes / "test/level/000.png/x")
    assert "outside the data set" in refusal(*given, "--output", stripes / "x")
    assert "No such file" in refusal(*given, "--prompts", tmp_path / "nowhere.txt")
    (tmp_path / "other.yaml").write_text("cat: [a cat]\ndog: [a dog]\n")
    assert "'cat'" in refusal(*given, "--prompts", tmp_path / "other.yaml")
    assert "Unknown option --data.image_size" in refusal(*given, "--data.image_size", 64)


@pytest.mark.usefixtures("unloaded")
def test_a_classifier_of_any_classes_needs_names_that_can_be_told_apart(tmp_path):
    pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")
    (tmp_path / "own.json").write_text('{"cat": "a cat", "cat\\u202e": "a cat"}')
    words = "--preset", "x", "--prompts", tmp_path / "own.json", "--export"
    assert "must differ in what can be seen" in refusal(*words)
    assert "Received: --probe without --dataset" in refusal(*words, "--probe")


@pytest.mark.parametrize("verb", [evaluate, explain, export, predict, report])
def test_other_commands_say_that_the_folder_is_no_run(verb, left, stripes):
    words = [left, stripes / "test"] if verb is predict else [left]
    with pytest.raises(ConfigError, match="a folder of zeroshot, which is no run") as error:
        verb.main([*map(str, words)])
    assert "\n" not in str(error.value)
    if verb is predict:
        assert f"predict takes what its --export leaves in {left}/exports." in str(error.value)


def test_explain_says_in_short_that_it_cannot_look_into_the_classifier(left, stripes, tmp_path):
    words = [left / "exports/model.keras", stripes / "test/level/000.png", "--output", tmp_path]
    with pytest.raises(ConfigError, match=r"Received: one that it cannot follow\.$"):
        explain.main([*map(str, words)])


def test_a_preset_without_texts_is_refused(tmp_path, stripes):
    pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")
    write_vit(tmp_path / "vit")
    said = refusal("--preset", tmp_path / "vit", "--dataset", stripes)
    assert "must be of CLIP, which knows images and texts" in said


def test_a_preset_that_cannot_be_had_is_one_line(stripes, tmp_path, monkeypatch):
    pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    monkeypatch.setattr(preset_sources, "find_fault", lambda url: "no route")
    said = refusal("--preset", "clip_vit_base_patch32", "--dataset", stripes)
    assert "is not kept, and no answer from" in said


def test_without_kerashub_one_line_says_how_it_is_had(stripes, monkeypatch):
    monkeypatch.setattr(hub_presets, "is_installed", lambda package: False)
    said = refusal("--preset", "clip_vit_base_patch32", "--dataset", stripes)
    assert said.startswith("`--preset` needs KerasHub. Received: no such package.")


def test_help_and_the_program_know_the_command(capsys):
    with pytest.raises(SystemExit):
        zeroshot.main(["--help"])
    said = capsys.readouterr().out
    assert "--probe" in said
    assert "--prompts FILE" in said
    assert max(map(len, said.splitlines())) <= 80


def test_clean_says_that_it_removes_embeddings_of_sentences(capsys):
    with pytest.raises(SystemExit):
        clean.main(["--help"])
    assert "embeddings of the sentences of zeroshot" in " ".join(capsys.readouterr().out.split())
