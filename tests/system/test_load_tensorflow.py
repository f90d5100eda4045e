import os
import subprocess
import sys

import pytest

KERAS = """
import types
said = {}
config = types.SimpleNamespace(
    set_image_data_format=lambda value: said.update(image_data_format=value),
    set_floatx=lambda value: said.update(floatx=value),
    set_epsilon=lambda value: said.update(epsilon=value),
    max_epochs=lambda: said.get("epochs"),
    set_max_epochs=lambda value: said.update(epochs=value),
    max_steps_per_epoch=lambda: said.get("steps"),
    set_max_steps_per_epoch=lambda value: said.update(steps=value),
)
"""
NOISY = "import os\nos.write(2, b'start-up noise\\n')\n"


@pytest.fixture
def import_fake(tmp_path):
    """Return a function that runs import_tensorflow on a stand-in, which takes no seconds."""

    def run(tensorflow, after="", keras=KERAS, **environment):
        (tmp_path / "keras.py").write_text(keras)
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


def test_an_interrupted_import_shows_nothing(import_fake):
    done = import_fake(NOISY + "raise KeyboardInterrupt\n")
    assert "start-up noise" not in done.stderr


def test_another_backend_of_keras_is_refused(import_fake):
    done = import_fake("", KERAS_BACKEND="jax")
    assert "ConfigError: `KERAS_BACKEND` must be tensorflow. Received: 'jax'" in done.stderr


def test_the_backend_is_chosen_before_keras_could(import_fake):
    done = import_fake("import os; print(os.environ['KERAS_BACKEND'])", KERAS_BACKEND=None)
    assert done.stdout == "tensorflow\n"


def test_what_a_file_of_the_user_says_of_numbers_and_axes_is_set_aside(import_fake):
    done = import_fake("", "import keras; print(keras.said)")
    expected = {"image_data_format": "channels_last", "floatx": "float32", "epsilon": 1e-7}
    assert done.stdout == f"{expected}\n"


def test_limits_that_would_end_a_training_early_are_lifted_with_a_warning(import_fake):
    limited = KERAS + "said.update(epochs=1, steps=2)\n"
    done = import_fake(
        "", "import keras; print(keras.said['epochs'], keras.said['steps'])", limited
    )
    assert done.stdout == "None None\n"
    assert done.stderr.count("KERAS_MAX_EPOCHS and KERAS_MAX_STEPS_PER_EPOCH are not heeded") == 1
    assert "KERAS_MAX" not in import_fake("").stderr


@pytest.mark.parametrize("kind", ["ValueError", "IsADirectoryError", "PermissionError"])
def test_a_file_that_keras_refuses_is_named(import_fake, kind):
    fault = f"raise {kind}('Invalid `floatx` configuration')"
    done = import_fake("", keras=fault, KERAS_HOME="/elsewhere")
    assert "ConfigError: /elsewhere/keras.json must be as Keras wrote it." in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("module", ["train", "pretrain"])
def test_every_training_learns_the_same_whatever_that_file_says(module, tmp_path):
    """The command itself reads the file, since Keras does so once a process."""
    (tmp_path / "keras.json").write_text(
        '{"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.1}'
    )
    script = {
        "train": "from keras_transfer.system.load_tensorflow import import_tensorflow as f; f()",
        "pretrain": "from keras_transfer.pretrain import import_keras as f; f()",
    }[module]
    script += "; import keras; layer = keras.layers.Conv2D(2, 3); layer.build((1, 8, 8, 3));"
    script += "print(layer.kernel.shape, layer.kernel.dtype, keras.config.epsilon())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"KERAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "(3, 3, 3, 2) float32 1e-07\n", done.stderr


@pytest.mark.thorough
def test_a_training_needs_no_tensorflow_to_read_its_data():
    """A wrong data set is told before; one import at the top of these would delay it."""
    modules = "keras_transfer.data.load_splits, keras_transfer.training.plan.begun_weights"
    modules += ", keras_transfer.images.doctor.inspection, keras_transfer.train"
    script = (
        f"import sys, {modules}; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_commands_spare_what_keras_would_import_for_nothing(tmp_path):
    (tmp_path / "keras.py").write_text(
        KERAS + "try:\n    import pandas\n    print('found')\nexcept ImportError:\n    pass\n"
    )
    for spare, said in (("f.spare_unasked()", ""), ("", "found\n")):
        script = f"import keras_transfer.system.load_tensorflow as f; {spare}\nf.import_keras()"
        done = subprocess.run(
            [sys.executable, "-c", f"{script}\nimport pandas"],
            env=os.environ | {"PYTHONPATH": f"{tmp_path}:{os.getcwd()}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, said), done.stderr
