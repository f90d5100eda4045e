"""What a network does to pixels before its first features: whether it scales them itself."""

import keras
import numpy as np

# Names of classes, of layers and of bare operations, that keep a pixel a pixel.
PIXELWISE = (
    *("InputLayer", "Rescaling", "Normalization", "Resizing", "CenterCrop", "ZeroPadding2D"),
    *("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Negative", "GetItem", "Stack"),
    *("Concatenate", "Flip", "Cast", "Identity", "Split", "Unstack", "Clip"),
)
WIDEST = 12.0  # from black to white, once scaled by deviations
CENTRED = -50.0  # black, once means were subtracted from [0, 255]
SIDE = 32  # pixels of the two images that are asked


def scales_pixels(graph: keras.Model) -> bool:
    """Tell whether a network scales pixels in [0, 255] itself, by layers before its first features.

    Black and white are sent through these layers: where they come out as networks take them, raw
    pixels are expected. A network that scales from [0, 1] to [-1, 1] gives 509 for white.

    Args:
        graph: A flat graph with the values of its weights.
    """
    first = next((op for op in graph.operations if type(op).__name__ not in PIXELWISE), None)
    scaled = graph.outputs[0] if first is None else keras.tree.flatten(first.input)[0]
    if scaled is graph.inputs[0]:
        return False
    bottom = keras.Model(graph.inputs[0], scaled)
    height, width = (side or SIDE for side in graph.inputs[0].shape[1:3])
    ends = (np.full((1, height, width, 3), each, "float32") for each in (0.0, 255.0))
    black, white = (np.asarray(bottom(each))[0] for each in ends)
    middle = black.shape[0] // 2, black.shape[1] // 2  # where no margin is
    black, white = black[middle], white[middle]
    spans = np.abs(white - black)
    return bool(spans.max() <= WIDEST or black.max() < CENTRED)
