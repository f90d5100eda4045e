"""Going on with a run as far as deciding whether and how, without any training."""

import pytest

from keras_transfer.run.load_settings import load_config
from keras_transfer.run.resuming import begin_run
from keras_transfer.system.errors import ConfigError


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
