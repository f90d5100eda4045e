"""Whether a file is one that this program exported and checked: parity.json beside it says so."""

import hashlib
import json
from pathlib import Path
from typing import Any

from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.file_hashes import hash_file

HASH = "sha256"  # the key of parity.json's rows


def hash_artefact(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and contents of all files in a folder."""
    if path.is_file():
        return hash_file(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = [f"{hash_file(file)}  {file.relative_to(path).as_posix()}\n" for file in files]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def is_vouched(place: Path) -> bool:
    """Tell whether parity.json beside an artefact lists it with the content that it has.

    Exports of earlier versions are listed without a hash; they count as well, or finished runs
    would no longer answer. The list keeps apart what came from elsewhere and what was replaced: it
    is no seal, since whoever hands over a whole run can write it.

    Args:
        place: A file, or the folder of saved_model.pb.
    """
    place = place.absolute()
    listed = place.parent if place.is_dir() and place.name == "1" else place
    said = listed.with_name(Run.parity_file.place.rpartition("/")[2])
    rows = [row for row in _read_rows(said) if row.get("file") == listed.name]
    hashes = {str(row.get(HASH, "")) for row in rows}
    return hashes == {""} or (len(hashes) == 1 and hashes == {hash_artefact(place)})


def _read_rows(said: Path) -> list[dict[str, Any]]:
    """Return the rows of a parity.json; none of a file that is no such thing."""
    try:
        rows = json.loads(said.read_text("utf-8"))["artefacts"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
