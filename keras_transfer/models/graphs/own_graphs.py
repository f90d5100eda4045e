"""The graphs that are built here, since keras.applications lacks them."""

from collections.abc import Callable, Mapping

import keras

from keras_transfer.models.graphs.efficientnet_lite import build_efficientnet_lite0
from keras_transfer.models.graphs.small_networks import build_cnn5, build_danndigits

# What `build` of a row of BACKBONES names; each makes of an image size in pixels a functional model
# from raw RGB, or what the row's `preprocess` says, to the last feature map
# or a vector.
OWN_GRAPHS: Mapping[str, Callable[[int], keras.Model]] = {
    "EfficientNetLite0": build_efficientnet_lite0,
    "CNN5": build_cnn5,
    "DANNDigits": build_danndigits,
}
