"""Sets of the package `datasets` by their name on its Hub, or by a folder on disk."""

import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_transfer.system.errors import ConfigError
from keras_transfer.system.network import find_fault

logger = logging.getLogger(__name__)


def load_splits(word: str, data_dir: Path | None) -> dict[str, Any]:
    """Return the splits of a set, each a `datasets.Dataset`; no code of the set is run.

    Args:
        word: NAME or NAME:CONFIG on the Hub, or a folder.
        data_dir: Where sets of the Hub are kept. None: the package's own folder.

    Raises:
        ConfigError: There is no such set, or it cannot be had now.
    """
    folder = Path(word or "nothing").expanduser()
    cache = str(data_dir.expanduser()) if data_dir else None
    try:
        found = _load_folder(folder, cache) if folder.is_dir() else _load_from_hub(word, cache)
    except ConfigError:
        raise
    except Exception as error:  # of many kinds: no such folder, other files, no room
        raise ConfigError(
            "`dataset` must be a set that the package datasets can load. Received: "
            f"hf:{word}: {_first_line(error)} Give a folder that save_to_disk wrote, or the "
            "folder of the images without hf:."
        ) from error
    return dict(found) if isinstance(found, dict) else {"": found}


def is_saved(folder: Path) -> bool:
    """Tell whether `save_to_disk` wrote a folder."""
    parts = (folder / "state.json", folder / "dataset_info.json")
    return (folder / "dataset_dict.json").is_file() or all(part.is_file() for part in parts)


@contextlib.contextmanager
def _importing(bars: bool) -> Iterator[Any]:
    """Give the package, which says little meanwhile, and draws bars only where they are wanted."""
    logging.getLogger("datasets").setLevel(logging.WARNING)  # it tells of TensorFlow's version
    import datasets
    import huggingface_hub.utils

    packages = (datasets, huggingface_hub.utils)
    silenced = [p for p in packages if not bars and not p.are_progress_bars_disabled()]
    for package in silenced:
        package.disable_progress_bars()
    try:
        yield datasets
    finally:
        for package in silenced:
            package.enable_progress_bars()


def _load_folder(folder: Path, cache: str | None) -> Any:
    with _importing(bars=False) as datasets:
        if is_saved(folder):
            return datasets.load_from_disk(str(folder.absolute()))
        return datasets.load_dataset(str(folder.absolute()), cache_dir=cache)


def _load_from_hub(word: str, cache: str | None) -> Any:
    """Return a set of the Hub, or what was kept of it, after a quick look whether that answers."""
    name, _, config = word.partition(":")
    if not name:
        raise ConfigError(
            "`dataset` must name a set of the Hugging Face Hub: hf:NAME or hf:NAME:CONFIG. "
            "Received: hf:. Add a name, as in hf:food101."
        )
    with _importing(bars=sys.stderr.isatty()) as datasets:
        return _ask_hub(datasets, name, config, cache)


def _ask_hub(datasets: Any, name: str, config: str, cache: str | None) -> Any:
    import huggingface_hub

    word = f"{name}:{config}" if config else name
    offline = huggingface_hub.constants.HF_HUB_OFFLINE
    # the package itself tries for half a minute
    fault = "HF_HUB_OFFLINE is set" if offline else find_fault(huggingface_hub.constants.ENDPOINT)
    try:
        with _without_network() if fault else contextlib.nullcontext():
            if not fault:
                logger.info("Loading hf:%s from the Hugging Face Hub", word)
            return datasets.load_dataset(name, config or None, cache_dir=cache)
    except Exception as error:  # of many kinds: no such set, configuration or right, no network
        place = cache or datasets.config.HF_DATASETS_CACHE
        reason = f"the Hub cannot be reached ({fault})." if fault else _first_line(error)
        raise ConfigError(
            "`dataset` must name a set of the Hugging Face Hub, hf:NAME or hf:NAME:CONFIG, that is "
            f"on disk already or can be downloaded. Received: hf:{word}, which is not in {place} "
            f"and cannot be had: {reason} Check the name at https://huggingface.co/datasets (log "
            "in with `hf auth login` for one behind a gate), or use a folder of images."
        ) from error


@contextlib.contextmanager
def _without_network() -> Iterator[None]:
    """Have the package look for what it keeps, and not ask the Hub."""
    import datasets
    import huggingface_hub

    before = datasets.config.HF_HUB_OFFLINE, huggingface_hub.constants.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = huggingface_hub.constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE, huggingface_hub.constants.HF_HUB_OFFLINE = before


def _first_line(error: Exception) -> str:
    """Return the first line of an error as a sentence."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0].strip()[:300]
    return line if line.endswith((".", "!", "?")) else f"{line}."
