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
EVEN = 0.01  # of the way from black to white, that grey may lie beside the middle
SIDE = 32  # pixels of the images that are asked


def scales_pixels(graph: keras.Model) -> bool:
    """Tell whether a network scales pixels in [0, 255] itself, by layers before its first features.

    Black, grey and white are sent through these layers: where they come out as networks take them,
    in equal steps, raw pixels are expected. A network that scales from [0, 1] to [-1, 1] gives 509
    for white, and one that clips to [0, 1] the same for grey as for white. All branches must scale.

    Args:
        graph: A flat graph with the values of its weights.
    """
    ends = _find_ends(graph)
    if any(end is graph.inputs[0] for end in ends):
        return False
    bottom = keras.Model(graph.inputs[0], ends)
    height, width = (side or SIDE for side in graph.inputs[0].shape[1:3])
    shades = (np.full((1, height, width, 3), each, "float32") for each in (0.0, 127.5, 255.0))
    answers = [[np.asarray(each)[0] for each in bottom(shade)] for shade in shades]
    return all(_is_scaled(*shaded) for shaded in zip(*answers, strict=True))


def _find_ends(graph: keras.Model) -> list[keras.KerasTensor]:
    """Return the tensors of pixels that something else than a layer of pixels takes."""
    pixels, ends = {id(graph.inputs[0])}, dict[int, keras.KerasTensor]()
    for operation in graph.operations[1:]:  # the first is the input
        taken = keras.tree.flatten(operation.input)
        if type(operation).__name__ in PIXELWISE and all(id(each) in pixels for each in taken):
            pixels.update(id(each) for each in keras.tree.flatten(operation.output))
        else:
            ends.update({id(each): each for each in taken if id(each) in pixels})
    return [*ends.values()] or list(graph.outputs)


def _is_scaled(black: np.ndarray, grey: np.ndarray, white: np.ndarray) -> bool:
    middle = black.shape[0] // 2, black.shape[1] // 2  # where no margin is
    black, grey, white = black[middle], grey[middle], white[middle]
    span = np.abs(white - black).max()
    even = np.abs(white + black - 2 * grey).max() <= EVEN * span
    return bool(even and (span <= WIDEST or black.max() < CENTRED))
