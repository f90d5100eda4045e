"""Files of weights that would have others read are refused before that."""

import io
import zipfile

import h5py
import numpy as np
import pytest

from keras_transfer.models.weights.safe_hdf5 import require_own_numbers
from keras_transfer.system.errors import ConfigError


def link(stream, other):
    stream["layer/kernel"] = h5py.ExternalLink(other, "/x")


def borrow(stream, other):
    layout = h5py.VirtualLayout((3,), np.float32)
    layout[:] = h5py.VirtualSource(other, "x", (3,))
    stream.create_virtual_dataset("layer/kernel", layout)


def keep_elsewhere(stream, other):
    stream.create_dataset("layer/kernel", (3,), np.float32, external=[(other, 0, 12)])


KINDS = {"a link to": link, "a virtual data set": borrow, "kept in": keep_elsewhere}


def write(spoil, other):
    content = io.BytesIO()
    with h5py.File(content, "w") as stream:
        stream["layer/bias"] = np.zeros(3, np.float32)
        stream["layer/again"] = stream["layer"]  # groups may hold each other
        stream["layer/soft"] = h5py.SoftLink("/layer/bias")
        if spoil:
            spoil(stream, str(other))
    return content.getvalue()


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5", ".keras"])
@pytest.mark.parametrize("kind", ["", *KINDS])
def test_numbers_in_other_files_are_refused_by_name(tmp_path, suffix, kind):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.arange(3, dtype=np.float32)
    content = write(KINDS.get(kind), tmp_path / "other.h5")
    file = tmp_path / f"given{suffix}"
    if suffix == ".keras":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("model.weights.h5", content)
    else:
        file.write_bytes(content)
    if not kind:
        return require_own_numbers(file)
    with pytest.raises(ConfigError, match=rf"given{suffix}, whose 'layer/kernel' is {kind}"):
        require_own_numbers(file)
    return None


def test_an_archive_that_unfolds_to_many_times_its_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_transfer.models.weights.safe_hdf5.HARMLESS", 1000)
    with zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(1_000_000))
    with pytest.raises(ConfigError, match=r"model.weights.h5 is 1 MB in 985 bytes"):
        require_own_numbers(tmp_path / "m.keras")


def test_what_is_no_such_file_is_left_to_whoever_reads_it(tmp_path):
    for name in ("m.keras", "m.h5"):
        (tmp_path / name).write_bytes(b"broken")
        require_own_numbers(tmp_path / name)
        require_own_numbers(tmp_path / f"gone-{name}")
