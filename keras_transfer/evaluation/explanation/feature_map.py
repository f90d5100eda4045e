"""What a network has at places of the image, and the scores behind its probabilities, made visible.

At places it has a feature map, or tokens that look at one another.
"""

import math
from typing import Any, NamedTuple

import keras

from keras_transfer.system.errors import ConfigError

LEAST_SIDE = 3  # places in a row: a map of fewer tells no place, so an earlier one is taken
MOST_BESIDE = 5  # tokens that are no places: one for the class, four registers
PIXEL_CHANNELS = 3  # an array of no more is still the image, not features of it
SOFTMAX, SIGMOID = "softmax", "sigmoid"


class Opened(NamedTuple):
    """A network that also shows what lies inside it; its weights are those of the model."""

    network: keras.Model
    """From images (batch, side, side, 3) to the last feature map (batch, rows, columns, channels),
    and the scores of the classes. Where tokens come after it, to the attentions (batch, heads,
    tokens, tokens), in order, and the scores."""
    kind: str
    """What makes answers of scores: `SOFTMAX`, `SIGMOID`, or "" where nothing known does, and the
    scores are the answers."""
    attends: bool = False
    """Whether it shows attentions in the place of a feature map."""


def open_network(model: keras.Model) -> Opened:
    """Show what a classifier has at places of the image, however deep in models in models it lies.

    It is the last tensor (batch, rows, columns, channels) on the way to the answer that has at
    least `LEAST_SIDE` rows and columns. That of a backbone at its own image size is its output. A
    Vision Transformer has none after its first layer: what counts is which tokens its layers of
    `MultiHeadAttention` look at.

    Args:
        model: Functional or sequential, of one input and one output. Its layers are called once
            more, which changes nothing of what it does.

    Raises:
        ConfigError: It has neither, or its layers cannot be followed.
    """
    follower = _Follower()
    try:
        (taken,) = model.inputs
        images = keras.Input(taken.shape[1:], dtype=taken.dtype, name="images")
        answers = follower.call_model(model, images)
    except Exception as error:  # Keras raises what it likes on models of other kinds
        raise ConfigError(_say_need("one that it cannot follow")) from error
    shown = follower.attentions or [follower.features]
    if None in shown:
        raise ConfigError(_say_need("one without"))
    layer, inputs, _ = follower.last
    kind = _find_kind(layer)
    scores = _call_without(layer, inputs[0]) if kind else answers
    return Opened(keras.Model(images, [*shown, scores]), kind, bool(follower.attentions))


def _say_need(received: str) -> str:
    return (
        "A model that is explained must have a feature map: numbers at "
        f"{LEAST_SIDE} x {LEAST_SIDE} places or more, as layers of convolutions leave them, which "
        f"Keras can follow to the answer. Received: {received}."
    )


class _Follower:
    """Calls the layers of a model once more, and remembers what it sees on the way."""

    def __init__(self) -> None:
        self.features: keras.KerasTensor | None = None
        self.attentions: list[keras.KerasTensor] = []  # after it
        self.last: tuple[Any, Any, Any] = (None, None, None)  # the last layer called: it, in, out

    def call_model(self, model: keras.Model, inputs: keras.KerasTensor) -> Any:
        """Call each layer of a model, and those of models in it that the feature map may be in."""
        (answer,) = model.outputs
        keras.models.clone_model(
            keras.Model(model.inputs, answer),  # of a sequential one, too
            input_tensors=[inputs],
            clone_function=lambda layer: layer,
            call_function=self.call_layer,
        )
        # The last layer called is the one that answers. What the clone itself says it answers with
        # is a copy, if `inputs` is what another layer made.
        return self.last[-1]

    def call_layer(self, layer: Any, *inputs: Any, **words: Any) -> Any:
        """Call a layer as its model does."""
        is_model = isinstance(layer, keras.Model) and len(layer.inputs) == len(layer.outputs) == 1
        if is_model and not _is_map(layer.outputs[0]):
            return self.call_model(layer, inputs[0])
        if isinstance(layer, keras.layers.MultiHeadAttention) and find_side(inputs[0].shape):
            answer, attention = _Attending(layer)(*inputs, **words)
            self.attentions.append(attention)
        else:
            answer = layer(*inputs, **words)
        self.last = layer, inputs, answer
        if _is_map(answer) and not isinstance(layer, keras.layers.ZeroPadding2D):
            self.features = answer  # one with a margin would not lie on the square
            self.attentions = []
        return answer


class _Attending(keras.layers.Layer):
    """A layer of attention that says what it looks at.

    One of its own: Keras finds no second output of a layer that had one when it was first called.
    """

    def __init__(self, attention: keras.layers.MultiHeadAttention) -> None:
        super().__init__(autocast=False)
        self.attention = attention

    def call(self, *inputs: Any, **words: Any) -> Any:
        return self.attention(*inputs, **words, return_attention_scores=True)


def find_side(shape: tuple[int | None, ...]) -> int:
    """Return how many tokens (batch, tokens, channels) lie in a row of their square; 0: none do.

    Up to `MOST_BESIDE` stand before those of the places: for the class, and what else is learned.
    """
    if len(shape) != 3 or not isinstance(shape[1], int):
        return 0
    side = math.isqrt(shape[1])
    return side if side >= LEAST_SIDE and shape[1] - side * side <= MOST_BESIDE else 0


def _is_map(tensor: Any) -> bool:
    shape = tuple(getattr(tensor, "shape", ()))
    if len(shape) != 4 or None in shape[1:]:
        return False
    _, rows, columns, channels = shape
    return bool(min(rows, columns) >= LEAST_SIDE and channels > PIXEL_CHANNELS)


def _find_kind(layer: Any) -> str:
    """Return the name of the function that a layer makes probabilities with, if it does."""
    if isinstance(layer, keras.layers.Softmax):
        return SOFTMAX
    kinds = {keras.activations.softmax: SOFTMAX, keras.activations.sigmoid: SIGMOID}
    return kinds.get(getattr(layer, "activation", None), "")


def _call_without(layer: Any, inputs: Any) -> Any:
    """Return what a layer gives before its softmax or sigmoid."""
    if isinstance(layer, keras.layers.Softmax | keras.layers.Activation):
        return inputs
    config = layer.get_config() | {"activation": "linear", "name": f"{layer.name}_scores"}
    plain = type(layer).from_config(config)
    scores = plain(inputs)
    plain.set_weights(layer.get_weights())  # a copy, of a few numbers a class
    return scores
