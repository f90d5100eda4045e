"""A model of others in a process of its own, with limits of time and memory."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from keras_transfer.config.messages import say_bytes
from keras_transfer.exports.text_models.text_saved_model import pack_texts
from keras_transfer.system.child_python import SAFE, search_path
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.machine import free_memory

PATIENCE = 120.0  # seconds in which it must load, and answer about no image
PER_IMAGE = 10.0  # seconds for each image of a batch on top
GLANCE = 0.05  # seconds between two looks at its memory
LONGEST = 1 << 30  # bytes of an answer


class Confinement:
    """The process of one model. It ends with this object, and with a model that breaks a limit.

    Args:
        place: A file, or the folder of a SavedModel.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.memory = free_memory() // 2
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 — as long as the process
        self.connection, theirs = Pipe()
        module = "keras_transfer.exports.reading.confined_process"
        self.process = subprocess.Popen(
            [sys.executable, SAFE, "-m", module, str(theirs.fileno()), str(place)],
            env=os.environ
            | {"PYTHONPATH": search_path()}
            | {"CUDA_VISIBLE_DEVICES": "-1"},  # this process may hold the memory of the GPU
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self.said,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self.end = weakref.finalize(self, _end, self.process, self.connection, self.said)

    def read_facts(self) -> dict[str, Any]:
        """Return what the process says of the model once it is loaded."""
        return dict(json.loads(self._receive(PATIENCE)))

    def classify(self, taken: np.ndarray) -> np.ndarray:
        """Return the probabilities of pixels (n, side, side, 3), uint8, or of texts (n, k)."""
        written = io.BytesIO()
        if taken.dtype == object:
            written.write(pack_texts(taken))
        else:
            np.save(written, taken, allow_pickle=False)
        with contextlib.suppress(OSError):  # it is gone: `_receive` says so
            self.connection.send_bytes(written.getvalue())
        content = self._receive(PATIENCE + PER_IMAGE * len(taken))
        return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))

    def _receive(self, seconds: float) -> bytes:
        """Wait for what the process says.

        Raises:
            ConfigError: It said an error, or ended, or broke a limit, and was ended.
        """
        until = time.monotonic() + seconds
        while not self.connection.poll(GLANCE):
            if time.monotonic() > until:
                self._refuse(f"answer within {seconds:g} seconds", "nothing, and it was stopped")
            if self._used() > self.memory:
                least = f"half of the free memory, {say_bytes(self.memory)}"
                self._refuse(f"run in {least}", "more, and it was stopped")
        try:
            content = self.connection.recv_bytes(LONGEST)
        except (EOFError, OSError):
            self._refuse("be a model that its runtime can run", self._explain_end())
        if content.startswith(b'{"error": '):
            self.end()
            raise ConfigError(json.loads(content)["error"])
        return content

    def _used(self) -> int:
        try:
            return int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.Error:  # it has ended
            return 0

    def _refuse(self, must: str, received: str) -> None:
        self.end()
        raise ConfigError(f"{self.place} must {must}. Received: {received}.")

    def _explain_end(self) -> str:
        """Return how the process ended, and its last words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        code = self.process.returncode
        named = signal.Signals(-code).name if code and code < 0 else f"the code {code}"
        self.said.seek(0)
        words = self.said.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(words) if line.strip()), "")
        return f"its process ended with {named}" + (f" ({last[:200]})" if last else "")


def _end(process: "subprocess.Popen[bytes]", *opened: Any) -> None:
    process.kill()
    process.wait()
    for each in opened:
        each.close()
