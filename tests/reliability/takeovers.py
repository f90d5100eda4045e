"""Going on with a run as far as deciding whether and how, without any training."""

import pytest

from keras_transfer.command_line import load_config
from keras_transfer.config import ConfigError
from keras_transfer.resume import begin_run


def refuse(run, **changes):
    """Return the error of going on with these changes; nothing may be left of the attempt."""
    files = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(ConfigError) as caught:
        begin_run(load_config(resume=str(run.path), **changes))
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == files
    return str(caught.value)


def take(run, **changes):
    """Return the settings with which the run would go on."""
    run, config = begin_run(load_config(resume=str(run.path), **changes))
    run.release()
    return config
