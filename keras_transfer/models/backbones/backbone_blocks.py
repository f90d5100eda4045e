"""Where the blocks of each backbone begin, as indices into the layers of our graph.

The tests build the networks and compare. Nothing here imports Keras or TensorFlow.
"""

from collections.abc import Mapping
from types import MappingProxyType


def _parse(text: str) -> Mapping[str, int]:
    """Read `block2a 18 32, block3a 47`: block2a at 18, block2b at 32, block3a at 47."""
    blocks = {}
    for stage in text.split(", "):
        name, *starts = stage.split()
        for start in starts:
            blocks[name] = int(start)
            name = _next(name)
    return MappingProxyType(blocks)


def _next(name: str) -> str:
    """Return the name of the block after `name`: block1 -> block2, block2a -> block2b."""
    head = name.rstrip("0123456789")
    number = name[len(head) :]
    return f"{head}{int(number) + 1}" if number else name[:-1] + chr(ord(name[-1]) + 1)


def _every(layers: int, first: int, count: int) -> str:
    """Return where `count` blocks of as many layers begin."""
    return " ".join(str(first + layers * block) for block in range(count))


# Layers that Keras names by a counter (re_lu_7) belong to the block they stand in. The last
# convolution of EfficientNet and MobileNet is a block of its own.
BLOCKS: Mapping[str, Mapping[str, int]] = {
    "resnet50": _parse(
        "stem 0, conv2_block1 7 19 29, conv3_block1 39 51 61 71, conv4_block1 81 93 103 113 123 "
        "133, conv5_block1 143 155 165"
    ),
    "efficientnetb0": _parse(
        "stem 0, block1a 8, block2a 18 32, block3a 47 61, block4a 76 90 105, block5a 120 133 148, "
        "block6a 163 177 192 207, block7a 222, top_conv 235"
    ),
    "mobilenetv3small": _parse(
        "stem 0, expanded_conv 5, expanded_conv_1 17 26 35 50 65 80 94 109 124 139, conv_1 154"
    ),
    "mobilenetv3large": _parse(
        "stem 0, expanded_conv 5, expanded_conv_1 11 20 29 44 59 74 83 92 101 110 124 139 154 "
        "169, conv_1 184"
    ),
    "vgg16": _parse("stem 0, block1 1 4 7 11 15"),
    "resnet101": _parse(
        "stem 0, conv2_block1 7 19 29, conv3_block1 39 51 61 71, conv4_block1 81 93 103 113 123 "
        "133 143 153 163 173 183 193 203 213 223 233 243 253 263 273 283 293 303, conv5_block1 "
        "313 325 335"
    ),
    "mobilenetv2": _parse(
        "stem 0, expanded_conv 4, block_1 9 18 27 36 45 54 63 72 81 90 98 107 116 125 134 143, "
        "Conv_1 151"
    ),
    "efficientnetb3": _parse(
        "stem 0, block1a 8 18, block2a 30 44 59, block3a 74 88 103, block4a 118 132 147 162 177, "
        "block5a 192 205 220 235 250, block6a 265 279 294 309 324 339, block7a 354 367, top_conv "
        "382"
    ),
    "efficientnetb4": _parse(
        "stem 0, block1a 8 18, block2a 30 44 59 74, block3a 89 103 118 133, block4a 148 162 177 "
        "192 207 222, block5a 237 250 265 280 295 310, block6a 325 339 354 369 384 399 414 429, "
        "block7a 444 457, top_conv 472"
    ),
    "efficientnetb7": _parse(
        "stem 0, block1a 8 18 30 42, block2a 54 68 83 98 113 128 143, block3a 158 172 187 202 217 "
        "232 247, block4a 262 276 291 306 321 336 351 366 381 396, block5a 411 424 439 454 469 "
        "484 499 514 529 544, block6a 559 573 588 603 618 633 648 663 678 693 708 723 738, "
        "block7a 753 766 781 796, top_conv 811"
    ),
    "efficientnetv2b0": _parse(
        "stem 0, block1a 6, block2a 9 14, block3a 21 26, block4a 33 46 61, block5a 76 89 104 119 "
        "134, block6a 149 162 177 192 207 222 237 252, top_conv 267"
    ),
    "efficientnetlite0": _parse(
        "stem 0, block1a 5, block2a 10 18, block3a 27 35, block4a 44 52 61, block5a 70 78 87, "
        "block6a 96 104 113 122, block7a 131, top_conv 139"
    ),
    "cnn5": _parse(f"stem 0, block1 {_every(4, 1, 5)}"),
    "danndigits": _parse(f"stem 0, block1 {_every(4, 1, 2)}"),
    "convnexttiny": _parse(
        "stem 0, stage_0_block_0 3 10 17, downsampling_block_0 24, stage_1_block_0 25 32 39, "
        "downsampling_block_1 46, stage_2_block_0 47 54 61 68 75 82 89 96 103, "
        "downsampling_block_2 110, stage_3_block_0 111 118 125"
    ),
    "convnextbase": _parse(
        "stem 0, stage_0_block_0 3 10 17, downsampling_block_0 24, stage_1_block_0 25 32 39, "
        "downsampling_block_1 46, stage_2_block_0 47 54 61 68 75 82 89 96 103 110 117 124 131 138 "
        "145 152 159 166 173 180 187 194 201 208 215 222 229, downsampling_block_2 236, "
        "stage_3_block_0 237 244 251"
    ),
    "resnet18": _parse(
        "stem 0, stack0_block0 8 15, stack1_block0 22 32, stack2_block0 39 49, stack3_block0 56 66"
    ),
    "vitb16": _parse(f"stem 0, block_1 {_every(8, 7, 12)}"),
    "vitl16": _parse(f"stem 0, block_1 {_every(8, 7, 24)}"),
}
