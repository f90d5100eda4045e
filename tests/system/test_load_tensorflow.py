import os
import subprocess
import sys

import pytest

NOISY = "import os\nos.write(2, b'start-up noise\\n')\n"


@pytest.fixture
def import_fake(tmp_path):
    """Return a function that runs import_tensorflow on a stand-in, which takes no seconds."""

    def run(tensorflow, after="", **environment):
        (tmp_path / "keras.py").touch()
        (tmp_path / "tensorflow.py").write_text(tensorflow)
        module = "keras_transfer.system.load_tensorflow"
        script = f"from {module} import import_tensorflow as f; f(); f()\n{after}"
        variables = os.environ | {"PYTHONPATH": str(tmp_path)} | environment
        return subprocess.run(
            [sys.executable, "-c", script],
            env={name: value for name, value in variables.items() if value is not None},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_start_up_noise_is_hidden_and_later_errors_are_not(import_fake):
    after = "import os, sys; os.write(2, b'one\\n'); print('two', file=sys.stderr)"
    done = import_fake(NOISY, after)
    assert (done.returncode, done.stderr) == (0, "one\ntwo\n")


def test_a_failing_import_shows_what_was_written(import_fake):
    done = import_fake(NOISY + "raise ImportError('no such library')\n")
    assert done.returncode == 1
    assert done.stderr.startswith("start-up noise\n")
    assert "ImportError: no such library" in done.stderr


def test_another_backend_of_keras_is_refused(import_fake):
    done = import_fake("", KERAS_BACKEND="jax")
    assert "ConfigError: `KERAS_BACKEND` must be tensorflow. Received: 'jax'" in done.stderr


def test_the_backend_is_chosen_before_keras_could(import_fake):
    done = import_fake("import os; print(os.environ['KERAS_BACKEND'])", KERAS_BACKEND=None)
    assert done.stdout == "tensorflow\n"
