import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.sources.choose_text_source import looks_like_text, read_texts

datasets = pytest.importorskip("datasets", reason="needs the extra [hf]")
TEXTS = ["a good film", "a bad film", "such fun", "so dull here"]


@pytest.fixture
def part():
    kinds = {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    rows = {"text": TEXTS, "label": [1, 0, 1, 0]}
    return datasets.Dataset.from_dict(rows, features=datasets.Features(kinds))


def test_a_set_that_was_saved_is_read_with_its_splits_and_names(part, tmp_path):
    unlabelled = part.map(lambda row: {"label": -1})
    several = {"train": part, "test": part, "unsupervised": unlabelled}
    datasets.DatasetDict(several).save_to_disk(tmp_path / "reviews")
    for word in (f"hf:{tmp_path}/reviews", f"{tmp_path}/reviews"):
        assert looks_like_text(word)
        found = read_texts(word, DataConfig())
        assert found.source == "hf"
        assert found.class_names == ("neg", "pos")
        assert found.labels.tolist() == [1, 0, 1, 0] * 2
        assert found.splits.tolist() == ["train"] * 4 + ["test"] * 4
        assert found.contents[:4, 0].tolist() == TEXTS
        assert found.paths[0] == "reviews:1"


def test_a_set_of_pairs_without_named_classes_is_read(part, tmp_path):
    pairs = part.rename_column("text", "premise").add_column("hypothesis", TEXTS)
    pairs.cast_column("label", datasets.Value("int64")).save_to_disk(tmp_path / "pairs")
    found = read_texts(f"hf:{tmp_path}/pairs", DataConfig())
    assert found.contents.tolist() == [[text, text] for text in TEXTS]
    assert found.class_names == ("0", "1")


def test_a_set_of_images_or_without_labels_is_none_of_texts(part, tmp_path):
    columns = {"text": [{"bytes": b"", "path": None}] * 4, "label": [0, 1, 0, 1]}
    kinds = datasets.Features(text=datasets.Image(), label=datasets.Value("int64"))
    datasets.Dataset.from_dict(columns, kinds).save_to_disk(tmp_path / "images")
    assert not looks_like_text(f"hf:{tmp_path}/images")
    part.remove_columns("label").save_to_disk(tmp_path / "bare")
    with pytest.raises(ConfigError, match="must have a text, or two, and a label"):
        read_texts(f"hf:{tmp_path}/bare", DataConfig())


def test_sets_of_the_hub_are_known_by_their_names():
    assert looks_like_text("hf:imdb")
    assert looks_like_text("hf:stanfordnlp/imdb")
    assert looks_like_text("hf:glue:sst2")
    assert not looks_like_text("hf:food101")
