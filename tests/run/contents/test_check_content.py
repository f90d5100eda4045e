"""Which values are of a kind, and how a wrong one is named."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest

from keras_transfer.run.contents.check_content import Count, Share, WrongContent, check_content


class Inner(TypedDict):
    share: Share
    words: NotRequired[list[str]]


class Outer(TypedDict):
    inner: dict[Literal["a", "b"], Inner]
    pair: tuple[int, float]


@dataclass
class Facts:
    count: int
    rows: list[list[str]]


GOOD = {"inner": {"a": {"share": 1, "words": ["x"]}, "b": {"share": 0.5}}, "pair": [1, 2.5]}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (GOOD, Outer),
        (GOOD | {"of a later version": None}, Outer),
        ({"count": 3, "rows": [["a"], []]}, Facts),
        ({}, Facts),  # an earlier version had fewer
        (None, str | None),
        ("x", str | None),
        (1.0000001, Share),  # a mean in float32
        ([object()], list[Any]),
    ],
)
def test_what_is_of_a_kind_passes(value, kind):
    check_content(value, kind)


@pytest.mark.parametrize(
    ("change", "place", "must"),
    [
        ({"inner": []}, "inner", "an object"),
        ({"inner": {"c": {"share": 1}}}, "a name in inner", "one of a, b"),
        ({"inner": {"a": {}}}, "inner.a.share", "a number from 0 to 1"),
        ({"inner": {"a": {"share": 1.5}}}, "inner.a.share", "a number from 0 to 1"),
        ({"inner": {"a": {"share": True}}}, "inner.a.share", "a number"),
        ({"inner": {"a": {"share": 1, "words": [None]}}}, "inner.a.words[0]", "text"),
        ({"pair": [1]}, "pair", "a list of 2"),
        ({"pair": [1.0, 1]}, "pair[0]", "a whole number"),
        ({"pair": [1, float("nan")]}, "pair[1]", "a number"),
        ({"pair": [1, 10**5000]}, "pair[1]", "a number"),
    ],
)
def test_what_is_not_is_named_by_its_place(change, place, must):
    with pytest.raises(WrongContent) as caught:
        check_content(GOOD | change, Outer)
    assert (caught.value.place, caught.value.must) == (place, must)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, str | None),
        (-1, Count),
        (10**400, Count),
        (True, int),
        ("1", float),
        (float("inf"), Annotated[float, (0, 5)]),
        ({"count": 3, "rows": [["a", 1]]}, Facts),
        ([], dict[str, int]),
        ({}, list[int]),
    ],
)
def test_what_is_of_another_kind_is_refused(value, kind):
    with pytest.raises(WrongContent):
        check_content(value, kind)


def test_long_values_are_cut():
    with pytest.raises(WrongContent) as caught:
        check_content(json.loads('["' + "x" * 10_000 + '"]'), list[int])
    assert len(str(caught.value)) < 200
