"""Run a model of others for `confinement`, in a process of its own.

`python -m keras_transfer.exports.reading.confined_process HANDLE MODEL`
"""

import io
import json
import os
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.exports.loaders import load_here
from keras_transfer.exports.text_models.text_saved_model import unpack_texts
from keras_transfer.system.errors import ConfigError


def _serve(connection: Connection, place: Path) -> None:
    """Say what the model is, then answer one batch after the other, until nobody asks."""

    def say(**facts: Any) -> None:
        connection.send_bytes(json.dumps(facts).encode())

    try:
        artefact = load_here(place)
        fields = ("image_size", "classes", "notes")
        say(
            usage=artefact.usage.to_notes(),
            **{field: getattr(artefact, field) for field in fields},
        )
    except ConfigError as error:
        return say(error=str(error))
    while True:
        try:
            content = connection.recv_bytes()
        except EOFError:
            return None
        try:
            if artefact.usage.takes_texts:
                taken = unpack_texts(content)
            else:
                taken = np.load(io.BytesIO(content), allow_pickle=False)
            written = io.BytesIO()
            np.save(written, artefact.classify(taken), allow_pickle=False)
            connection.send_bytes(written.getvalue())
        except ConfigError as error:
            say(error=str(error))


def _end_with(parent: int) -> None:
    """End this process, whatever the model is doing, when the one that started it is gone."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    os.dup2(2, 1)  # a model may print
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _serve(Connection(int(sys.argv[1])), Path(sys.argv[2]))
