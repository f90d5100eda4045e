import io
import json
import tarfile

import pytest
from labelled import load_examples

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.choose_source import choose_source
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a shard of the members that are given."""

    def write(name, members):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(tmp_path / "set" / name, "w") as tar:
            for key, content in members.items():
                info = tarfile.TarInfo(key)
                content = content if isinstance(content, bytes) else str(content).encode()
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return tmp_path / "set"

    return write


def load(dataset):
    return load_examples(str(dataset), DataConfig())


def test_shards_give_images_labels_and_splits(write, draw, list_rows, cache):
    write("train-000000.tar", {"a.jpg": draw(0, "JPEG"), "a.cls": "0"})
    write("train-000001.tar", {"./b.PNG": draw(1), "./b.cls": b"1\n", "./b.txt": "a caption"})
    root = write("val-000000.tar", {"sub/a.webp": draw(2), "sub/a.cls": 1})
    (root / "classes.txt").write_text("square\noval\n")
    examples = load(root)
    assert examples.source == "webdataset"
    assert examples.class_names == ("square", "oval")
    assert list_rows(examples) == {
        draw(0, "JPEG"): ("square", "train"),
        draw(1): ("oval", "train"),
        draw(2): ("oval", "validation"),
    }
    assert examples.paths[0] == "train/oval/000001-b.png"
    assert examples.root.parent == cache / "webdataset"


def test_labels_are_numbers_names_or_stand_in_json(write, draw, list_rows):
    members = {"1.png": draw(1), "1.cls": "cat", "2.png": draw(2), "2.json": '{"label": "dog"}'}
    members |= {"3.png": draw(3), "3.json": '{"class_name": "cat", "width": 4}'}
    members |= {"4.json": '{"label": "cat"}', "4.cls": "dog", "4.png": draw(4)}
    rows = list_rows(load(write("a.tar", members) / "a.tar"))
    assert [rows[draw(k)][0] for k in range(1, 5)] == ["cat", "dog", "cat", "dog"]
    members = {
        f"{k}.{end}": draw(k) if end == "png" else k for k in (9, 10) for end in ("png", "cls")
    }
    assert load(write("b.tar", members) / "b.tar").class_names == ("9", "10")


def test_examples_without_label_or_image_are_left_out(write, draw, caplog):
    members = {"1.png": draw(1), "1.cls": 0, "2.png": draw(2), "3.cls": 1, "4.png": draw(4)}
    members |= {
        "4.json": json.dumps({"label": 1, "boxes": []}),
        "readme": "text",
        "dir/.hidden": "",
    }
    assert len(load(write("a.tar", members)).paths) == 2
    assert "Left out 1 image of the split images: no label." in caplog.text


def test_archive_of_class_folders_is_refused_with_the_way_out(write, draw, tmp_path):
    root = write("a.tar", {"cats/1.png": draw(1), "dogs/1.png": draw(2)})
    with pytest.raises(
        ConfigError, match=r"no image has a label.*tar -xf FILE; then give the folder"
    ):
        load(root)
    (tmp_path / "a.tar.gz").touch()
    with pytest.raises(ConfigError, match=r"a.tar.gz, an archive. Unpack it"):
        choose_source(str(tmp_path / "a.tar.gz"))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"1.png": b"x", "1.jpg": b"x", "1.cls": 0}, "two of a kind, jpg, for 1 in"),
        ({"1.png": b"x", "1.json": "{"}, r"must be JSON. Received: .*a.tar, 1"),
        ({"1.png": b"x", "1.json": "[" * 10**5}, "must be JSON"),
        ({"1.png": b"x", "1.json": '{"label": [1, 2]}'}, "text or a whole number"),
        ({"1.png": b"x", "1.json": '{"label": 0.5}'}, "text or a whole number"),
        ({"1.png": b"x", "1.cls": b"\xff\xfe"}, "UTF-8"),
        ({"1.png": b"x", "1.cls": "a\nb"}, "one line of text"),
        ({"1.png": b"x", "1.cls": "7" * 2000}, "at most 1,024 bytes"),
    ],
)
def test_odd_examples_are_refused_in_a_line(write, members, message):
    with pytest.raises(ConfigError, match=message) as error:
        load(write("a.tar", members))
    assert len(str(error.value).splitlines()) == 1


def test_number_without_a_name_is_refused(write, draw):
    root = write("a.tar", {"1.png": draw(1), "1.cls": 2})
    (root / "classes.txt").write_text("square\noval\n")
    with pytest.raises(ConfigError, match=r"one of the 2 classes.*Received: 2 in .*a.tar, 1"):
        load(root)
    (root / "classes.txt").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="lines of text in UTF-8"):
        load(root)
