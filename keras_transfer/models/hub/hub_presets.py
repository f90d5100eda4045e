"""Presets of KerasHub: what one is, and its backbone, image converter and tokenizer.

Nothing is built before every file that Keras would build it from has been looked at.
"""

import dataclasses
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from keras_transfer.config.messages import say_fault, say_value
from keras_transfer.models.backbones.hub_networks import TEXT_ENCODERS, Pooling
from keras_transfer.models.hub.converted_presets import (
    describe_converted,
    make_converter,
    name_format,
)
from keras_transfer.models.hub.preset_configs import (
    BUILT,
    CONFIG,
    IMAGE_CONVERTER,
    is_hub_class,
    read_json,
    read_safe,
)
from keras_transfer.models.hub.preset_sources import PresetSource, find_source, require_file
from keras_transfer.models.hub.preset_weights import find_weights, hash_kept
from keras_transfer.models.hub.text_presets import find_pooling, make_tokenizer
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import hushed, import_tensorflow
from keras_transfer.system.packages import is_installed

Kind = Literal["image", "clip", "text"]

UNCLASSIFYING = ("DINOV2Backbone", "DINOV3Backbone")  # see images, have no classifier in KerasHub

Built = TypeVar("Built")


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A preset whose configuration is on this machine, and names nothing but KerasHub's classes."""

    name: str
    """As the user gave it."""
    backbone: str
    """The class of its backbone: `"ResNetBackbone"`."""
    kind: Kind
    """What its backbone takes: images, images and texts, or texts."""
    config: dict[str, Any]
    """What the class is built from, as in `config.json`."""
    licence: str
    """As its files state it, else where to look."""
    weights_sha256: str | None
    """SHA-256 of its file of weights, in hexadecimal; of several files, of their own hashes. None:
    they are not on this machine yet, `load_backbone` would download them."""
    origin: PresetSource = field(repr=False)
    """Where its files come from."""
    converted: bool = False
    """Whether KerasHub converts it from the format of timm or Transformers."""

    @property
    def source(self) -> str:
        """Where it comes from: a folder, `kaggle://…` with its version, or `hf://…`."""
        return self.origin.address

    def fetch_weights(self) -> "Preset":
        """Return the preset with its weights on this machine, downloaded if need be.

        Raises:
            ConfigError: They cannot be had, are damaged, or lead to other files.
        """
        if self.weights_sha256:
            return self
        find_weights(self.origin)
        return dataclasses.replace(self, weights_sha256=hash_kept(self.origin))

    def load_backbone(self, *, load_weights: bool = True, **changes: Any) -> Any:
        """Return the backbone, a `keras_hub.models.Backbone`.

        Args:
            load_weights: False: it has random values.
            changes: Arguments of its class to be other than in the preset, as `image_shape`.

        Raises:
            ConfigError: Its files cannot be had, are damaged, or do not fit one another.
        """
        import keras_hub

        folder = self._require(CONFIG)
        if load_weights:
            find_weights(self.origin)
        loader = keras_hub.models.Backbone.from_preset
        return self._build(lambda: loader(str(folder), load_weights=load_weights, **changes))

    def load_image_converter(self) -> Any:
        """Return what prepares images for the backbone, a `keras_hub.layers.ImageConverter`.

        Raises:
            ConfigError: The preset has none, or a damaged one.
        """
        import keras_hub

        if self.converted:
            return self._build(lambda: make_converter(self.origin))
        folder = self._require(CONFIG, IMAGE_CONVERTER)
        return self._build(lambda: keras_hub.layers.ImageConverter.from_preset(str(folder)))

    def load_tokenizer(self) -> Any:
        """Return what makes numbers of texts, a `keras_hub` tokenizer.

        Raises:
            ConfigError: The preset has none, or a damaged one.
        """
        return self._build(lambda: make_tokenizer(self.origin, self.backbone, self.converted))

    def find_pooling(self) -> Pooling:
        """Return what is taken of a text encoder, see `text_presets.find_pooling`."""
        return find_pooling(self.origin, self.backbone, self.converted)

    def find_file(self, file: str) -> Path | None:
        """Return a file of the preset, downloaded if need be; None if it has no such file."""
        return self.origin.fetch(file)

    def _require(self, *files: str) -> Path:
        """Return the folder of the preset, which has these files, looked at once more."""
        found = [require_file(self.origin, file) for file in files]
        for path in found:
            if path.name in BUILT and not self.converted:
                read_safe(path)
        return found[0].parent

    def _build(self, build: Callable[[], Built]) -> Built:
        try:
            return build()
        except ConfigError:
            raise
        except Exception as error:  # KerasHub and Keras raise anything
            raise ConfigError(
                f"A preset's files must fit one another. Received: {self.source}, of which "
                f"{self.backbone} cannot be built: {say_fault(error)}. Save the preset anew with "
                "save_to_preset, or use another one."
            ) from error


