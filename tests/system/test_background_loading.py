"""TensorFlow is loaded in a thread while the block does something else; stand-ins take no time."""

import os
import subprocess
import sys

import pytest
from test_load_tensorflow import KERAS

SLOW = """
import os, time
os.write(2, b'start-up noise\\n')
print('loading', flush=True)
for _ in range(200):
    time.sleep(0.01)
    if os.path.exists('go'):
        break
"""
SCRIPT = """
import logging, os, signal, sys, time
from keras_transfer.system import load_tensorflow as module
from keras_transfer.system.logs import logging_to
"""


@pytest.fixture
def run_fake(tmp_path):
    """Return a function that runs a script beside stand-ins for Keras and TensorFlow."""

    def run(script, tensorflow=SLOW, keras=KERAS, **environment):
        (tmp_path / "keras.py").write_text(keras)
        (tmp_path / "tensorflow.py").write_text(tensorflow)
        return subprocess.run(
            [sys.executable, "-c", SCRIPT + script],
            env=os.environ | {"PYTHONPATH": f"{tmp_path}:{os.getcwd()}"} | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_block_runs_while_it_is_loaded_and_ends_when_it_is(run_fake):
    done = run_fake("""
with module.loading_tensorflow():
    assert not module.tensorflow_is_loaded()
    while 'tensorflow' not in sys.modules:
        time.sleep(0.01)
    assert not module.tensorflow_is_loaded()
    open('go', 'w').close()
assert module.tensorflow_is_loaded() and 'tensorflow' in sys.modules
with module.loading_tensorflow():
    print('again')
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "loading\nagain\n", "")


def test_warnings_of_the_block_are_seen(run_fake):
    done = run_fake("""
from pathlib import Path
logger = logging.getLogger('keras_transfer.x')
with logging_to(Path('log'), quiet=True), module.loading_tensorflow():
    open('go', 'w').close()
    logger.warning('of the block')
    module.wait_for_tensorflow()
    assert 'tensorflow' in sys.modules
""")
    assert (done.returncode, done.stderr) == (0, "WARNING: of the block\n")


def test_errors_of_the_block_go_before_those_of_the_import(run_fake):
    script = "with module.loading_tensorflow():\n    raise LookupError('of the block')\n"
    done = run_fake(script, "raise ImportError('no such library')")
    assert done.stderr.rstrip().endswith("LookupError: of the block")
    done = run_fake("with module.loading_tensorflow():\n    pass\n", "raise ImportError('no such')")
    assert done.stderr.rstrip().endswith("ImportError: no such")
    done = run_fake("with module.loading_tensorflow():\n    print('block')", KERAS_BACKEND="jax")
    assert "ConfigError: `KERAS_BACKEND` must be tensorflow" in done.stderr
    assert done.stdout == ""


def test_a_signal_ends_the_block_and_what_is_half_imported_is_waited_for(run_fake):
    done = run_fake("""
from keras_transfer.system.signals import Stopped, stoppable
try:
    with stoppable(), module.loading_tensorflow():
        while 'tensorflow' not in sys.modules:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
except Stopped as error:
    print('stopped', error.code, module.tensorflow_is_loaded())
print('seen', file=sys.stderr)
""")
    assert done.stdout.splitlines()[-1] == "stopped 143 True"
    assert (done.returncode, done.stderr) == (0, "seen\n")


def test_commands_spare_what_keras_would_import_for_nothing(run_fake):
    keras = KERAS + "try:\n    import pandas\nexcept ImportError:\n    print('spared')\n"
    done = run_fake("module.spare_unasked(); module.import_keras(); import pandas", keras=keras)
    assert (done.returncode, done.stdout) == (0, "spared\n")
    assert run_fake("module.import_keras()", keras=keras).stdout == ""
