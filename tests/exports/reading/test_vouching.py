"""Which files count as exports of this program."""

import json

import pytest

from keras_transfer.exports.reading.vouching import HASH, hash_artefact, is_vouched


def list_in_parity(folder, name, sha256=None):
    row = {"file": name} if sha256 is None else {"file": name, HASH: sha256}
    (folder / "parity.json").write_text(json.dumps({"artefacts": [row]}))


@pytest.fixture
def file(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"graph")
    return tmp_path / "model.onnx"


def test_a_file_is_vouched_for_by_its_name_and_content(file):
    assert not is_vouched(file)
    list_in_parity(file.parent, "model.onnx", hash_artefact(file))
    assert is_vouched(file)
    file.write_bytes(b"other")
    assert not is_vouched(file)
    list_in_parity(file.parent, "model.tflite", hash_artefact(file))
    assert not is_vouched(file)


def test_exports_of_earlier_versions_are_listed_without_a_hash(file):
    list_in_parity(file.parent, "model.onnx")
    assert is_vouched(file)


@pytest.mark.parametrize("place", ["saved_model", "saved_model/1"])
def test_a_folder_is_vouched_for_with_all_files_in_it(tmp_path, place):
    folder = tmp_path / place
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables/variables.index").write_bytes(b"numbers")
    list_in_parity(tmp_path, "saved_model", hash_artefact(folder))
    assert is_vouched(folder)
    (folder / "variables/more").touch()
    assert not is_vouched(folder)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"artefacts": 3}', '{"artefacts": [1, {"file": ["model.onnx"]}]}', "\xff"],
)
def test_a_list_that_is_none_vouches_for_nothing(file, text):
    (file.parent / "parity.json").write_text(text, "latin-1")
    assert not is_vouched(file)


def test_a_hash_that_is_no_text_vouches_for_nothing(file):
    list_in_parity(file.parent, "model.onnx", [1])
    assert not is_vouched(file)
