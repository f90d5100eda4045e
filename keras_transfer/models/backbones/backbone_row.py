"""What is known of one pretrained network before it is built. Nothing here imports Keras."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from keras_transfer.models.backbones.hub_networks import HubNetwork
from keras_transfer.models.weights.weights_package import WeightsPackage

if TYPE_CHECKING:
    import keras


Preprocess = Literal["inside", "caffe", "tf", "torch", "unit", "asked"]


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """One pretrained network."""

    build: "str | Callable[[int], keras.Model]" = ""
    """Name of a function of keras.applications or of a row of `OWN_GRAPHS`; or a function from the
    image size in pixels to a functional model without head and with random weights. "": that of
    `preset`."""
    preprocess: Preprocess = "inside"
    """What the network expects. inside: raw RGB, it scales itself. caffe: BGR minus the ImageNet
    means. tf: RGB in [-1, 1]. torch: RGB in [0, 1] minus ImageNet's mean, divided by its deviation.
    unit: RGB in [0, 1]. asked: nothing tells, and the settings say it."""
    takes: Literal["images", "texts"] = "images"
    """What it is given."""
    image_size: int = 0
    """Side of the images it was pretrained on, or is meant for, in pixels. 0: it takes texts."""
    most_tokens: int = 0
    """Most tokens of a text that it can take, those at its ends included. 0: it takes images."""
    least_size: int = 32
    """Smallest side of images that its layers can take, in pixels."""
    layers: int = 0
    """Depth: number of layers of our graph, whatever the image size."""
    blocks: Mapping[str, int] = field(default_factory=lambda: {"stem": 0})
    """Index of the first layer of each block, in order; the first, at 0, is "stem", or
    "embeddings" of a text encoder."""
    default_boundary: str = "stem"
    """The first block that learns where `finetune.locked_layers` is auto."""
    parameters: int = 0
    """Number of weights without the head, statistics of normalisation included."""
    top1: float | None = None
    """Published ImageNet top-1 accuracy in [0, 1], one crop at `image_size` (keras.io, or where the
    row says)."""
    weights_url: str = ""
    """What keras.applications downloads; the last part is the name in Keras' cache. Empty: none."""
    weights_hash: str | None = None
    """MD5 or SHA-256 of that file, as Keras states it."""
    use: str = ""
    """When to choose it, for the table."""
    weights_package: WeightsPackage | None = None
    """The package that brings the ImageNet weights in the place of a download. None: none does."""
    bundled_hash: str | None = None
    """SHA-256 of the weights that ship with the package (`weights/bundled/`). None: none do."""
    preset: HubNetwork | None = None
    """The preset of KerasHub that the network and its weights come from. None: it is another's."""
    kernels: frozenset[str] = frozenset()
    """What `--strategy lora` can adapt: attention (projections of MultiHeadAttention, and
    DeBERTa's), dense (other Dense and EinsumDense layers). Empty: its layers are convolutions."""
    file: Path | None = None
    """The user's file that the network comes from, and its weights. None: it is another's."""
    file_sha256: str | None = None
    """SHA-256 of that file, in hexadecimal."""
    notes: tuple[str, ...] = ()
    """What is taken of that file, for the log."""
    layer_decay: float = 1.0
    """Rate of each block relative to the one above that published recipes fine-tune it with."""
    shares_layers: bool = False
    """Whether its layers have the same weights, so that they learn together or not at all."""
    weights_tested: bool = False
    """Whether real ImageNet weights were run here and classified pictures rightly; of a text
    encoder, whether its real weights were."""

    @property
    def network_sha256(self) -> str | None:
        """SHA-256 of what the network is built from, where its name does not say it for good.

        None: a row of the table names it.
        """
        return self.preset.sha256 if self.preset else self.file_sha256

    @property
    def has_weights(self) -> bool:
        """Whether there are weights that somebody has trained, here or elsewhere."""
        return bool(self.weights_origin or self.bundled_hash or self.preset or self.file)

    @property
    def weights_origin(self) -> str:
        """Where the ImageNet weights come from: a URL, or the name of a package."""
        return self.weights_package.name if self.weights_package else self.weights_url

    @property
    def extra(self) -> str:
        """The extra of this program that it or its own weights need; "" where they need none."""
        if self.takes == "texts":
            return "text"
        if self.preset:
            return "hub"
        return self.weights_package.extra if self.weights_package else ""
