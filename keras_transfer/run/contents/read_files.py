"""Read a text, a list of lines, JSON or a table of a run; refuse in one line what is none."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_transfer.run.contents.check_content import WrongContent, check_content
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import Table, read_table

RESTORE = "Restore it from a copy, or train anew."


def read_text(file: Path, advice: str = RESTORE) -> str:
    """Return the text in a file.

    Raises:
        ConfigError: It is not there, cannot be read, or holds no text.
    """
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        fault = error.strerror or str(error)
    except UnicodeDecodeError as error:
        fault = str(error)
    raise ConfigError(f"{file.name} must be a text file. Received: {file} ({fault}). {advice}")


def read_json(file: Path, kind: Any, advice: str = RESTORE) -> Any:
    """Return the content of a JSON file.

    Args:
        file: Of a run.
        kind: What it must hold, see `check_content`.
        advice: Ends the error.

    Raises:
        ConfigError: It holds something else; the first field is named.
    """
    text = read_text(file, advice)
    try:
        content = json.loads(text)
        check_content(content, kind)
    except WrongContent as error:
        place = f" as {error.place}" if error.place else ""
        raise ConfigError(
            f"{file.name} must hold {error.must}{place}. Received: {error.received} in {file}. "
            f"{advice}"
        ) from None
    except (ValueError, RecursionError) as error:
        fault = "it is nested too deep" if isinstance(error, RecursionError) else error
        raise ConfigError(
            f"{file.name} must be a JSON file. Received: {file} ({fault}). {advice}"
        ) from None
    return content


def read_names(file: Path) -> tuple[str, ...]:
    """Return the lines of class_names.txt.

    Raises:
        ConfigError: There are fewer than two, an empty one, or one twice.
    """
    names = tuple(read_text(file).splitlines())
    fault = "one name" if len(names) == 1 else "no name" if not names else ""
    fault = fault or ("an empty line" if not all(map(str.strip, names)) else "")
    twice = [name for index, name in enumerate(names) if name in names[:index]][:1]
    if fault := fault or "".join(f"{name!r} twice" for name in twice):
        raise ConfigError(
            f"{file.name} must hold two or more names of classes, each once. Received: {fault} in "
            f"{file}. {RESTORE}"
        )
    return names


def read_rows(file: Path, columns: Sequence[str]) -> Table:
    """Return a table of a run, which must have these columns.

    Raises:
        ConfigError: It has not, or is no table.
    """
    table = read_table(file)
    if missing := [name for name in columns if name not in table]:
        raise ConfigError(
            f"{file.name} must have the columns {', '.join(columns)}. Received: none called "
            f"{', '.join(missing)} in {file}. {RESTORE}"
        )
    return table
