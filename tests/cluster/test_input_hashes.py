"""Whether parts are of the same model and examples is told by their hashes."""

import os

from tar_writer import write_shard

from keras_transfer.cluster.input_hashes import hash_model, hash_sources
from keras_transfer.data.same_files.file_states import read_state


def test_a_model_is_the_files_its_answers_come_from(tmp_path):
    file, tokenizer = tmp_path / "model.keras", tmp_path / "tokenizer"
    file.write_bytes(b"network")
    tokenizer.mkdir()
    (tokenizer / "words.txt").write_text("a b")
    before = hash_model([file, tokenizer])
    (tmp_path / "report.html").touch()
    assert hash_model([file, tokenizer]) == before
    (tokenizer / "words.txt").write_text("a c")
    assert hash_model([file, tokenizer]) != before
    assert hash_model([file]) != before


def test_a_shard_that_was_written_anew_has_other_images(tmp_path):
    shard = write_shard(tmp_path / "a.tar", {"1.jpg": b"one"})
    names = [f"{shard}/1.jpg"]
    before = hash_sources(names, names, read_state)
    assert hash_sources(names, names, read_state) == before
    os.utime(shard, (1, 1))
    assert hash_sources(names, names, read_state) != before
    assert hash_sources(names, [f"{shard}/2.jpg"], read_state) != before
    assert hash_sources(["text"], [("a",)], read_state) != hash_sources(
        ["text"], [("b",)], read_state
    )
