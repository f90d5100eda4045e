import os

import pytest

from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files import atomic_files
from keras_transfer.system.files.atomic_files import (
    explaining_disk,
    read_table,
    remove_unfinished,
    replacing,
    write_json,
    write_table,
    write_text,
)


def test_a_temporary_file_is_new_and_cannot_be_foreseen(tmp_path):
    names = set()
    for _ in range(3):
        with replacing(tmp_path / "a.txt") as temporary:
            assert temporary.read_bytes() == b""
            assert temporary.suffix == ".txt"
            temporary.write_text("whole")
            names.add(temporary.name)
    assert len(names) == 3
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_link_that_waits_under_a_temporary_name_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr("secrets.token_hex", lambda _: "01234567")
    (tmp_path / f".{os.getpid()}-01234567-a.txt").symlink_to(tmp_path / "theirs")
    with pytest.raises(FileExistsError):
        write_text(tmp_path / "a.txt", "ours")
    assert not (tmp_path / "theirs").exists()
    assert not (tmp_path / "a.txt").exists()


def test_a_link_under_the_final_name_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "a.txt").symlink_to("theirs")
    write_text(tmp_path / "a.txt", "ours")
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert (tmp_path / "a.txt").read_text() == "ours"


def test_devices_and_pipes_are_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="It is a device or a pipe"):
        write_text(tmp_path / "pipe", "ours")
    assert (tmp_path / "pipe").is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_folder_where_a_file_belongs_is_one_line(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(ConfigError, match=r"able to write its files.*a\.txt"), explaining_disk():
        write_text(tmp_path / "a.txt", "ours")
    assert os.listdir(tmp_path) == ["a.txt"]


def test_only_our_own_unfinished_files_are_removed(tmp_path):
    for name in (".12-0123abcd-a.txt", ".12-notes", ".2024-01-02-notes.txt", ".hidden"):
        (tmp_path / name).touch()
    remove_unfinished(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".12-notes", ".2024-01-02-notes.txt", ".hidden"]


def test_a_table_is_the_same_in_parts_of_any_size(tmp_path, monkeypatch):
    file = tmp_path / "table.csv"
    rows = [(str(row), f"cell {row}\nof two lines") for row in range(7)]
    write_table(file, ("row", "cell"), rows)
    whole = read_table(file)
    assert whole == {"row": [row for row, _ in rows], "cell": [cell for _, cell in rows]}
    monkeypatch.setattr(atomic_files, "BLOCK", 3)
    assert [len(block["row"]) for block in atomic_files.read_blocks(file)] == [3, 3, 1]
    assert read_table(file) == whole
    assert read_table(file, 4) == {name: cells[:4] for name, cells in whole.items()}


def test_a_row_that_is_too_short_is_named_by_its_number_in_the_table(tmp_path, monkeypatch):
    file = tmp_path / "table.csv"
    file.write_text("a,b\n" + "1,2\n" * 7 + "1\n")
    monkeypatch.setattr(atomic_files, "BLOCK", 3)
    with pytest.raises(ConfigError, match="row 9 has 1 cells"):
        read_table(file)


def test_json_that_cannot_be_written_leaves_what_was_there(tmp_path):
    write_json(tmp_path / "a.json", {"a": ["ä", None]})
    assert (tmp_path / "a.json").read_text("utf-8") == '{\n  "a": [\n    "ä",\n    null\n  ]\n}\n'
    with pytest.raises(ValueError, match="nan"):
        write_json(tmp_path / "a.json", {"a": [1, float("nan")]})
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    assert "null" in (tmp_path / "a.json").read_text("utf-8")
