"""Filter gradients of depthwise convolutions, in the shape that CPUs compute quickly."""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

QUICK = 3  # columns of a kernel: wider ones run as dense convolutions of 16 channels in oneDNN


@contextlib.contextmanager
def quick_filter_gradients(model: keras.Model) -> Iterator[None]:
    """Have steps that are traced meanwhile compute the gradients of wide depthwise kernels faster.

    The numbers are those of TensorFlow but for the rounding of sums. Layers stay of their class, so
    what is saved meanwhile is as ever. On GPUs, in 16 bits, and for layers that do more than
    convolve, nothing changes.

    Args:
        model: Its depthwise convolutions are meant, nested ones too.
    """
    gpus = tf.config.list_logical_devices("GPU")
    layers = [] if gpus else [layer for layer in model._flatten_layers() if _is_meant(layer)]
    for layer in layers:
        layer.call = functools.partial(_call, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call  # that of its class is back


def find_filter_gradient(images: Any, kernel: Any, upstream: Any, stride: int, padding: str) -> Any:
    """Return the gradient of a depthwise convolution by its kernel, some columns at a time.

    Args:
        images: (batch, rows, columns, channels), what was convolved.
        kernel: (height, width, channels, 1).
        upstream: (batch, rows, columns, channels), the gradient by what came out.
        stride: Of rows and columns.
        padding: SAME or VALID.
    """
    height, width = kernel.shape[:2]
    rows, columns = ((size - 1) * stride for size in upstream.shape[1:3])  # from first to last
    missing = rows + height - images.shape[1], columns + width - images.shape[2]
    top, left = (max(each, 0) // 2 if padding == "SAME" else 0 for each in missing)
    pieces = []
    for begin in range(0, width, QUICK):
        some = min(QUICK, width - begin)
        window = _take_window(images, (-top, begin - left), (rows + height, columns + some))
        pieces.append(
            tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
                input=window,
                filter_sizes=[height, some, *kernel.shape[2:]],
                out_backprop=upstream,
                strides=[1, stride, stride, 1],
                padding="VALID",
            )
        )
    return tf.concat(pieces, axis=1)


def _take_window(images: Any, begins: tuple[int, int], sizes: tuple[int, int]) -> Any:
    """Return so many rows and columns from somewhere on, zeros where the images have none."""
    inside, around = [], []
    for begin, size, whole in zip(begins, sizes, images.shape[1:3], strict=True):
        inside.append(slice(max(begin, 0), begin + size))
        around.append([max(-begin, 0), max(begin + size - whole, 0)])
    return tf.pad(images[:, *inside], [[0, 0], *around, [0, 0]])


def _is_meant(layer: keras.layers.Layer) -> bool:
    return (
        type(layer) is keras.layers.DepthwiseConv2D
        and layer.kernel_size[1] > QUICK
        and layer.strides[0] == layer.strides[1]
        and layer.dilation_rate == (1, 1)
        and layer.depth_multiplier == 1
        and layer.data_format == "channels_last"
        and layer.compute_dtype == "float32"
        and not layer.use_bias
        and layer.activation is keras.activations.linear
    )


def _call(layer: Any, images: Any) -> Any:
    if None in images.shape[1:]:  # how to cut them is decided here, not in the graph
        return type(layer).call(layer, images)
    stride, padding = layer.strides[0], layer.padding.upper()
    strides = [1, stride, stride, 1]

    @tf.custom_gradient
    def convolve(images: Any, kernel: Any) -> tuple[Any, Any]:
        convolved = tf.nn.depthwise_conv2d(images, kernel, strides, padding)

        def find_gradients(upstream: Any) -> tuple[Any, Any]:
            upstream = tf.ensure_shape(upstream, convolved.shape)
            by_images = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=tf.shape(images),
                filter=kernel,
                out_backprop=upstream,
                strides=strides,
                padding=padding,
            )
            return by_images, find_filter_gradient(images, kernel, upstream, stride, padding)

        return convolved, find_gradients

    return convolve(images, tf.convert_to_tensor(layer.kernel))
