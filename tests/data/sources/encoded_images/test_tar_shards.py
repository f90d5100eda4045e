import json

import pytest
from labelled import load_examples
from tar_writer import write_shard

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.cached_data_sets import write_images
from keras_transfer.data.sources.choose_source import choose_source
from keras_transfer.data.sources.encoded_images.encoded_set import name_folder
from keras_transfer.data.sources.encoded_images.shard_files import identify, list_shards
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a shard of the members that are given."""

    def write(name, members):
        write_shard(tmp_path / "set" / name, members, age=0)
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
    assert examples.root == root
    assert examples.paths.tolist() == [
        "train-000000.tar/a.jpg",
        "train-000001.tar/b.PNG",
        "val-000000.tar/sub/a.webp",
    ]
    assert not cache.exists()  # nothing is copied, nor an index kept of what may still change


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
        ({"1.png": b"x", "1.json": f'{{"label": "{"x" * 2000}"}}'}, "at most 1,024 letters"),
        ({"1.png": b"x", "1.cls": 0, "n" * 5000 + ".png": b"x"}, "a path that leads out"),
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


def test_labels_beyond_the_named_ones_are_classes_behind_them(write, draw):
    root = write("a.tar", {"1.png": draw(1), "1.cls": 1, "2.png": draw(2), "2.cls": "angle"})
    (root / "classes.txt").write_text("square\noval\n")
    assert load(root).class_names == ("oval", "angle")


def test_a_copy_that_an_earlier_version_made_is_read_as_long_as_it_is_whole(
    write, draw, cache, caplog
):
    members = {"1.png": draw(1), "1.cls": "a", "2.png": draw(2), "2.cls": "b"}
    root = write("train.tar", members)
    shards = list_shards(str(root), ".tar")
    folder = cache / name_folder("webdataset", "set", identify(shards))
    rows = [(f"train/{k}/00000{n}-{n}.png", draw(n), k, "train") for n, k in ((1, "a"), (2, "b"))]
    folder.mkdir(parents=True)
    write_images(folder, rows)
    caplog.set_level("INFO")
    copied = load(root)
    assert copied.root == folder
    assert copied.paths.tolist() == ["train/a/000001-1.png", "train/b/000002-2.png"]
    assert f"read from the copy that an earlier version made: {folder}" in caplog.text
    (folder / "train/a/000001-1.png").unlink()
    assert load(root).paths.tolist() == ["train.tar/1.png", "train.tar/2.png"]


def test_a_shard_that_a_pattern_names_twice_is_read_once(write, draw):
    root = write("a.tar", {"1.png": draw(1), "1.cls": 0, "2.png": draw(2), "2.cls": 1})
    assert len(load(f"{root}/{{a,a}}.tar").paths) == 2


def test_a_shard_whose_name_is_no_text_is_refused(write, draw):
    root = write("\udce9.tar", {"1.png": draw(1), "1.cls": 0})
    with pytest.raises(ConfigError, match=r"must be UTF-8. Received: .*\\udce9\.tar"):
        load(root)
