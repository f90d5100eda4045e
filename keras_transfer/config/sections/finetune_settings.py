"""The section `finetune`: phase two."""

from dataclasses import dataclass
from typing import Literal

from keras_transfer.config.validation import (
    FASTEST,
    MOST,
    check_phase,
    check_types,
    is_count,
    require,
)

MOST_RANK = 1024  # the shorter side of the largest kernels here; more adds nothing


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """Phase two: the backbone above the freeze boundary learns as well."""

    epochs: int | str = "auto"
    """Passes over the training examples. auto: 10, more on small sets. 0: skip the phase."""
    learning_rate: float | str = "auto"
    """Peak learning rate of phase two. Above 1e-3 the pretrained weights are usually lost. auto:
    1e-4, and 1e-3 under `--strategy lora`, and with bundled or random weights; 3e-3 with random
    ones in a backbone that nobody has pretrained."""
    locked_layers: int | float | str = "auto"
    """How much of the backbone stays locked. A number of layers, a fraction in (0, 1), or the name
    of the first block that learns; what two_phase and gradual end with. auto: the backbone's own
    (see train --list_backbones), and nothing under lora, with bundled or with random weights."""
    last_blocks: int | str = 2
    """What learns under `--strategy partial`: a number of blocks from the last one, or the name of
    the first of them."""
    unfreeze_every: int | str = "evenly"
    """Under `--strategy gradual`, epochs after which one block more learns. plateau: it does when
    the validation loss has stopped falling. evenly: so that the epochs suffice for all."""
    layer_decay: float | str = "auto"
    """Learning rate of each block relative to the one above it, in (0, 1]; the last block has
    learning_rate. auto: 0.65 for a pretrained Vision Transformer of up to 12 blocks and 0.75 for a
    deeper one, as published recipes have it; else 1, as under lora."""
    rates: dict[str, float] | None = None
    """Learning rates of single blocks, and of `head`: {block7a: 1e-4, head: 1e-3}. None: the head's
    is learning_rate; where no phase trained it before (partial, full, none in frozen), frozen's."""
    batch_norm: Literal["auto", "frozen", "scale", "adapt"] = "auto"
    """frozen: BatchNorm layers keep everything. scale: scale and shift learn, statistics stay.
    adapt: statistics move too. auto: scale with weights from photographs, adapt with bundled or
    random ones, frozen under lora."""
    lora_rank: int = 8
    """Under `--strategy lora`, how many columns the first matrix beside a kernel has, and rows the
    second: more can learn more."""
    lora_targets: Literal["all", "attention", "dense"] = "all"
    """Under `--strategy lora`, which kernels get matrices. attention: the four projections of each
    attention layer. dense: those of other Dense layers."""

    def __post_init__(self) -> None:
        check_types(self, "finetune")
        check_phase(self, "finetune")
        locked = self.locked_layers
        is_name = isinstance(locked, str) and locked.lower() not in ("true", "false", "none", "")
        require(
            is_name or is_count(locked, 0) or (isinstance(locked, float) and 0 < locked < 1),
            "finetune.locked_layers",
            "a whole number of layers such as 100, a fraction above 0 and below 1, or a block name",
            locked,
        )
        blocks, every, rates = self.last_blocks, self.unfreeze_every, self.rates or {}
        fits = is_count(blocks) or (isinstance(blocks, str) and bool(blocks))
        require(
            fits, "finetune.last_blocks", f"from 1 to {MOST:,} blocks, or the name of one", blocks
        )
        fits = is_count(every) or every in ("evenly", "plateau")
        must = f"from 1 to {MOST:,} epochs, 'evenly' or 'plateau'"
        require(fits, "finetune.unfreeze_every", must, every)
        rank, must = self.lora_rank, f"from 1 to {MOST_RANK:,}"
        require(is_count(rank, 1, MOST_RANK), "finetune.lora_rank", must, rank)
        decay = self.layer_decay
        fits = decay == "auto" or (type(decay) in (int, float) and 0 < float(decay) <= 1)
        require(fits, "finetune.layer_decay", "auto, or in (0, 1]", decay)
        fits = all(type(rate) in (int, float) and 0 < rate <= FASTEST for rate in rates.values())
        require(fits, "finetune.rates", f"blocks with rates above 0, at most {FASTEST:g}", rates)
