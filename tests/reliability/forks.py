"""Commands in processes of their own that need not import TensorFlow again.

As a program it imports it once and then forks for every line on standard input, which is a list of
the command's words: it answers with the process number, and with the exit status once that ended.
With `--given` among the words, the training has parts that only Python code can give.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np


class Forked:
    """A process that `Forker` started, with what `subprocess.Popen` has of it."""

    def __init__(self, forker, pid, output):
        self.pid, self._forker, self.output = pid, forker, output
        self.returncode = None

    def poll(self):
        """Return None while it lives."""
        if self.returncode is None and not _lives(self.pid):
            self.wait()
        return self.returncode

    def wait(self):
        """Return its exit status, negative where a signal ended it."""
        if self.returncode is None:
            self.returncode = int(self._forker.stdout.readline())
        return self.returncode

    def read(self):
        """Return what it printed."""
        return self.output.read_text()


class Forker:
    """Starts `keras_transfer.train` with the tiny backbone; one process at a time."""

    def __init__(self, folder):
        self.output = folder / "output.txt"
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(self.output)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )

    def start(self, words):
        self.process.stdin.write(json.dumps(words) + "\n")
        pid = int(self.process.stdout.readline())
        return Forked(self.process, pid, self.output)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def _lives(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def train_with_parts(words):
    """Train as the command does, with callbacks, an augmentation, a head and a loss."""
    import keras

    from keras_transfer.config.command_line import build_parser
    from keras_transfer.run.load_settings import parse_config
    from keras_transfer.train import fine_tune
    from keras_transfer.training.given.given_parts import GivenParts

    class Count(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            with folder.joinpath("told.txt").open("a") as stream:
                stream.write(f"{epoch}\n")

    config = parse_config(build_parser("train"), words)
    folder = Path(config.output)
    parts = {"callbacks": [Count()], "augmentation": shift, "head": widen}
    fine_tune(config, GivenParts(**parts, loss=keras.losses.CategoricalFocalCrossentropy()))
    return 0


def shift(image, seed):
    random = np.random.default_rng(seed)
    return np.roll(image, random.integers(-4, 5), axis=1) + random.uniform(-20, 20)


def widen(features):
    import keras

    x = keras.layers.Dense(12, activation="relu")(features)
    return keras.layers.Dropout(0.3)(keras.layers.BatchNormalization()(x))


def main():
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from conftest import drawing
    from tiny_backbone import make_tiny_row

    from keras_transfer.config.command_line import run_command
    from keras_transfer.models.backbones.backbone_table import BACKBONES
    from keras_transfer.system.load_tensorflow import import_tensorflow
    from keras_transfer.train import main as train

    import_tensorflow()
    BACKBONES["tiny"] = make_tiny_row()
    undrawn = drawing(False)
    undrawn.__enter__()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            os.setsid()
            signal.signal(signal.SIGINT, signal.default_int_handler)
            output = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.stdout = os.fdopen(1, "w")
            words = json.loads(line)
            sys.argv = ["train", *(word for word in words if word != "--given")]
            try:
                run_command(train_with_parts if "--given" in words else train)
            except SystemExit as error:
                sys.stdout.flush()
                os._exit(error.code)
            finally:
                os._exit(99)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
