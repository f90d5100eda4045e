"""The folder that an export works in: full disks, links, and what killed exports leave."""

import errno
import json
import os
import subprocess
import sys

import pytest

from keras_transfer import export
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.locks import claim


def make_full(kind):
    import tensorflow as tf

    if kind == "tensorflow":
        text = "{{function_node x}} /a; b/source; No space left on device [Op:SaveV2]"
        return tf.errors.ResourceExhaustedError(None, None, text)
    return OSError(getattr(errno, kind), os.strerror(getattr(errno, kind)))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("ENOSPC", "No space left on device"),
        ("EFBIG", "File too large"),
        ("tensorflow", "No space left on device"),
    ],
)
def test_a_full_disk_is_one_line_and_leaves_no_folder(run_copy, kind, said):
    fault = make_full(kind)
    with (
        pytest.raises(ConfigError, match=rf"must have room in \S*exports. Received: {said}, where"),
        export._workplace(run_copy),
        export._explaining_disk(run_copy),
    ):
        raise fault
    assert not run_copy.exports.exists()


def test_exports_that_lead_elsewhere_are_refused(run_copy, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    run_copy.exports.symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(ConfigError, match="exports, a link to"),
        export._workplace(run_copy),
    ):
        pass
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_a_killed_export_left_is_removed(run_copy):
    """And nothing that may be another living export's, on this host or another."""
    names = ("ended", "alive", "elsewhere", "unclaimed")
    ended, alive, elsewhere, unclaimed = (run_copy.exports / f".writing-{name}" for name in names)
    for folder in (ended, alive, elsewhere, unclaimed):
        folder.mkdir(parents=True)
    code = "import sys, pathlib, keras_transfer.system.files.locks as locks; "
    code += "locks.claim(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(ended / export.OWNER)], check=True)
    claim(alive / export.OWNER)
    owner = json.loads((ended / export.OWNER).read_text())
    (elsewhere / export.OWNER).write_text(json.dumps(owner | {"host": "another"}))
    os.utime(unclaimed, (0, 0))  # however old: nothing says that it is ours
    with export._workplace(run_copy) as place:
        kept = {alive, elsewhere, unclaimed}
        assert set(run_copy.exports.iterdir()) == {place, *kept}
        with export._workplace(run_copy) as other:  # the first one is claimed
            assert place.exists()
            assert place != other
    assert set(run_copy.exports.iterdir()) == kept