def require_hub(option: str) -> None:
    """Raise `ConfigError` unless KerasHub is installed; it is not imported.

    Args:
        option: What needs it, as the user gave it: `"--backbone hub:…"`.
    """
    if not is_installed("keras_hub"):
        raise ConfigError(
            f"`{option}` needs KerasHub. Received: no such package. "
            "Run: pip install 'keras_transfer[hub]'"
        )


def open_preset(name: str, option: str = "--preset") -> Preset:
    """Find a preset and say what it is; no network is built, and no weights are downloaded.

    Args:
        name: A preset of KerasHub (`"resnet_18_imagenet"`), an address (`"hf://OWNER/MODEL"`,
            `"kaggle://OWNER/MODEL/keras/VARIATION"`), or a folder that `save_to_preset` wrote.
        option: What the user gave it by, for messages.

    Raises:
        ConfigError: KerasHub is not installed; there is no such preset, or it cannot be had now; it
            is damaged, takes other things than images and texts, or names classes of others.
    """
    require_hub(option)
    import_hub()
    import keras_hub

    if named := _find_named(name):
        _judge_kind(named, name, option)  # before a download
    origin = find_source(name, option)
    if foreign := name_format(read_json(require_file(origin, CONFIG))):
        return _open_converted(name, origin, foreign, option)
    config = read_safe(require_file(origin, CONFIG))
    backbone = str(config["class_name"])
    if not is_hub_class(config["registered_name"]) or not hasattr(keras_hub.models, backbone):
        raise ConfigError(
            f"`{option}` must be a preset of a backbone. Received: {say_value(name)}, of "
            f"{say_value(backbone)}. Use another preset."
        )
    kind = _judge_kind(backbone, name, option)
    if Path(origin.address).is_absolute():  # all of a folder is at hand; a hub is asked later
        _judge_folder(origin)
    return Preset(
        name=name,
        backbone=backbone,
        kind=kind,
        config=config["config"],
        licence=_find_licence(origin),
        weights_sha256=hash_kept(origin),
        origin=origin,
    )


def _open_converted(name: str, origin: PresetSource, foreign: str, option: str) -> Preset:
    backbone, config = describe_converted(origin, foreign, option)
    return Preset(
        name=name,
        backbone=backbone,
        kind=_judge_kind(backbone, name, option),
        config=config,
        licence=_find_licence(origin),
        weights_sha256=hash_kept(origin),
        origin=origin,
        converted=True,
    )


def import_hub() -> None:
    """Import KerasHub, quietly.

    Raises:
        ConfigError: It cannot be imported, as one of its own needs is missing.
    """
    import_tensorflow()
    try:
        # of notebooks without widgets, which what it brings would show bars in
        with hushed(), warnings.catch_warnings(action="ignore"):
            import keras_hub  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"KerasHub must be whole. Received: {say_fault(error)}. "
            "Run: pip install --upgrade 'keras_transfer[hub]'"
        ) from error


def _find_named(name: str) -> str:
    """Return the class of backbone that a preset of KerasHub's own list has; "" if it is none."""
    import keras_hub

    classes: Any = (each for each in vars(keras_hub.models).values() if isinstance(each, type))
    backbones = (each for each in classes if issubclass(each, keras_hub.models.Backbone))
    holding = [each for each in backbones if name in each.presets]
    # a class has the presets of those made from it, too
    return min(holding, key=lambda each: len(each.presets)).__name__ if holding else ""


def _judge_kind(backbone: str, name: str, option: str) -> Kind:
    """Return what a backbone takes.

    Raises:
        ConfigError: Neither images, nor texts as BERT does, nor both as CLIP does.
    """
    import keras_hub

    if backbone == "CLIPBackbone":
        return "clip"
    if backbone in TEXT_ENCODERS:
        return "text"
    tasks: Any = (each for each in vars(keras_hub.models).values() if isinstance(each, type))
    classifiers = (each for each in tasks if issubclass(each, keras_hub.models.ImageClassifier))
    seeing = {getattr(each.backbone_cls, "__name__", "") for each in classifiers}
    if backbone in seeing or backbone in UNCLASSIFYING:
        return "image"
    raise ConfigError(
        f"`{option}` must be a preset of an image backbone, of a text encoder or of CLIP. "
        f"Received: {say_value(name)}, of {backbone}, which is none of these here. Choose one such "
        "as resnet_50_imagenet, bert_base_en_uncased or clip_vit_base_patch32."
    )


def _judge_folder(origin: PresetSource) -> None:
    """Look at everything in a folder that something could be built from."""
    for file in BUILT:
        if found := origin.fetch(file):
            read_safe(found)
    find_weights(origin)


def _find_licence(origin: PresetSource) -> str:
    """Return the licence that a model card or the preset's facts state."""
    card, facts = origin.kept("README.md"), origin.kept("metadata.json")
    if card:
        with card.open(encoding="utf-8", errors="replace") as stream:
            head = stream.read(20_000).split("\n---", 1)[0]
        if found := re.search(r"^licen[sc]e:[ \t]*([\w .+-]{1,60})$", head, re.MULTILINE):
            return found[1].strip()
    stated = read_json(facts).get("license") if facts else None
    return stated if isinstance(stated, str) else f"unknown: see {origin.page}"
