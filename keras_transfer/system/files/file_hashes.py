"""The hash of what is in a file."""

import hashlib
from pathlib import Path


def hash_file(file: Path, algorithm: str = "sha256") -> str:
    """Return the hash of a file, in hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()
