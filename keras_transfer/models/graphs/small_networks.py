"""Small networks to train from random weights: nobody has pretrained them, and a CPU trains them.

Both take RGB in [0, 1] and have BatchNorm after each convolution, which their sources lack: what
adapts statistics needs it, and training reaches the same accuracy in fewer epochs.
"""

import keras

CNN5_FILTERS = (32, 64, 128, 256, 512)
DIGITS_FILTERS = (32, 48)


def build_cnn5(image_size: int) -> keras.Model:
    """Build five times convolution, BatchNorm, ReLU and max-pooling, with random weights.

    It is the network of introductions to deep learning: 3 x 3 kernels, and twice the filters
    wherever the map is halved. A mean over the map follows, not its flattening and a wide dense
    layer: so it has 1.6 million parameters at every image size.

    Args:
        image_size: Side of the input in pixels, 32 or more.

    Returns:
        A functional model from RGB in [0, 1], (batch, image_size, image_size, 3), to the last
        feature map, (batch, image_size / 32 rounded down, the same, 512).

    References:
        Chollet 2021, Deep learning with Python, 2nd edition, chapter 8: convolutions and
        max-pooling in turn, from 32 filters on.
    """
    x = pixels = keras.Input((image_size, image_size, 3))
    for number, filters in enumerate(CNN5_FILTERS, start=1):
        x = _add_block(x, f"block{number}", filters, kernel=3, padding="same")
    return keras.Model(pixels, x, name="cnn5")


def build_danndigits(image_size: int) -> keras.Model:
    """Build the feature extractor of the digit network of the DANN paper, with random weights.

    Its map is flattened, as the paper's label predictor and domain classifier take it. The former
    is a head with one hidden layer of 100 (the paper: two).

    Args:
        image_size: Side of the input in pixels, 16 or more; the paper's is 28.

    Returns:
        A functional model from RGB in [0, 1], (batch, image_size, image_size, 3), to the flattened
        map: (batch, 768) at 28 pixels.

    References:
        Ganin et al. 2016, Domain-adversarial training of neural networks, figure 4a (MNIST).
    """
    x = pixels = keras.Input((image_size, image_size, 3))
    for number, filters in enumerate(DIGITS_FILTERS, start=1):
        x = _add_block(x, f"block{number}", filters, kernel=5, padding="valid")
    x = keras.layers.Flatten(name="flatten")(x)
    return keras.Model(pixels, x, name="danndigits")


def _add_block(
    x: keras.KerasTensor, name: str, filters: int, kernel: int, padding: str
) -> keras.KerasTensor:
    x = keras.layers.Conv2D(filters, kernel, padding=padding, use_bias=False, name=f"{name}_conv")(
        x
    )
    x = keras.layers.BatchNormalization(name=f"{name}_bn")(x)
    x = keras.layers.ReLU(name=f"{name}_relu")(x)
    return keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)
