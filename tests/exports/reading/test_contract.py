"""What models of any origin take and answer, and what is made of it or refused."""

from pathlib import Path

import numpy as np
import pytest

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.exports.reading.contract import (
    check_usage,
    count_classes,
    judge_answers,
    make_classifier,
    question_sums,
    read_input,
    require_one,
)
from keras_transfer.exports.usage import Usage
from keras_transfer.system.errors import ConfigError

BLACK_AND_WHITE = np.stack([np.full((4, 4, 3), value, np.uint8) for value in (0, 255)])


def take(shape=(None, 4, 4, 3), dtype=np.float32, **more):
    return read_input(shape, dtype, **more)


def ask(call, pixels=BLACK_AND_WHITE, takes=None, **more):
    return make_classifier(call, takes or take(), **more)(pixels)


def answer_mean(images):
    """Answer with the mean of each image and what is left to 1."""
    mean = images.reshape(len(images), -1).mean(axis=1, keepdims=True) / 255
    return np.concatenate([mean, 1 - mean], axis=1).astype(np.float32)


def test_one_sigmoid_is_the_probability_of_the_second_of_two_classes():
    for shape in ((2, 1), (2,), (2, 1, 1, 1)):
        found = ask(lambda images, shape=shape: np.array([0.2, 0.7], np.float32).reshape(shape))
        np.testing.assert_allclose(found, [[0.8, 0.2], [0.3, 0.7]], atol=1e-6)
    assert count_classes(lambda pixels: pixels, (None, 1), 4) == 2


@pytest.mark.parametrize("rows", [1, 3])
def test_other_than_a_row_for_each_image_is_refused(rows):
    with pytest.raises(ConfigError, match=f"row for each example. Received: {rows} for 2 examples"):
        ask(lambda images: np.full((rows, 3), 1 / 3, np.float32))


def test_sides_of_length_one_are_left_out():
    found = ask(lambda images: answer_mean(images)[:, :, None, None])
    np.testing.assert_allclose(found, [[0, 1], [1, 0]])
    with pytest.raises(ConfigError, match="one that answers with"):
        ask(lambda images: np.zeros((2, 3, 4), np.float32))


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_a_fixed_batch_is_filled_and_repeated(batch):
    sizes = []

    def call(images):
        sizes.append(len(images))
        return answer_mean(images)

    pixels = np.concatenate([BLACK_AND_WHITE] * 3)[:5]
    found = ask(call, pixels, take((batch, 4, 4, 3)))
    assert set(sizes) == {batch}
    np.testing.assert_allclose(found, answer_mean(pixels), atol=1e-6)


def test_colours_come_first_where_the_shape_says_so():
    seen = []
    pixels = np.zeros((1, 4, 4, 3), np.uint8)
    pixels[..., 2] = 9

    def call(images):
        seen.append(images)
        return answer_mean(images)

    ask(call, pixels, take((None, 3, 4, 4)))
    assert seen[0].shape == (1, 3, 4, 4)
    assert seen[0][0, 2].min() == 9
    assert not take((None, 3, 3, 3)).channels_first
    with pytest.raises(ConfigError, match=r"must take \(batch, side, side, 3\)"):
        take((None, 3, 4, 4), ordered=True)  # of Keras, whose layers expect the colours last


@pytest.mark.parametrize(
    "shape", [(None, None, None, 3), (None, 4, 5, 3), (None, 4, 4, 1), (None, 48), (), (1, 3, 1, 1)]
)
def test_what_takes_no_squares_of_three_colours_is_refused(shape):
    with pytest.raises(ConfigError, match=r"must take \(batch, side, side, 3\)"):
        take(shape)


