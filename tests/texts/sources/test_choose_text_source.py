import builtins
import socket
from typing import ClassVar

import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.data_report import build_report, list_leaks, list_mislabelled
from keras_transfer.data.divided_examples import divide_examples
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.modality import TEXT
from keras_transfer.texts.sources.choose_text_source import (
    check_text_source,
    looks_like_text,
    read_texts,
)


def write(folder, files):
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(folder if len(files) > 1 else file)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"t.csv": "text,label\na,b\n"}, True),
        ({"t.csv": "id,review,sentiment\n1,a,b\n"}, True),
        ({"t.csv": f"text,label\n{'word ' * 40_000},b\n"}, True),
        ({"t.csv": "path,label\n1.jpg,b\n"}, False),
        ({"t.csv": "image,caption,text,label\n1.jpg,a,b,c\n"}, False),
        ({"t.csv": "1.jpg,cat\n2.jpg,cat\n3.jpg,dog\n4.jpg,dog\n"}, False),
        ({"t.tsv": '1\ta film\n0\tno film\n1\t" it is\n0\tso so\n'}, True),
        ({"t.jsonl": '{"text": "a", "label": 1}\n'}, True),
        ({"t.jsonl": '{"image": "a.jpg", "text": "a"}\n'}, False),
        ({"t.jsonl": "{"}, False),
        ({"t.csv": b"\0\1\2"}, False),
        ({"t.parquet": "no such"}, False),
        ({"t.csv": ""}, False),
        ({"pos/1.txt": "a", "neg/1.txt": "b"}, True),
        ({"train/pos/1.txt": "a", "train/neg/1.txt": "b", "test/pos/1.txt": "c"}, True),
        ({"cat/1.jpg": "a", "cat/1.txt": "b", "dog/1.jpg": "c"}, False),
        ({"cat/1.jpg": "a", "dog/1.jpg": "c", "labels.csv": "path,label\n"}, False),
        ({"train.csv": "text,label\na,b\n", "test.csv": "text,label\na,b\n"}, True),
        ({"a.csv": "text,label\na,b\n", "b.csv": "text,label\na,b\n"}, False),
    ],
)
def test_what_a_data_set_is_about_is_seen_from_its_names(tmp_path, files, expected):
    assert looks_like_text(write(tmp_path, files)) is expected


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [("tfds:imdb_reviews", True), ("tfds:glue/sst2", True), ("tfds:mnist", False)]
    + [(word, False) for word in ("digits", "hf:a/b", "", "no such", "x" * 5000, "a\0b")],
)
def test_words_are_known_without_reading_anything(dataset, expected, monkeypatch):
    monkeypatch.setattr(builtins, "open", None)
    assert looks_like_text(dataset) is expected


@pytest.mark.parametrize(
    ("dataset", "match"),
    [
        ("nothing.csv", "no such path .*nothing.csv"),
        ("", "Received: nothing"),
        ("https://example.org/x.csv", "Addresses are not read"),
    ],
)
def test_what_is_not_there_is_told(dataset, match):
    with pytest.raises(ConfigError, match=match):
        check_text_source(dataset)


def test_the_package_that_parquet_needs_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_transfer.system.packages.is_installed", lambda package: False)
    with pytest.raises(ConfigError, match=r"pyarrow must be installed.*\[parquet\]"):
        check_text_source(write(tmp_path, {"t.parquet": "x"}))


def test_class_folders_are_read_with_their_splits_and_without_unsup(tmp_path, caplog):
    files = {
        f"{split}/{name}/{k}.txt": f"{split} {name} {k}"
        for split in ("train", "test")
        for name in ("pos", "neg")
        for k in range(2)
    }
    files |= {"train/unsup/0.txt": "?", "train/urls.txt": "no text", "README": "x"}
    files["train/pos/0.txt"] = "café".encode("cp1252")
    files["test/neg/1.txt"] = b"\0\1"
    found = read_texts(write(tmp_path, files), DataConfig())
    assert found.source == "text_folder"
    assert found.class_names == ("neg", "pos")
    assert len(found.paths) == 8
    assert found.splits.tolist() == ["test"] * 4 + ["train"] * 4
    held = dict(zip(found.paths.tolist(), (text for (text,) in found.contents), strict=True))
    assert held["train/neg/1.txt"] == "train neg 1"
    assert held["train/pos/0.txt"] == "café"
    assert held["test/neg/1.txt"] is None
    assert "have no labels: train/unsup" in caplog.text
    assert "train/pos/0.txt (cp1252)" in caplog.text
    with pytest.raises(ConfigError, match=r"zero bytes.*test/neg/1\.txt"):
        read_texts(str(tmp_path), DataConfig(on_bad_file="error"))


