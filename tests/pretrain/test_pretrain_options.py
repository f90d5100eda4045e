"""The command line of two ways to make weights."""

import pytest

from keras_transfer.pretrain import main
from keras_transfer.pretrain.picture_settings import PretrainConfig
from keras_transfer.pretrain.pretrain_options import read_config
from keras_transfer.pretrain.self_supervised.self_supervised_settings import (
    LEAST_EPOCHS,
    LEAST_STEPS,
    VIEWS,
    SelfSupervisedConfig,
)
from keras_transfer.system.errors import ConfigError


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--images", "x", "--pictures", "9"], "`pictures` must be left out with --images"),
        (["--weights", "bundled"], "`weights` must be left out without --images"),
        (["--augment.flip", "false"], "`augment` must be left out without --images"),
        (["--images", "x", "--augment.cutmix", "1"], "`augment.cutmix` must be 0 with --images"),
        (["--images", "x", "--batch_size", "1"], "`batch_size` must be from 2 to 1,000,000 with"),
        (["--images", "x", "--temperature", "0"], "`temperature` must be from 0.01 to 100"),
        (["--images", "x", "--backbone", "resnet5"], "Did you mean 'resnet50'"),
        (["--images", "x", "--weights", "nowhere.h5"], "`weights` must be auto, imagenet"),
        (["--images", "x", "--side", "8"], "`side` must be"),
        (["--images", ""], "`images` must be at least one letter long"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(words, message, tmp_path):
    with pytest.raises(ConfigError) as error:
        main([*words, "--output", str(tmp_path / "new")])
    assert message in str(error.value)
    assert not (tmp_path / "new").exists()


def test_a_file_may_say_it_and_options_win(tmp_path):
    (tmp_path / "a.yaml").write_text("images: photos\nepochs: 5\naugment:\n  crop: 0.5\n")
    words = ["--config", str(tmp_path / "a.yaml"), "--epochs", "6", "--augment.flip", "false"]
    config, _ = read_config(words)
    assert (config.epochs, config.augment.crop, config.augment.flip) == (6, 0.5, False)
    assert config.augment.rotation == VIEWS.rotation
    (tmp_path / "a.yaml").write_text("images: photos\naugment:\n  crp: 0.5\n")
    with pytest.raises(ConfigError, match=r"'augment.crp'. Did you mean 'augment.crop'"):
        read_config(["--config", str(tmp_path / "a.yaml")])
    (tmp_path / "a.yaml").write_text("images: photos\naugment: strong\n")
    with pytest.raises(ConfigError, match="`augment` must be a section"):
        read_config(["--config", str(tmp_path / "a.yaml")])


def test_a_preset_stands_for_all_changes():
    config, _ = read_config(["--images", "photos", "--augment.preset", "strong"])
    assert (config.augment.preset, config.augment.crop) == ("strong", None)


def test_what_is_printed_is_read_to_the_same(tmp_path, capsys):
    words = ["--images", "photos", "--augment.flip", "false", "--seed", "3"]
    assert main([*words, "--print_config"]) == 0
    (tmp_path / "a.yaml").write_text(capsys.readouterr().out)
    assert read_config(["--config", str(tmp_path / "a.yaml")]) == read_config(words)


def test_the_help_names_the_defaults_of_both_ways(capsys):
    with pytest.raises(SystemExit):
        main(["--help", "all"])
    page, images = " ".join(capsys.readouterr().out.split()), SelfSupervisedConfig(images="x")
    assert f"{images.batch_size} with --images. [{PretrainConfig.batch_size}]" in page
    assert f"{images.learning_rate:g} with --images. [{PretrainConfig.learning_rate:g}]" in page
    assert f"{LEAST_STEPS} steps, and {LEAST_EPOCHS} at the least" in page
    assert images.side == PretrainConfig.side
    assert images.weight_decay == PretrainConfig.weight_decay


@pytest.mark.parametrize(("images", "epochs"), [(128, 500), (1200, 56), (20_000, 20)])
def test_small_sets_are_shown_more_often(images, epochs):
    config = SelfSupervisedConfig(images="x")
    assert config.count_epochs(images) == epochs
    assert SelfSupervisedConfig(images="x", epochs=3).count_epochs(images) == 3
