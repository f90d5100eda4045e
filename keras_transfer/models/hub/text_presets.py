"""What a preset says of texts: how one becomes tokens, and what is taken of the network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.messages import say_fault, say_value
from keras_transfer.models.backbones.hub_networks import TEXT_ENCODERS, HubNetwork, Pooling
from keras_transfer.models.hub.preset_configs import CONFIG, TOKENIZER, read_json, read_safe
from keras_transfer.models.hub.preset_sources import PresetSource, require_file
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.packages import require_package

POOLING = "1_Pooling/config.json"  # of sentence-transformers
TOKENIZER_CONFIG = "tokenizer_config.json"  # of Transformers
ASSETS = "assets/tokenizer/"
# Tokenizers of KerasHub, and the files that one is made of.
TOKENIZER_FILES: Mapping[str, tuple[str, ...]] = {
    "CLIPTokenizer": ("vocabulary.json", "merges.txt"),
    "BertTokenizer": ("vocabulary.txt",),
    "DistilBertTokenizer": ("vocabulary.txt",),
    "ElectraTokenizer": ("vocabulary.txt",),
    "RobertaTokenizer": ("vocabulary.json", "merges.txt"),
    "AlbertTokenizer": ("vocabulary.spm",),
    "XLMRobertaTokenizer": ("vocabulary.spm",),
    "DebertaV3Tokenizer": ("vocabulary.spm",),
}
CLIP_FILES = (TOKENIZER, *(ASSETS + file for file in TOKENIZER_FILES["CLIPTokenizer"]))
# The words of others for how a text becomes one vector.
POOLINGS: Mapping[str, Pooling] = {"mean": "mean", "cls": "class"}


def find_pooling(origin: PresetSource, backbone: str, converted: bool) -> Pooling:
    """Return what is taken of a text encoder: as its maker embeds texts, else as KerasHub does.

    Args:
        origin: The preset's files.
        backbone: The class of its network.
        converted: Whether it is in the format of Transformers.

    Raises:
        ConfigError: It says something else than mean or class token.
    """
    word = None
    if converted and (file := origin.fetch(POOLING)):
        said = read_json(file)
        modes = {name.removeprefix("pooling_mode_") for name, on in said.items() if on is True}
        names = {"cls_token": "cls", "mean_tokens": "mean"}
        found = sorted(names.get(mode, mode) for mode in modes - {"include_prompt"})
        word = ", ".join(found) or str(said.get("pooling_mode"))
    elif not converted and (file := origin.fetch("task.json")):
        word = read_safe(file)["config"].get("pooling_mode")
    if word is None:
        return TEXT_ENCODERS[backbone]
    if word not in POOLINGS:
        raise ConfigError(
            "A text encoder must give the mean of its tokens or its class token. Received: "
            f"{origin.address}, with pooling {say_value(word)}. Use another preset."
        )
    return POOLINGS[word]


def make_tokenizer(origin: PresetSource, backbone: str, converted: bool) -> Any:
    """Return the tokenizer of a preset, a `keras_hub` tokenizer.

    KerasHub must have been imported.

    Args:
        origin: The preset's files.
        backbone: The class of its network.
        converted: Whether it is in the format of Transformers.

    Raises:
        ConfigError: It has none, or a damaged one, or tensorflow-text is missing.
    """
    import keras_hub

    if backbone != "CLIPBackbone":
        require_package("texts", "tensorflow_text", "text")
    if converted:
        return _convert_tokenizer(origin, backbone)
    said = read_safe(require_file(origin, TOKENIZER))
    name = str(said["class_name"])
    if name not in TOKENIZER_FILES:
        raise ConfigError(
            f"A preset's tokenizer must be one of {', '.join(TOKENIZER_FILES)}. Received: "
            f"{say_value(name)} in {origin.address}. Use another preset."
        )
    for file in TOKENIZER_FILES[name]:
        require_file(origin, ASSETS + file)
    folder = require_file(origin, CONFIG).parent
    return getattr(keras_hub.tokenizers, name).from_preset(str(folder))


def require_same_tokens(preset: HubNetwork, tokenizer: Any) -> None:
    """Raise a `ConfigError` if a tokenizer pads or ends texts by other tokens than a network asks.

    Args:
        preset: Of the network.
        tokenizer: Of KerasHub.
    """
    found = find_marks(tokenizer)
    count = tokenizer.vocabulary_size()
    most = preset.config.get("vocabulary_size") or preset.config["vocab_size"]
    if found != (preset.pad, preset.separator) or count > most:
        raise ConfigError(
            f"The tokenizer of {preset.name} must be of its network, with at most {most:,} tokens, "
            f"{preset.pad} for padding and {preset.separator} at the end. Received: {count:,} "
            f"tokens, {found[0]} and {found[1]}. Use another preset."
        )


def find_marks(tokenizer: Any) -> tuple[int, int]:
    """Return the tokens that fill up and that end a text."""
    return int(tokenizer.pad_token_id), int(tokenizer.end_token_id)


def _convert_tokenizer(origin: PresetSource, backbone: str) -> Any:
    """Make a tokenizer of the files of Transformers, if need be of its tokenizer.json."""
    import keras_hub

    known = origin.fetch(TOKENIZER_CONFIG)
    said = read_json(known) if known else {}
    classes = keras_hub.tokenizers
    try:
        if backbone == "AlbertBackbone":
            return classes.AlbertTokenizer(str(require_file(origin, "spiece.model")))
        if "XLMRoberta" in f"{backbone} {said.get('tokenizer_class')}":
            file = require_file(origin, "sentencepiece.bpe.model")
            return classes.XLMRobertaTokenizer(str(file))
        if backbone == "RobertaBackbone":
            return classes.RobertaTokenizer(*_read_pairs(origin))
        lower = bool(said.get("do_lower_case", True))
        strips = said.get("strip_accents")
        name = backbone.replace("Backbone", "Tokenizer")
        return getattr(classes, name)(
            _read_words(origin), lowercase=lower, strip_accents=lower if strips is None else strips
        )
    except ConfigError:
        raise
    except Exception as error:  # KerasHub raises anything on files of others
        raise ConfigError(
            "A model's tokenizer must be one that KerasHub makes. Received: "
            f"{origin.address}: {say_fault(error)}. Use another model."
        ) from error


def _read_words(origin: PresetSource) -> list[str]:
    """Return the vocabulary of WordPiece in the order of its numbers."""
    if file := origin.fetch("vocab.txt"):
        return file.read_text("utf-8").rstrip("\n").split("\n")
    numbers = _read_model(origin, "WordPiece")["vocab"]
    words = sorted(numbers, key=numbers.__getitem__)
    if [numbers[word] for word in words] != list(range(len(words))):
        raise ValueError("the numbers of its words are not 0, 1, 2, …")
    return words


def _read_pairs(origin: PresetSource) -> tuple[dict[str, int], list[str]]:
    """Return the vocabulary of byte-pair encoding, and what is merged in which order."""
    words, merges = origin.fetch("vocab.json"), origin.fetch("merges.txt")
    if words and merges:
        lines = merges.read_text("utf-8").splitlines()
        return read_json(words), [line for line in lines if line and not line.startswith("#")]
    model = _read_model(origin, "BPE")
    pairs = [" ".join(each) if isinstance(each, list) else each for each in model["merges"]]
    return model["vocab"], pairs


def _read_model(origin: PresetSource, kind: str) -> Mapping[str, Any]:
    file: Path = require_file(origin, TOKENIZER)
    model = read_json(file)["model"]
    if model.get("type", kind) != kind:
        raise ValueError(f"its {TOKENIZER} has {model['type']}, and {kind} is expected")
    return model
