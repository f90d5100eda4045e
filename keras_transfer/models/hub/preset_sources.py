"""Where a preset's files are: a folder, Kaggle, or the Hugging Face Hub; kept files come first."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.messages import say_fault, say_value
from keras_transfer.models.hub.preset_configs import CONFIG
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.network import find_fault

KAGGLE, HUGGING_FACE = "kaggle://", "hf://"


@dataclass(frozen=True)
class PresetSource:
    """A place that has the files of one preset."""

    address: str
    """The folder, or what leads to the preset on a hub: `kaggle://…`, `hf://…`."""
    page: str
    """Where a person reads about it."""
    kept: Callable[[str], Path | None]
    """From the name of a file within the preset to the file on this machine; None: not there."""
    fetch: Callable[[str], Path | None]
    """From the name of a file within the preset to the file on this machine, downloaded if need
    be; None: the preset has no such file. Raises `ConfigError` where it cannot be had now."""


def find_source(name: str, option: str) -> PresetSource:
    """Return the place of a preset; of a hub's, the configuration is on this machine then.

    KerasHub must have been imported.

    Args:
        name: As KerasHub calls it, an address, or a folder.
        option: What the user gave it by, for messages.

    Raises:
        ConfigError: It is none of these, or the configuration cannot be had.
    """
    import keras_hub

    table = keras_hub.models.Backbone.presets
    if name in table:
        name = table[name]["kaggle_handle"]
    if name.startswith(KAGGLE):
        return _at_kaggle(name, option)
    if name.startswith(HUGGING_FACE):
        return _at_hugging_face(name, option)
    folder = Path(name).expanduser()
    if "://" not in name and folder.is_dir():
        return _in_folder(folder.absolute(), option)
    wanted = (
        f"`{option}` must be a preset of KerasHub, a kaggle:// or hf:// address, or a folder that "
        f"save_to_preset wrote. Received: {say_value(name)}"
    )
    if "://" in name or name.startswith((".", "~")) or os.sep in name:
        raise ConfigError(f"{wanted}, and there is no such folder. Check the path.")
    close = suggest_close(name, table) or "See https://keras.io/keras_hub/presets for the names."
    raise ConfigError(f"{wanted}, which is none. {close}")


def require_file(origin: PresetSource, file: str) -> Path:
    """Return a file that a preset must have, downloaded if need be.

    Raises:
        ConfigError: It has none, or it cannot be had.
    """
    found = origin.fetch(file)
    if found is None:
        raise ConfigError(
            f"A preset must have the file {file}. Received: {origin.address}, which has none. "
            "Save the preset anew with save_to_preset, or use another one."
        )
    return found


def _in_folder(folder: Path, option: str) -> PresetSource:
    if not (folder / CONFIG).is_file():
        raise ConfigError(
            f"`{option}` must be a folder that save_to_preset wrote. Received: {folder}, which has "
            f"no {CONFIG}. Check the path."
        )

    def find(file: str) -> Path | None:
        return folder / file if (folder / file).is_file() else None

    return PresetSource(str(folder), page=str(folder), kept=find, fetch=find)


def _at_kaggle(address: str, option: str) -> PresetSource:
    import kagglehub
    from kagglehub.cache import Cache
    from kagglehub.handle import parse_model_handle
    from kagglesdk.kaggle_env import get_endpoint, get_env

    try:
        handle = parse_model_handle(address.removeprefix(KAGGLE))
    except ValueError as error:
        raise _bad_address(option, address, "kaggle://OWNER/MODEL/keras/VARIATION") from error

    def kept(file: str) -> Path | None:
        whole = Cache().load_from_cache(handle)
        found = os.path.join(whole, file) if whole else Cache().load_from_cache(handle, file)
        return Path(found) if found and os.path.isfile(found) else None

    def fetch(file: str) -> Path | None:
        found = kept(file)
        if found or Cache().load_from_cache(handle):  # kept as a whole: there is no more of it
            return found
        _require_answer(get_endpoint(get_env()), address, file)
        with _saying_why(address, file):
            try:
                return Path(kagglehub.model_download(str(handle), file))
            except Exception as error:
                if file != CONFIG and _is_absent(error):
                    return None
                raise

    if not handle.is_versioned():  # the newest kept one, else the newest there is
        versions = _list_kept(Path(Cache().get_path(handle)).parent)
        if not versions and (config := fetch(CONFIG)):
            versions = [config.parent.name]
        handle = handle.with_version(int(versions[-1])) if versions else handle
    return PresetSource(f"{KAGGLE}{handle}", page=handle.to_url(), kept=kept, fetch=fetch)


def _list_kept(folder: Path) -> list[str]:
    """Return the versions of a model whose configuration kagglehub keeps, the newest last."""
    names = [each.parent.name for each in folder.glob(f"*/{CONFIG}")]
    return sorted(filter(str.isdigit, names), key=int)


def _is_absent(error: Exception) -> bool:
    """Tell whether Kaggle says that a model has no such file."""
    return "404 Client Error" in str(error) or "not present in the model files" in str(error)


def _at_hugging_face(address: str, option: str) -> PresetSource:
    import huggingface_hub
    from huggingface_hub import constants, errors

    name = address.removeprefix(HUGGING_FACE)
    commit: str | None = None  # that of the configuration, for all files

    def look(file: str) -> Path | object | None:
        found = huggingface_hub.try_to_load_from_cache(name, file, revision=commit)
        return Path(found) if isinstance(found, str) else found

    def kept(file: str) -> Path | None:
        found = look(file)
        return found if isinstance(found, Path) else None

    def fetch(file: str) -> Path | None:
        if look(file) is not None:  # a file, or a note that there is none
            return kept(file)
        offline = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else ""
        _require_answer(constants.ENDPOINT, address, file, offline)
        with _saying_why(address, file):
            try:
                return Path(huggingface_hub.hf_hub_download(name, file, revision=commit))
            except errors.EntryNotFoundError:
                if file != CONFIG:
                    return None
                raise

    try:
        config = fetch(CONFIG)
    except errors.HFValidationError as error:
        raise _bad_address(option, address, "hf://OWNER/MODEL") from error
    commit = config.parent.name if config else None
    return PresetSource(address, page=f"{constants.ENDPOINT}/{name}", kept=kept, fetch=fetch)


def _bad_address(option: str, address: str, form: str) -> ConfigError:
    return ConfigError(
        f"`{option}` must be an address of the form {form}. Received: {say_value(address)}. "
        "Check the address."
    )


def _require_answer(url: str, address: str, file: str, fault: str = "") -> None:
    """Refuse a download from a server that does not answer: the hubs' packages try for minutes."""
    if fault := fault or find_fault(url):
        raise ConfigError(
            f"A preset must be kept on this machine or within reach. Received: {address}, whose "
            f"{file} is not kept, and no answer from {url} ({fault}). Connect to the network, or "
            "give a folder that save_to_preset wrote."
        )


@contextmanager
def _saying_why(address: str, file: str) -> Iterator[None]:
    """Turn whatever the hubs' packages raise into one line."""
    try:
        yield
    except Exception as error:  # of many kinds: no such preset, terms to agree to, no room
        raise ConfigError(
            f"A preset's files must be there and open to you. Received: {address}, whose {file} "
            f"cannot be had: {say_fault(error)}. Check the address; for a preset behind terms, "
            "agree to them on its page and log in."
        ) from error
