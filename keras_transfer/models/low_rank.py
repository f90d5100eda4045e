"""Low-rank adaptation: beside a kernel that stays, the product of two thin matrices that learns.

Keras adds the product to the kernel in each step. Once a training is over it is added for good, so
nothing that is saved holds a trace of it.

References:
    Hu et al. 2021, LoRA: Low-rank adaptation of large language models.
"""

import math

import keras

from keras_transfer.config.messages import count_of
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.freeze_boundary import find_boundary, refuse_low_rank

MATRICES = ("lora_kernel_a", "lora_kernel_b")  # what Keras calls the two


def add_matrices(backbone: keras.Model, config: TrainConfig) -> None:
    """Give the kernels that `config` names their matrices; the network still computes the same.

    The first matrix is random, the second one zero. Added before the first phase rather than before
    the one that moves them, they are in every checkpoint.

    Args:
        backbone: What `build_backbone` returned.
        config: Resolved; `finetune.locked_layers`, `lora_rank` and `lora_targets` are meant.

    Raises:
        ConfigError: No layer above the freeze boundary has such kernels.
    """
    row, finetune = find_backbone(config.backbone), config.finetune
    boundary = find_boundary(config.backbone, row, finetune.locked_layers)
    upper = [each for layer in backbone.layers[boundary:] for each in find_targets(layer)]
    chosen = [layer for layer, kind in upper if finetune.lora_targets in ("all", kind)]
    if not chosen:
        above = f" above layer {boundary}" if find_kinds(backbone) else ""
        raise refuse_low_rank(config.backbone, finetune.lora_targets, above)
    for layer in chosen:
        layer.enable_lora(finetune.lora_rank)


def find_targets(part: keras.layers.Layer) -> list[tuple[keras.layers.Layer, str]]:
    """Return the layers of a part that can have matrices, each with `attention` or `dense`."""
    nested = list(part._flatten_layers())  # with itself
    attention = {
        id(each)
        for layer in nested
        if isinstance(layer, keras.layers.MultiHeadAttention)
        or (isinstance(layer, keras.Model) and layer.name.endswith("attention"))  # of DeBERTa
        for each in layer._flatten_layers()
    }
    return [
        (layer, "attention" if id(layer) in attention else "dense")
        for layer in nested
        if isinstance(layer, keras.layers.Dense | keras.layers.EinsumDense)
    ]


def find_kinds(part: keras.layers.Layer) -> frozenset[str]:
    """Return which of `attention` and `dense` a part has."""
    return frozenset(kind for _, kind in find_targets(part))


def lock_all_else(backbone: keras.Model) -> None:
    """Lock what is not a matrix, where there are any; call it after `set_boundary`."""
    if list_matrices(backbone):
        for weight in backbone.weights:
            weight.trainable = weight.trainable and weight.name in MATRICES


def list_matrices(part: keras.layers.Layer) -> list[keras.Variable]:
    """Return the matrices of a layer or a model; none where nothing was added, or all merged."""
    return [weight for weight in part.weights if weight.name in MATRICES]


def count_own(part: keras.layers.Layer) -> int:
    """Return the numbers of a layer or a model without its matrices, which it is left without."""
    return int(part.count_params()) - _count(list_matrices(part))


def describe_matrices(backbone: keras.Model) -> str:
    """Return in words how many there are; "" without any."""
    found = list_matrices(backbone)
    if not found:
        return ""
    numbers = _count(found)
    share = numbers / count_own(backbone)
    kernels = count_of(len(found) // len(MATRICES), "kernel")
    return f"low-rank matrices of {kernels}, {numbers:,} numbers, {share:.1%} of the backbone's"


def merge_matrices(backbone: keras.Model) -> None:
    """Add the matrices to their kernels, in the precision of those, and leave no trace of them.

    Keras merges them when it saves, but in the precision of the policy, and writes the rank into
    the configuration of the layer; a file would then open with matrices of zeros.
    """
    for layer, _ in find_targets(backbone):
        if layer.lora_enabled:
            pair = layer.lora_kernel_a, layer.lora_kernel_b
            product = keras.ops.matmul(*(matrix.value for matrix in pair))
            scaled = (layer.lora_alpha / layer.lora_rank) * product
            layer._kernel.assign(layer._kernel.value + scaled)
            for matrix in pair:
                layer._untrack_variable(matrix)
            layer.lora_kernel_a = layer.lora_kernel_b = None
            layer.lora_enabled, layer.lora_rank, layer.lora_alpha = False, None, None


def _count(weights: list[keras.Variable]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)
