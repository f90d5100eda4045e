import os

import pytest
from made_explanations import make_explanation
from PIL import Image

from keras_transfer.evaluation.explanation.explanation_files import ExplanationFolder
from keras_transfer.evaluation.predict_output import check_folder
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def folder(tmp_path):
    return ExplanationFolder(path=tmp_path / "new/heat", class_names=("cats", "dogs", "*/../x"))


def test_images_of_one_name_have_a_picture_each_and_nothing_is_replaced(folder):
    folder.path.mkdir(parents=True)
    (folder.path / "a-cats.png").write_text("mine")
    files = [folder.write(make_explanation(name)) for name in ("b/a.png", "c/a.jpg")]
    files += [folder.write(make_explanation(classes=("dogs",)))]
    assert [file.name for file in files] == ["a-cats-2.png", "a-cats-3.png", "a-dogs.png"]
    assert (folder.path / "a-cats.png").read_text() == "mine"
    for file in files:
        with Image.open(file) as picture:
            assert picture.format == "PNG"
    assert {*os.listdir(folder.path)} == {"a-cats.png", *(file.name for file in files)}


def test_an_image_that_could_not_be_used_has_no_picture(folder):
    assert folder.write(make_explanation(reason="not there")) is None
    assert not folder.path.exists()


@pytest.mark.parametrize(
    ("name", "classes", "wanted"),
    [
        ("../../etc/pass\nwd.png", ("*/../x",), "pass_wd-x.png"),
        ("-", ("cats",), "cats.png"),
        ("array 0", ("cats",), "array_0-cats.png"),
        ("?.png", ("*/../x",), "x.png"),
        ("\udce9t\x1b[31m.png", ("cats",), "t_31m-cats.png"),
        ("蟻" * 200 + ".png", ("cats",), "蟻" * 36 + "-cats.png"),
    ],
)
def test_names_are_such_that_every_disk_takes_them(folder, name, classes, wanted):
    file = folder.write(make_explanation(name, classes))
    assert file == folder.path / wanted


def test_nothing_is_left_of_a_picture_that_could_not_be_drawn(folder, monkeypatch):
    module = "keras_transfer.evaluation.explanation.explanation_files"

    def fail(*words):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"{module}.draw_explanation", fail)
    with pytest.raises(ConfigError, match="No space left on device"):
        folder.write(make_explanation())
    assert os.listdir(folder.path) == []


def test_a_folder_that_cannot_be_written_is_refused_before_the_long_work(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is no folder"):
        check_folder(tmp_path / "file/heat")
    check_folder(tmp_path / "new/heat")
    assert not (tmp_path / "new").exists()
