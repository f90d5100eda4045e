"""What does not go with images, or with texts, is said before anything is loaded."""

import pytest

from keras_transfer import embed, pretrain, zeroshot
from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.evaluation.test_time_augmentation import choose_views
from keras_transfer.modalities.table import MODALITIES
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.sources.choose_text_source import read_texts
from keras_transfer.training.plan.preflight import check_names


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "reviews.csv"
    file.write_text("text,label\nA film to see,good\nA film to miss,bad\n")
    return str(file)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"augment": AugmentConfig(flip=True)}, "`augment.flip` must be left out .* texts"),
        ({"augment": AugmentConfig(preset="light")}, "`augment.preset` must be standard or none"),
        ({"data": DataConfig(resize="pad")}, "`data.resize` must be left out .* about pixels"),
        ({"data": DataConfig(value_range="full")}, "`data.value_range` must be left out"),
        ({"data": DataConfig(image_size=64)}, "--data.sequence_length is theirs. Received: 64"),
        ({"data": DataConfig(sequence_length=5000)}, "at most 512 tokens for minilm"),
        ({"backbone": "mobilenetv3small"}, "must take texts, .* Choose --backbone minilm"),
    ],
)
def test_what_only_images_have_is_refused_of_texts(table, settings, line):
    check_names(TrainConfig(dataset=table, augment=AugmentConfig(preset="none")))
    with pytest.raises(ConfigError, match=line):
        check_names(TrainConfig(dataset=table, **settings))


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"data": DataConfig(sequence_length=64)}, "`data.sequence_length` must be left out"),
        ({"backbone": "minilm"}, "must take images, .* Choose --backbone efficientnetb0"),
    ],
)
def test_what_only_texts_have_is_refused_of_images(settings, line):
    with pytest.raises(ConfigError, match=line):
        check_names(TrainConfig(**settings))


def test_a_table_that_is_no_text_is_refused_before_weights_are_looked_for(tmp_path):
    file = tmp_path / "binary.csv"
    file.write_bytes(bytes(range(1, 256)) * 9)
    with pytest.raises(ConfigError, match="A table must be text in UTF-8"):
        check_names(TrainConfig(dataset=str(file)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (zeroshot.main, ["--preset", "any", "--dataset", "TABLE"]),
        (pretrain.main, ["--backbone", "mobilenetv3small", "--images", "TABLE"]),
        (embed.main, ["mobilenetv3small", "TABLE"]),
    ],
)
def test_verbs_for_images_say_that_a_table_holds_texts(table, monkeypatch, tmp_path, call, words):
    monkeypatch.chdir(tmp_path)
    given = [table if word == "TABLE" else word for word in words]
    with pytest.raises(ConfigError, match=r"must hold images\. Received: .*, which holds texts"):
        call(given)


def test_drawn_pictures_are_for_networks_of_images(tmp_path):
    words = ["--backbone", "minilm", "--output", str(tmp_path / "new")]
    with pytest.raises(ConfigError, match="`backbone` must be a network for images"):
        pretrain.main(words)
    assert not (tmp_path / "new").exists()


def test_a_folder_without_texts_is_said_to_have_none(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.png").touch()
    with pytest.raises(ConfigError, match="`dataset` must hold texts"):
        read_texts(str(tmp_path), DataConfig())


def test_texts_have_no_views_to_average_over():
    with pytest.raises(ConfigError, match="`tta` must be 1 where the examples are texts"):
        choose_views(TrainConfig(), MODALITIES["text"], False, 2)
