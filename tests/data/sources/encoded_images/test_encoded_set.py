import os

import pytest

from keras_transfer.data.sources import cached_data_sets
from keras_transfer.data.sources.encoded_images.encoded_set import (
    EncodedImage,
    EncodedSet,
    read_encoded,
)
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def make(draw):
    def make(*labels, name="p.png", size=0, names=None):
        images = [EncodedImage(name, draw(k), label, "") for k, label in enumerate(labels)]
        return EncodedSet(
            source="hf",
            where="here",
            name="my set",
            identity=repr(labels),
            class_names=names,
            size=size,
            read=lambda: iter(images),
        )

    return make


def test_names_from_outside_cannot_lead_out_of_the_cache(make, cache):
    examples = read_encoded(make("../../x", "a/b", "." * 300, name="../../../y\0z.png"))
    assert sorted(examples.class_names) == ["." * 300, "../../x", "a/b"]
    assert [*cache.parent.iterdir()] == [cache]
    assert all((examples.root / path).resolve().is_relative_to(cache) for path in examples.paths)
    assert examples.root.name.startswith("my_set-")


def test_disk_without_room_is_said_before_the_first_byte(make, cache, monkeypatch):
    monkeypatch.setattr(cached_data_sets, "free_disk", lambda folder: 10**6)
    with pytest.raises(ConfigError, match=r"Received: 2 GB to copy, 1 MB free in .*cache/hf"):
        read_encoded(make("a", size=2 * 10**9))
    assert os.listdir(cache / "hf") == []
    assert len(read_encoded(make("a", size=10**6)).paths) == 1


@pytest.mark.parametrize("given", [None, ("a\nb",)])
def test_class_name_that_is_no_line_is_refused_before_it_is_written(make, cache, given):
    with pytest.raises(ConfigError, match="one line of text"):
        read_encoded(make("a\nb", names=given))
    assert not cache.exists() or os.listdir(cache / "hf") == []
