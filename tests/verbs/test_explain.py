"""Pictures of what a model looks at, from the command and from `predict --explain`."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from json_answers import read_answer
from PIL import Image, ImageOps

from keras_transfer import explain, predict
from keras_transfer.explain import explain_images, main
from keras_transfer.exports import loaders
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def folder(stripes, tmp_path):
    """Good images of several kinds, a broken one, and two of one name."""
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    shutil.copy(stripes / "test/level/000.png", folder / "a.png")
    shutil.copy(stripes / "test/upright/000.png", folder / "below/a.png")
    (folder / "broken.png").write_bytes(b"nothing")
    with Image.open(folder / "a.png") as image:
        image.convert("L").save(folder / "gray.png")
        image.convert("RGBA").save(folder / "alpha.png")
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    return folder


def test_every_image_has_a_picture_and_bad_files_are_named(run_copy, folder, capsys, caplog):
    caplog.set_level("INFO")
    assert main([str(run_copy.path), str(folder)]) == 0
    shown = capsys.readouterr().out
    files = sorted(file.name for file in run_copy.explanations.iterdir())
    assert len(files) == 5
    assert {"a", "alpha", "dot", "gray"} == {name.partition("-")[0] for name in files}
    assert all(name in shown for name in files)
    assert f"{folder}/broken.png is unusable: of no known image format" in caplog.text
    assert f"Written: 5 pictures in {run_copy.explanations}" in caplog.text
    assert main([str(run_copy.path), str(folder)]) == 0
    assert len([*run_copy.explanations.iterdir()]) == 10  # those of before are still there


@pytest.mark.thorough
def test_without_images_the_doubtful_ones_of_the_run_are_explained(unsure_run, tmp_path, capsys):
    words = [str(unsure_run.path), "--count", "5", "--output", str(tmp_path / "heat"), "--json"]
    assert main(words) == 0
    answer = read_answer("explain", capsys.readouterr().out)
    assert answer["class"] is None
    assert len(answer["images"]) == 5
    for each in answer["images"]:
        assert each["truth"] != each["prediction"]
        named = [one["class"] for one in each["classes"]]
        assert named == [each["prediction"], each["truth"]]
        assert sum(one["probability"] for one in each["classes"]) == pytest.approx(1, abs=1e-5)
        with Image.open(each["picture"]) as picture:
            assert picture.width > 2.5 * picture.height
    assert not unsure_run.explanations.exists()


def test_a_class_can_be_named(run_copy, folder, capsys):
    assert main([str(run_copy.path), str(folder), "--class", "upright", "--json"]) == 0
    answer = read_answer("explain", capsys.readouterr().out)
    assert answer["class"] == "upright"
    broken = [each for each in answer["images"] if each["error"]]
    assert [(each["classes"], each["picture"], each["prediction"]) for each in broken] == [
        ([], None, None)
    ]
    for each in answer["images"]:
        assert each["error"] or [one["class"] for one in each["classes"]] == ["upright"]


def test_images_may_come_after_the_options(run_copy, folder, tmp_path):
    words = [str(run_copy.path), "--output", str(tmp_path / "heat"), str(folder / "a.png")]
    assert main(words) == 0
    assert len(list((tmp_path / "heat").glob("a-*.png"))) == 1


def test_quiet_prints_the_paths_of_the_pictures_alone(run_copy, folder, capsys, caplog):
    with caplog.at_level("WARNING"):
        assert main([str(run_copy.path), str(folder / "a.png"), "--quiet"]) == 0
    (file,) = run_copy.explanations.iterdir()
    assert capsys.readouterr().out == f"{file.absolute()}\n"


def test_only_unusable_files_are_exit_code_1(run_copy, folder, capsys):
    assert main([str(run_copy.path), str(folder / "broken.png"), "--json"]) == 1
    assert read_answer("explain", capsys.readouterr().out)["images"][0]["error"]
    assert not run_copy.explanations.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["RUN", "--class", "levle"], "Unknown class 'levle'. Did you mean 'level'?"),
        (["RUN", "--count", "0"], "`count` must be a whole number of examples, from 1 to 10,000"),
        (["RUN", "nowhere.png"], "IMAGES must name files that exist"),
        (["RUN", "--output", "FILE/heat"], "Explanations must go to a folder"),
        (["RUN/exports/model.tflite", "PHOTO"], "a run directory or a .keras file"),
        (["RUN/exports/saved_model", "PHOTO"], "a run directory or a .keras file"),
        (["RUN/model.keras"], "`images` must be given where the model is no run"),
        (["nowhere", "PHOTO"], "nowhere, which is not there"),
        (["RUN", "--split", "train"], "Unknown split 'train'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_loaded(
    words, said, exported_run, stripes, tmp_path, monkeypatch
):
    (tmp_path / "FILE").touch()
    places = {"RUN": exported_run.path, "PHOTO": stripes / "test/level/000.png"}
    places["FILE"] = tmp_path / "FILE"
    for name, place in places.items():
        words = [word.replace(name, str(place)) for word in words]
    for module in (explain, predict, loaders):
        monkeypatch.setattr(module, "import_tensorflow", lambda: pytest.fail("loaded"))
    with pytest.raises(ConfigError) as caught:
        main(words)
    assert said in str(caught.value)


@pytest.mark.thorough
def test_predict_draws_the_same_pictures_beside_its_answers(run_copy, folder, tmp_path, capsys):
    heat = tmp_path / "heat"
    assert predict.main([str(run_copy.path), str(folder), "--explain", str(heat), "--json"]) == 0
    answer = read_answer("predict", capsys.readouterr().out)
    pictures = {each["path"]: each["explanation"] for each in answer["images"]}
    assert all(Path(file).is_absolute() for file in pictures.values() if file)
    assert pictures.pop(f"{folder}/broken.png") is None
    assert {str(file) for file in heat.iterdir()} == {*pictures.values()}
    assert main([str(run_copy.path), str(folder), "--quiet"]) == 0
    for file in run_copy.explanations.iterdir():
        assert file.read_bytes() == (heat / file.name).read_bytes()


def test_predict_refuses_to_explain_an_export(exported_run, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(predict, "load_artefact", lambda *words: pytest.fail("loaded"))
    model = str(exported_run.exports / "model.tflite")
    with pytest.raises(ConfigError, match=r"a run directory or a \.keras file"):
        predict.main([model, str(folder), "--explain", str(tmp_path / "heat")])


def test_heat_lies_on_the_square_that_the_network_saw(run_copy, stripes, tmp_path):
    """A photograph with an EXIF turn is explained as its upright copy, and cut as in training."""
    with Image.open(stripes / "test/level/000.png") as image:
        wide = Image.new("RGB", (120, 40))
        wide.paste(image, (40, 0))
    wide.save(tmp_path / "upright.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    turned = wide.transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "turned.png", exif=exif)
    assert ImageOps.exif_transpose(Image.open(tmp_path / "turned.png")).size == (120, 40)
    words = [stripes / "test/level/000.png", tmp_path / "upright.png", tmp_path / "turned.png"]
    middle, upright, found = explain_images(run_copy, words).found
    for each in (upright, found):
        np.testing.assert_array_equal(each.pixels, middle.pixels)
        np.testing.assert_array_equal(each.heat, middle.heat)
    assert middle.pixels.shape == (32, 32, 3)
    assert middle.heat.shape == (32, 32)


def test_a_keras_file_of_others_is_explained(stripes, tmp_path, capsys, monkeypatch):
    import keras

    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(8, 3, 4, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )
    model.save(tmp_path / "theirs.keras")
    monkeypatch.chdir(tmp_path)
    words = ["theirs.keras", str(stripes / "test/level"), "--class", "1", "--json"]
    assert main(words) == 0
    answer = read_answer("explain", capsys.readouterr().out)
    assert answer["class_names"] == ["0", "1"]
    assert len([*(tmp_path / "explanations").iterdir()]) == len(answer["images"]) == 12
    flat = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten()])
    flat.add(keras.layers.Dense(2, "softmax"))
    flat.save(tmp_path / "flat.keras")
    with pytest.raises(ConfigError, match="must have a feature map"):
        main(["flat.keras", str(stripes / "test/level")])
