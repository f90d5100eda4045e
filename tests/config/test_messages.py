import pytest

from keras_transfer.config.messages import count_of


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((1, "image"), "1 image"),
        ((0, "image"), "0 images"),
        ((1234, "image"), "1,234 images"),
        ((1, "class"), "1 class"),
        ((2, "class"), "2 classes"),
        ((1, "epoch"), "1 epoch"),
        ((2, "epoch"), "2 epochs"),
        ((2, "entry", "entries"), "2 entries"),
        ((1, "row repeats", "rows repeat"), "1 row repeats"),
        ((2, "row repeats", "rows repeat"), "2 rows repeat"),
    ],
)
def test_a_number_of_things_is_said_as_a_person_would(words, said):
    assert count_of(*words) == said