@pytest.mark.parametrize(
    ("dtype", "quantization", "span", "wanted"),
    [
        (np.uint8, (0.0, 0), None, (0, 255)),  # nothing is said: bytes as they are
        (np.uint8, (1.0, 0), None, (0, 255)),
        (np.int8, (1.0, -128), None, (-128, 127)),
        (np.int8, (1 / 255, -128), None, (-128, 127)),  # [0, 1]
        (np.int8, (2 / 255, 0), None, (-128, 127)),  # [-1, 1]
        (np.uint8, (4.7 / 255, 114), None, (0, 255)),  # [-2.1, 2.6]: no known span
        (np.uint8, (2.0, 0), None, (0, 128)),  # it would take brighter images still
        (np.uint8, (10 / 255, 0), (0.0, 255.0), (0, 255)),  # a dark sample set its range
        (np.int32, (0.0, 0), None, (0, 255)),
        (np.float16, (0.0, 0), None, (0, 255)),
    ],
)
def test_whole_numbers_mean_what_the_file_says(dtype, quantization, span, wanted):
    images = take(dtype=dtype, quantization=quantization).prepare(BLACK_AND_WHITE, span)
    assert images.dtype == dtype
    assert (images[0].max(), images[1].min()) == wanted


def test_answers_in_bytes_are_scaled_as_the_file_says():
    bytes_ = np.array([[-128, 127], [0, 0]], np.int8)
    found = ask(lambda images: bytes_, answer=(1 / 256, -128))
    np.testing.assert_allclose(found, [[0, 255 / 256], [0.5, 0.5]])


def test_numbers_of_unknown_meaning_are_refused():
    with pytest.raises(ConfigError, match="neither scale nor zero point"):
        take(dtype=np.int8)
    with pytest.raises(ConfigError, match="takes object"):
        take(dtype=object)
    for answer in (np.array([1, 0]), np.array([["cat"], ["dog"]])):
        with pytest.raises(ConfigError, match="must answer with probabilities"):
            ask(lambda images, answer=answer: answer)


def test_several_inputs_or_outputs_are_named():
    with pytest.raises(ConfigError, match=r"one output. Received: 2 of them, boxes, scores"):
        require_one("output", ["boxes", "scores"])


def test_classes_that_the_shape_leaves_open_are_counted_in_an_answer():
    classify = make_classifier(answer_mean, take())
    assert count_classes(classify, ["n", "classes"], 4) == 2
    assert count_classes(classify, [], 4) == 2


@pytest.mark.parametrize(
    ("names", "said", "message"),
    [
        (("a",), {}, "Received: 1 names and 2 classes"),
        (("a", "b", "c"), {}, "Received: 3 names and 2 classes"),
        ((1, 2), {}, "a name for each class"),
        (("a", "b"), {"resize": "squash"}, "one of crop, pad, stretch. Received: 'squash'"),
        (("a", "b"), {"resize": ""}, "Received: ''. So says m.onnx: write there how"),
        (("a", "b"), {"crop_fraction": 2.0}, "above 0 and at most 1. Received: 2.0"),
        (("a", "b"), {"interpolation": "area"}, "bilinear, bicubic. Received: 'area'"),
        (("a", "b"), {"value_range": "9,1"}, "LOW,HIGH such as 0,4095. Received: '9,1'"),
    ],
)
def test_what_is_said_of_a_model_must_fit_it(names, said, message):
    usage = Usage(class_names=names, preparation=Preparation(**said))
    with pytest.raises(ConfigError, match=message):
        check_usage(usage, 2, Path("m.onnx"))


def test_an_image_that_is_answered_with_nan_is_named_and_the_others_are_kept():
    answers = np.array([[0.5, 0.5], [np.nan, 0.5], [np.nan, np.nan]])
    found = judge_answers(answers, ["", "", "broken"], Path("m"))
    assert found.tolist() == ["", "the model answers with NaN", "broken"]


def test_logits_are_refused_and_sums_other_than_one_are_questioned():
    with pytest.raises(ConfigError, match=r"from -2 to 3 of m. If these are logits"):
        judge_answers(np.array([[-2.0, 3.0]]), [""], Path("m"))
    assert judge_answers(np.array([[-2.0, 3.0]]), ["broken"], Path("m")).tolist() == ["broken"]
    assert "sum to 1.80, not to 1" in question_sums(np.array([[0.9, 0.9]]), Path("m"))
    assert question_sums(np.array([[0.9, 0.2]]), Path("m")) == ""
