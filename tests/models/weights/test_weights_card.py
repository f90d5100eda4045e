"""The card beside weights, and what is made of one that is wrong."""

import json

import pytest

from keras_transfer.models.weights.weights_card import name_card, read_origin, write_card
from keras_transfer.system.files.file_hashes import hash_file

FACTS = {
    "method": "SimCLR",
    "start": {"kind": "bundled", "sha256": "abc"},
    "images": {"count": 7, "sha256": "def"},
    "settings": {"epochs": 3},
}


@pytest.fixture
def weights(tmp_path):
    file = tmp_path / "net.weights.h5"
    file.write_bytes(b"values")
    write_card(file, FACTS)
    return file


def test_a_card_is_said_in_a_line(weights):
    said = read_origin(weights, hash_file(weights))
    words = "SimCLR for 3 epochs on 7 images without labels (sha256 def), from weights bundled"
    assert said == f"{weights}: {words} (sha256 abc)"


def test_no_card_says_nothing(tmp_path, caplog):
    assert read_origin(tmp_path / "other.weights.h5", "abc") is None
    assert caplog.text == ""


def test_a_card_of_other_weights_is_not_believed(weights, caplog):
    weights.write_bytes(b"others")
    assert read_origin(weights, hash_file(weights)) is None
    assert "net.card.json is of other weights than net.weights.h5" in caplog.text


@pytest.mark.parametrize("content", ["", "[]", "{}", "\x00", '{"weights_sha256": "%s"}'])
def test_a_damaged_card_is_no_reason_to_stop(weights, caplog, content):
    digest = hash_file(weights)
    name_card(weights).write_text(content.replace("%s", digest))
    assert read_origin(weights, digest) is None
    assert "cannot be read as a card of weights" in caplog.text


def test_the_card_is_json_with_the_hash_first(weights):
    card = json.loads(name_card(weights).read_text())
    assert card == {"weights_sha256": hash_file(weights)} | FACTS
