import pytest

from keras_transfer.data.sources.encoded_images.image_columns import Column, choose_columns
from keras_transfer.system.errors import ConfigError

IMAGE, LABEL = Column("photo", "image", "Image"), Column("y", "classes", "2 classes", ("a", "b"))
TEXT = Column("caption", "value", "string")


def test_only_column_of_its_kind_is_it_whatever_it_is_called():
    assert choose_columns("x", [TEXT, LABEL, IMAGE], "") == (IMAGE, LABEL)


def test_bytes_and_plain_values_count_where_nothing_better_is_there():
    content, species = Column("jpg", "bytes", "binary"), Column("Species", "value", "string")
    assert choose_columns("x", [content, species, TEXT], "") == (content, species)
    assert choose_columns("x", [content, species, IMAGE, LABEL], "") == (IMAGE, LABEL)


def test_label_is_taken_among_several(caplog):
    caplog.set_level("INFO")
    label = Column("label", "classes", "3 classes", ("a", "b", "c"))
    assert choose_columns("x", [IMAGE, LABEL, label], "") == (IMAGE, label)
    assert "x: not used: the columns y" in caplog.text


def test_columns_that_cannot_be_told_are_named():
    with pytest.raises(ConfigError, match=r"photo \(Image\), caption \(string\)\. Do\."):
        choose_columns("x", [IMAGE, TEXT], "Do.")
    with pytest.raises(ConfigError, match="x with the columns nothing"):
        choose_columns("x", [], "")