LONG = "the quick brown fox jumps over the lazy dog while all the others sleep in the barn"


def test_copies_leaks_and_contradictions_are_found(tmp_path):
    numbers = ["one", "two", "three", "four", "five", "six"]
    rows = [f"text number {number} {k},{'ab'[k % 2]},train" for k, number in enumerate(numbers)]
    rows += [f"{LONG},a,train", f"{LONG}!,b,test", "same,a,train", "same,b,train"]
    rows += ["leak,a,train", "leak,a,test", ",a,train", "other,a,validation", "this,b,validation"]
    dataset = write(tmp_path, {"t.csv": "text,label,split\n" + "\n".join(rows) + "\n"})
    divided = divide_examples(TrainConfig(dataset=dataset), TEXT)
    report = build_report(*divided)
    assert report["unusable"] == [{"path": "t.csv:13", "reason": "empty"}]
    assert [(group["kind"], group["paths"]) for group in report["duplicates"]] == [
        ("near", ["t.csv:07", "t.csv:08"]),
        ("exact", ["t.csv:09", "t.csv:10"]),
        ("exact", ["t.csv:11", "t.csv:12"]),
    ]
    assert [group["paths"][0] for group in list_mislabelled(report)] == ["t.csv:07", "t.csv:09"]
    assert [group["paths"] for group in list_leaks(report)] == [["t.csv:07", "t.csv:08"]]
    assert divided.splits[10] == ""  # train loses what test has, too


def test_one_class_is_refused(tmp_path):
    dataset = write(tmp_path, {"t.csv": "text,label\na,x\nb,x\n"})
    with pytest.raises(ConfigError, match=r"at least two classes.*'x'"):
        divide_examples(TrainConfig(dataset=dataset), TEXT)


@pytest.fixture(scope="module")
def tfds_dir(tmp_path_factory):
    """Prepare a small set of TensorFlow Datasets as a user would, without network."""
    import tensorflow_datasets as tfds

    class TinySentences(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")
        FEATURES: ClassVar = {
            "title": tfds.features.Text(),
            "description": tfds.features.Text(),
            "label": tfds.features.ClassLabel(names=["World", "Sports"]),
        }

        def _info(self):
            features = tfds.features.FeaturesDict(self.FEATURES)
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            return {split: self._generate_examples(split) for split in ("train", "test")}

        def _generate_examples(self, split="train"):
            for k in range(4):
                text = {"title": f"{split} {k}", "description": "é"}
                yield k, {**text, "label": -1 if k == 3 else k % 2}

    folder = tmp_path_factory.mktemp("tfds")
    TinySentences(data_dir=str(folder)).download_and_prepare()
    return folder


@pytest.mark.thorough
def test_a_set_of_tensorflow_datasets_is_read_with_its_splits(tfds_dir, caplog, monkeypatch):
    found = read_texts("tfds:tiny_sentences", DataConfig(data_dir=tfds_dir))
    assert found.source == "tfds"
    assert found.class_names == ("World", "Sports")
    assert found.splits.tolist() == ["test"] * 3 + ["train"] * 3
    assert {text for (text,) in found.contents} == {
        f"{split} {k} é" for split in ("train", "test") for k in range(3)
    }
    assert "Left out 1 text of the split train: no label." in caplog.text
    monkeypatch.setenv("TFDS_DATA_DIR", str(tfds_dir))
    assert looks_like_text("tfds:tiny_sentences")


def test_a_set_that_is_not_here_fails_at_once_without_network(tmp_path, monkeypatch):
    def refuse(*words, **named):
        raise OSError("no network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(ConfigError, match=r"glue.*cannot be made.*--data\.data_dir"):
        read_texts("tfds:glue/sst2", DataConfig(data_dir=tmp_path))
