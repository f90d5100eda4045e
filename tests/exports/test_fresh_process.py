"""The process in which an export is checked."""

import errno

import numpy as np
import pytest

from keras_transfer.exports.fresh_process import measure_artefact


def test_a_disk_that_fills_is_no_fault_of_the_artefact(foreign, tmp_path):
    pixels = tmp_path / "pixels.npy"
    np.save(pixels, np.zeros((1, 8, 8, 3), np.uint8))
    (tmp_path / "files.json").write_text("[]")
    (tmp_path / "answers.npz").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as raised:
        measure_artefact(foreign, pixels, tmp_path / "files.json")
    assert raised.value.errno == errno.ENOSPC
