"""Embedding texts: by a text encoder, and by a run of texts."""

import numpy as np
import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.embed import embed_images
from keras_transfer.run.load_settings import load_run_config

pytestmark = pytest.mark.thorough


def test_a_run_and_its_backbone_see_the_same_texts_alike(reported_run, odd_reviews):
    by_run = embed_images(reported_run.path)
    data = DataConfig(sequence_length=load_run_config(reported_run).data.sequence_length)
    by_backbone = embed_images("tiny_text", odd_reviews, weights="none", data=data)
    assert by_run.noun == by_backbone.noun == "text"
    assert {*by_run.splits} == {"train", "validation", "test"}
    rows = {path: row for row, path in enumerate(by_backbone.paths.tolist())}
    wanted = by_backbone.vectors[[rows[path] for path in by_run.paths.tolist()]]
    np.testing.assert_allclose(by_run.vectors, wanted, atol=1e-4)


def test_how_far_two_sets_of_texts_are_apart_is_measured(reported_run, odd_reviews, tmp_path):
    others = tmp_path / "others.csv"
    others.write_text(
        "text,label\n" + "".join(f"not {n} a,good\nvery {n} b,bad\n" for n in range(30))
    )
    found = embed_images(reported_run.path, [str(odd_reviews), str(others)])
    gap = found.measure_gap()
    assert gap is not None
    assert (gap.source_images, gap.target_images) == (60, 60)
    assert "60 and 60 texts" in gap.describe(noun=found.noun)
