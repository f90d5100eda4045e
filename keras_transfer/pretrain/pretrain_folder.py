"""The folder of a pretraining, which belongs to the settings that it was begun with."""

import json
from collections.abc import Mapping
from pathlib import Path

from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing


def keep_settings(folder: Path, settings: Mapping[str, str]) -> None:
    """Write the settings to the folder, or compare them with those that are there.

    Raises:
        ConfigError: It is no folder, or belongs to other settings; those that differ are named.
    """
    file = folder / "settings.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            with replacing(file) as temporary:
                temporary.write_text(json.dumps(settings, indent=1) + "\n")
        found = json.loads(file.read_text())
    except OSError as error:
        raise ConfigError(f"`output` must be a folder. Received: {error}.") from error
    except ValueError:
        found = {}
    found = found if isinstance(found, dict) else {}
    if found != settings:
        names = sorted(settings.keys() | found.keys())
        others = [name for name in names if found.get(name) != settings.get(name)]
        said = ", ".join(f"{name} {found.get(name)} there" for name in others)
        raise ConfigError(
            f"`output` must be a new folder or one of the same settings. Received: {folder}, of "
            f"others: {said}. Choose another folder or those settings."
        )
