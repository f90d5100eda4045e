import os

import pytest

from keras_transfer.data.sources.encoded_images import image_cells
from keras_transfer.data.sources.encoded_images.image_cells import read_cell


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (b"x", (b"x", "")),
        ({"bytes": b"x", "path": "a/b.png"}, (b"x", "b.png")),
        ({"bytes": None, "path": "in/b.png"}, (b"file", "b.png")),
        ({"bytes": None, "path": "in"}, (b"", "in")),
        ({"bytes": None, "path": "\0"}, (b"", "\0")),
        ({"bytes": None, "path": None}, (b"", "")),
        (None, (b"", "")),
    ],
)
def test_cell_is_bytes_or_a_file_or_lost(tmp_path, cell, found):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/b.png").write_bytes(b"file")
    assert read_cell(cell, tmp_path) == found


def test_endless_and_huge_files_are_not_read(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    assert read_cell({"path": "pipe"}, tmp_path) == (b"", "pipe")
    assert read_cell({"path": "/dev/zero"}, tmp_path) == (b"", "zero")
    (tmp_path / "huge").write_bytes(b"xx")
    monkeypatch.setattr(image_cells, "MOST_BYTES", 1)
    assert read_cell({"path": "huge"}, tmp_path) == (b"", "huge")
