import pytest

from keras_transfer.config.lookup import lookup, suggest
from keras_transfer.system.errors import ConfigError

TABLE = {"efficientnetb0": 1, "efficientnetb3": 2, "resnet50": 3}


def test_lookup_returns_the_row():
    assert lookup(TABLE, "backbone", "resnet50") == 3


def test_unknown_names_are_answered_with_close_ones():
    with pytest.raises(ConfigError) as caught:
        lookup(TABLE, "backbone", "efficentnetb0")
    expected = (
        "Unknown backbone 'efficentnetb0'. Did you mean 'efficientnetb0' or 'efficientnetb3'?"
    )
    assert str(caught.value) == expected


def test_names_like_no_other_are_answered_with_all_of_them():
    with pytest.raises(ConfigError) as caught:
        lookup({"none": 1, "light": 2}, "augment.preset", "rotate")
    assert str(caught.value) == "Unknown augment.preset 'rotate'. Known: none, light."


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("efficentnetb0", "Did you mean 'efficientnetb0'?"),
        ("RESNET50", "Did you mean 'ResNet50'?"),
        ("zzz", "Known: efficientnetb0, ResNet50."),
    ],
)
def test_suggest_gives_close_names_in_their_own_spelling_or_all_of_them(name, answer):
    assert suggest(name, ["efficientnetb0", "ResNet50"]) == answer
