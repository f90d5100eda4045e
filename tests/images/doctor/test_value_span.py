"""The value range of a set: what it is measured from, and what is said of it."""

import numpy as np
import pytest

from keras_transfer.images.doctor.value_span import (
    measure_set,
    measure_values,
    resolve_range,
    say_values,
)


def of_kind(kind, low, high, images=80):
    kinds = np.full(images, kind)
    return measure_set(kinds, np.tile([low, high], (images, 1)).astype(float))


@pytest.mark.parametrize(
    ("kind", "low", "high", "expected"),
    [
        ("8 bits", 0, 255, "full"),
        ("8 bits", 3, 15, "full"),
        ("16 bits", 82, 4013, "0,4095"),  # near the ends of 12 bits
        ("16 bits", 12, 65011, "0,65535"),
        ("16 bits", 63, 2934, "60,2940"),
        ("32 bits", 3, 250, "0,255"),
        ("32 bits", 0, 1, "0,1"),
        ("32 bits", -1000, 1003, "-1000,1010"),
        ("floats", 0.01, 0.99, "0.0,1.0"),
        ("floats", 20, 4000.5, "0.0,4095.0"),
        ("floats", -998.7, 1003.2, "-1000.0,1010.0"),
        ("floats", 0, 0.00123, "0.0,0.00123"),
        ("16 bits", 5, 5, "5,6"),
        ("floats", 2.5, 2.5, "2.5,3.5"),
    ],
)
def test_a_set_reaches_from_its_smallest_number_to_its_largest(kind, low, high, expected):
    assert resolve_range(of_kind(kind, low, high)) == expected


def test_images_of_8_bits_among_deep_ones_keep_their_scale():
    usual = of_kind("8 bits", 0, 255)
    assert resolve_range(usual | of_kind("16 bits", 0, 4095)) == "0,4095"
    assert resolve_range(usual | of_kind("32 bits", 3, 200)) == "0,255"  # the same scale
    assert resolve_range(usual | of_kind("floats", 0, 1)) == "0.0,1.0"


def test_one_image_of_the_set_does_not_set_its_own_range():
    spans = np.array([[0, 1000.0], [500, 3000.0], [200, 2000.0]])
    values = measure_set(np.full(3, "16 bits"), spans)
    assert resolve_range(values) == "0,3000"
    assert values["16 bits"] == {"images": 3, "low": 0, "high": 3000, "median": 1800.0}


def test_broken_pixels_do_not_count():
    values = np.random.default_rng(0).integers(100, 3000, (200, 200)).astype(np.uint16)
    values[0, :2] = 65535
    low, high, finite = measure_values(values)
    assert 100 <= low < 110
    assert 2980 < high < 3000
    assert finite


def test_numbers_that_are_none_do_not_count():
    values = np.array([[np.nan, -3.0], [np.inf, 4.0]], np.float32)
    assert measure_values(values) == (-3.0, 4.0, False)
    assert measure_values(np.full((2, 2), np.nan)) == (0.0, 0.0, False)


def test_alpha_does_not_count():
    values = np.zeros((4, 4, 4), np.uint16)
    values[..., 3] = 65535
    assert measure_values(values)[:2] == (0.0, 0.0)


@pytest.mark.parametrize(
    ("values", "value_range", "words"),
    [
        (of_kind("8 bits", 0, 15), "full", "a network sees 16 shades of 256"),
        (of_kind("8 bits", 0, 15), "full", "--data.value_range=0,15"),
        (of_kind("16 bits", 0, 3000), "full", "only 0 to 3000 of 0 to 65535"),
        (
            of_kind("16 bits", 0, 3000) | of_kind("8 bits", 0, 255),
            "0,3000",
            "80 in 8 bits); those in 8 bits are read from 0 to 255, the others by 0,3000",
        ),
    ],
)
def test_a_set_that_loses_content_is_warned_of(values, value_range, words):
    _, odd = say_values(values, value_range)
    assert any(words in line for line in odd)


@pytest.mark.parametrize(
    ("values", "value_range"),
    [
        (of_kind("8 bits", 0, 255), "full"),
        (of_kind("8 bits", 0, 15), "0,15"),
        (of_kind("16 bits", 0, 3000), "0,3000"),
        (of_kind("16 bits", 7, 7), "7,8"),
        ({}, "full"),
    ],
)
def test_a_set_that_is_read_well_is_not_warned_of(values, value_range):
    assert say_values(values, value_range)[1] == []


def test_how_a_deep_set_is_read_is_said():
    said, _ = say_values(of_kind("16 bits", 82, 4013), "0,4095")
    assert said == (
        "Values: 82 to 4013 in 16 bits (80 images); 0 becomes 0, 4095 255 (data.value_range)"
    )
    assert say_values(of_kind("8 bits", 0, 255), "full")[0] == ""


def test_a_number_for_what_is_missing_is_warned_of():
    spans = np.array([[0, 250.0]] * 9 + [[-9999, 250.0]])
    values = measure_set(np.full(10, "floats"), spans)
    _, odd = say_values(values, resolve_range(values))
    assert any("a number for what is missing" in line for line in odd)
