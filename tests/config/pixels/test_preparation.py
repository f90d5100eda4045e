import math

import pytest

from keras_transfer.config.pixels.preparation import (
    Preparation,
    find_preparation,
    read_preparation,
)
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.plan_file import read_settings
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"crop_fraction": 0},
            r"`data.crop_fraction` must be above 0 and at most 1",
        ),
        ({"crop_fraction": 1.5}, r"must be above 0 and at most 1. Received: 1.5"),
        ({"crop_fraction": math.nan}, r"`data.crop_fraction` must be finite"),
        ({"crop_fraction": True}, r"`data.crop_fraction` must be a number. Received: True"),
        (
            {"crop_fraction": 0.875, "resize": "pad"},
            r"must be 1 with `data.resize` pad, which shows the whole image. Received: 0.875",
        ),
        ({"crop_fraction": 0.9, "resize": "stretch"}, r"must be 1 with `data.resize` stretch"),
        ({"interpolation": "nearest"}, r"must be one of bilinear, bicubic. Received: 'nearest'"),
    ],
)
def test_what_cannot_be_done_to_images_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        DataConfig(**settings)


@pytest.mark.parametrize("resize", ["pad", "stretch"])
def test_all_of_an_image_goes_with_every_way(resize):
    assert find_preparation(DataConfig(resize=resize, crop_fraction=1)).crop_fraction == 1.0


def test_numbers_of_files_may_be_text():
    said = {"resize": "crop", "crop_fraction": "0.875", "interpolation": "bicubic"}
    assert read_preparation(said) == Preparation(crop_fraction=0.875, interpolation="bicubic")


def test_files_of_earlier_versions_say_less():
    assert read_preparation({"resize": "pad"}) == Preparation(resize="pad")


def test_runs_of_earlier_versions_saw_all_of_the_square_whatever_is_usual_now(
    run_copy, monkeypatch
):
    """Of a finished run and of one that was interrupted, which plan.json describes."""
    usual = DataConfig.__init__.__kwdefaults__
    monkeypatch.setitem(usual, "crop_fraction", 0.875)
    monkeypatch.setitem(usual, "interpolation", "bicubic")
    file = run_copy.config_file
    kept = [
        line
        for line in file.read_text().splitlines()
        if not line.strip().startswith(("crop_fraction", "interpolation"))
    ]
    file.write_text("\n".join(kept))
    assert find_preparation(load_run_config(Run(run_copy.path)).data) == Preparation()
    plan = {"settings": {"data": {"resize": "pad"}}}
    monkeypatch.setattr("keras_transfer.run.plan_file.read_plan", lambda run: plan)
    begun = DataConfig(**read_settings(run_copy)["data"])
    assert find_preparation(begun) == Preparation(resize="pad")
