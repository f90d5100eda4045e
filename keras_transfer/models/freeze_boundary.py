"""Where a backbone is divided into what is locked and what learns: questions about its row.

Nothing here imports Keras or TensorFlow, so every error about a block comes at once.
"""

from bisect import bisect_right
from collections.abc import Iterable

from keras_transfer.config.lookup import suggest
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.system.errors import ConfigError

LAST_CONVOLUTIONS = ("top_conv", "conv_1", "Conv_1")
# What `finetune.lora_targets` asks for, in words.
TARGETS = {
    "all": "Dense or EinsumDense layers",
    "attention": "MultiHeadAttention layers",
    "dense": "Dense or EinsumDense layers outside of attention",
}
PIECEWISE = ("partial", "gradual")  # strategies under which some blocks learn and others do not
HEAD = "head"  # what the layers above the backbone are called beside its blocks


def find_boundary(name: str, row: Backbone, locked_layers: int | float | str) -> int:
    """Return the index of the first backbone layer that learns; the depth if none does.

    Args:
        name: Name of the backbone, for the error.
        row: Its row.
        locked_layers: `"auto"`, a number of layers, a fraction of them in (0, 1), or the name of
            the first block that learns.

    Raises:
        ConfigError: The backbone has no such layer or block, or layers that share their weights.
    """
    found = _read_boundary(row, locked_layers)
    if found is not None:
        if row.shares_layers and found not in (0, row.layers):
            raise _refuse_parts("finetune.locked_layers", name, row, locked_layers)
        return found
    must = f"between 0 and {row.layers}, the depth of {name}"
    raise _explain("locked_layers", must, row, locked_layers)


def _read_boundary(row: Backbone, locked_layers: int | float | str) -> int | None:
    if locked_layers == "auto":
        return row.blocks[row.default_boundary]
    if isinstance(locked_layers, str) and locked_layers in row.blocks:
        return row.blocks[locked_layers]
    if isinstance(locked_layers, float) and 0 < locked_layers < 1:
        return round(locked_layers * row.layers)
    whole = isinstance(locked_layers, int) and not isinstance(locked_layers, bool)
    return int(locked_layers) if whole and locked_layers in range(row.layers + 1) else None


def check_parts(name: str, row: Backbone, strategy: str) -> None:
    """Raise a `ConfigError` if a strategy locks some layers of a backbone whose layers are one.

    Args:
        name: Name of the backbone, for the error.
        row: Its row.
        strategy: `config.strategy`.
    """
    if row.shares_layers and strategy in PIECEWISE:
        raise _refuse_parts("strategy", name, row, strategy)


def _refuse_parts(option: str, name: str, row: Backbone, received: object) -> ConfigError:
    advice = "Choose two_phase, full, lora or feature_extraction"
    if option != "strategy":
        advice = f"Choose auto or 0, where all learns, or {row.layers}, where none does"
    return ConfigError(
        f"`{option}` must lock all layers or none where they share their weights. Received: "
        f"{received} with {name}, whose layers are one. {advice}."
    )


def block_of(row: Backbone, layer_index: int) -> str:
    """Return the name of the block that holds layer `layer_index`, in [0, row.layers)."""
    return list(row.blocks)[bisect_right(list(row.blocks.values()), layer_index) - 1]


def find_last_blocks(name: str, row: Backbone, last_blocks: int | str) -> int:
    """Return the index of the first layer of the last blocks.

    Args:
        name: Name of the backbone, for the error.
        row: Its row.
        last_blocks: A number of blocks from the last one, or the name of the first of them.

    Raises:
        ConfigError: The backbone has no such block, or fewer blocks.
    """
    if isinstance(last_blocks, str) and last_blocks in row.blocks:
        return row.blocks[last_blocks]
    if isinstance(last_blocks, int) and last_blocks <= len(row.blocks):
        return list(row.blocks.values())[-last_blocks]
    must = f"at most {len(row.blocks)}, the blocks of {name}"
    raise _explain("last_blocks", must, row, last_blocks)


def count_down(row: Backbone, boundary: int) -> list[int]:
    """Return freeze boundaries that fall block by block, from the last block down to `boundary`."""
    starts = [start for start in reversed(list(row.blocks.values())) if start > boundary]
    # layer 0 takes the images in and has no weights: below layer 1 nothing is left to unlock
    return starts if boundary == 0 and starts[-1:] == [1] else [*starts, boundary]


def check_rate_names(name: str, row: Backbone, names: Iterable[str]) -> None:
    """Raise a `ConfigError` unless every name is a block of the backbone, or the head."""
    for each in names:
        if each != HEAD and each not in row.blocks:
            raise ConfigError(
                f"`finetune.rates` must name blocks of {name}, or head. Received: {each}. "
                f"{suggest(each, [*row.blocks, HEAD])}"
            )


def check_low_rank(name: str, row: Backbone, targets: str) -> None:
    """Raise a `ConfigError` unless `--strategy lora` finds layers in the backbone.

    Args:
        name: Name of the backbone, for the error.
        row: Its row.
        targets: `finetune.lora_targets`.
    """
    if not (row.kernels if targets == "all" else row.kernels & {targets}):
        raise refuse_low_rank(name, targets)


def describe_low_rank(config: TrainConfig) -> str:
    """Return in words what learned of the backbone under `--strategy lora`; "" under others."""
    if config.strategy != "lora":
        return ""
    rank, targets = config.finetune.lora_rank, config.finetune.lora_targets
    return f"low-rank matrices (LoRA, rank {rank}, targets {targets})"


def refuse_low_rank(name: str, targets: str, above: str = "") -> ConfigError:
    """Return the error of a backbone that has no layers for `--strategy lora`.

    Args:
        name: Name of the backbone.
        targets: `finetune.lora_targets`.
        above: Where there are none; "": nowhere.
    """
    needed = TARGETS[targets]
    advice = "Choose --backbone vitb16 or convnexttiny, or another --strategy"
    if targets != "all":
        advice = "Choose --finetune.lora_targets all, or another --strategy"
    if above:
        advice = "Lower --finetune.locked_layers"
    return ConfigError(
        f"`strategy` lora needs {needed} in the backbone. Received: {name}, which has none{above}. "
        f"{advice}."
    )


def _explain(option: str, must: str, row: Backbone, received: object) -> ConfigError:
    names = [block for block in row.blocks if block not in ("stem", *LAST_CONVOLUTIONS)]
    advice = suggest(str(received), row.blocks)
    named = f", or a block ({names[0]} … {names[-1]})" if names else ""
    return ConfigError(
        f"`finetune.{option}` must be {must}{named}. Received: "
        f"{received}." + (f" {advice}" if advice.startswith("Did you mean") else "")
    )
