"""Presets of KerasHub: what is known of one before KerasHub is loaded, and those with a row."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from keras_transfer.models.backbones.pixel_scalings import SCALINGS, Factor

Pooling = Literal["mean", "class", "pooler"]

TRANSFORMERS = ("ViTBackbone", "CLIPBackbone")  # whose blocks are alike, one above the other
# Text encoders, each with what its classifier takes in KerasHub; ELECTRA, which has none there, as
# in its paper. class: the state of the first token. pooler: that after one more layer.
TEXT_ENCODERS: Mapping[str, Pooling] = {
    "BertBackbone": "pooler",
    "AlbertBackbone": "pooler",
    "RobertaBackbone": "class",
    "XLMRobertaBackbone": "class",
    "DistilBertBackbone": "class",
    "ElectraBackbone": "class",
    "DebertaV3Backbone": "class",
}


def find_layer_decay(blocks: int) -> float:
    """Return the rate of a block of a Transformer relative to the one above.

    Args:
        blocks: How many there are.

    References:
        Bao et al. 2022, BEiT, and He et al. 2022, Masked autoencoders: 0.65 for 12 blocks, 0.75 for
        24.
    """
    return 0.65 if blocks <= 12 else 0.75


@dataclass(frozen=True, kw_only=True)
class HubNetwork:
    """A network of KerasHub with what its weights expect."""

    name: str
    """A preset's name, an address such as hf://owner/model, or a folder."""
    family: str
    """Name of a class of keras_hub.models, such as ResNetBackbone."""
    config: Mapping[str, Any]
    """What the class is built from; image size and dropout are set anew."""
    scale: Factor | None = None
    """Raw RGB in [0, 255] is multiplied by it. None: by nothing."""
    offset: Factor | None = None
    """And this is added. None: nothing."""
    pooling: Pooling | None = None
    """What a text becomes: the mean of its tokens, or one of them. None: it takes images."""
    pad: int = 0
    """The token that fills up shorter texts."""
    separator: int = 0
    """The token that ends a text, and the first of two."""

    @property
    def sha256(self) -> str:
        """SHA-256 of all that features depend on beside the weights."""
        parts: list[Any] = [self.family, dict(self.config), self.scale, self.offset]
        if self.pooling:
            parts += [self.pooling, self.pad, self.separator]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()

    @property
    def layer_decay(self) -> float:
        """The rate of a block relative to the one above that published recipes have.

        References:
            Clark et al. 2020, ELECTRA, table 7: 0.8 for 12 layers, 0.9 for 24. Devlin et al. 2019,
            BERT, and its successors: all layers alike.
        """
        if self.family == "ElectraBackbone":
            return 0.8 if self.config["num_layers"] <= 12 else 0.9
        config = self.config.get("vision_encoder", {}).get("config", self.config)
        if self.family not in TRANSFORMERS:
            return 1.0
        return find_layer_decay(config["num_layers"])

    @property
    def scaling(self) -> tuple[Factor, Factor] | None:
        """Scale and offset; None if pixels stay raw."""
        if self.scale is None and self.offset is None:
            return None
        return 1.0 if self.scale is None else self.scale, self.offset or 0.0


def _name_vit(letter: str, **config: int) -> HubNetwork:
    return HubNetwork(
        name=f"vit_{letter}_patch16_224_imagenet",
        family="ViTBackbone",
        config={"image_shape": (224, 224, 3), "patch_size": 16, **config},
        scale=SCALINGS["tf"][0],
        offset=SCALINGS["tf"][1],
    )


# Random weights need no download: these are configurations as KerasHub converts them. Where the
# weights of a preset are read, its own converter is compared.
RESNET18 = HubNetwork(
    name="resnet_18_imagenet",
    family="ResNetBackbone",
    config={
        "input_conv_filters": [64],
        "input_conv_kernel_sizes": [7],
        "stackwise_num_filters": [64, 128, 256, 512],
        "stackwise_num_blocks": [2, 2, 2, 2],
        "stackwise_num_strides": [1, 2, 2, 2],
        "block_type": "basic_block",
        "image_shape": (None, None, 3),
    },
    scale=SCALINGS["torch"][0],
    offset=SCALINGS["torch"][1],
)
VIT_B16 = _name_vit("base", num_layers=12, num_heads=12, hidden_dim=768, mlp_dim=3072)
VIT_L16 = _name_vit("large", num_layers=24, num_heads=16, hidden_dim=1024, mlp_dim=4096)
