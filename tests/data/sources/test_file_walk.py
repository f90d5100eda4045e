"""What lies among images and is none: also what this program wrote there itself."""

import logging

import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.data.sources.unlabelled import expand_word

RUN = ("config.yaml", "train.log", "figures/learning_curves.png", "model.keras")


@pytest.fixture
def root(tmp_path):
    write(tmp_path, "a/1.png", "b/1.png")
    return tmp_path


def write(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


@pytest.mark.parametrize(
    "paths",
    [
        ["saved_models/.gitkeep"],
        [f"saved_models/run/{name}" for name in RUN],
        [f"saved_models/run/{name}" for name in ("config.yaml", "lock.json")],
        [f"my models/{name}/{file}" for name in ("one", "two") for file in RUN],
        [f"run/{name}" for name in RUN],
        ["compare/comparison.yaml", "compare/comparison.png", "compare/runs/x/config.yaml"],
        ["exports/parity.json", "exports/model.tflite"],
        ["exported/saved_model/1/saved_model.pb", "exported/saved_model/1/variables/x"],
    ],
)
def test_what_this_program_wrote_is_no_class(root, paths, caplog):
    caplog.set_level(logging.INFO)
    write(root, *paths)
    examples = read_examples(str(root), DataConfig())
    assert examples.paths.tolist() == ["a/1.png", "b/1.png"]
    assert examples.class_names == ("a", "b")
    assert caplog.messages == [
        f"Left out, since they hold runs or exports: {paths[0].split('/')[0]}/"
    ]


def test_a_run_within_a_class_is_left_out_and_its_class_stays(root):
    write(
        root, *(f"b/runs/one/{name}" for name in RUN), "c/model.keras", "d/config.yaml", "d/1.png"
    )
    examples = read_examples(str(root), DataConfig())
    assert examples.class_names == ("a", "b", "c", "d")
    assert examples.paths.tolist() == ["a/1.png", "b/1.png", "c/model.keras", "d/1.png"]


def test_a_run_below_a_folder_of_images_is_not_predicted(root):
    write(root, *(f"saved_models/run/{name}" for name in RUN))
    assert expand_word(str(root)) == [str(root / "a/1.png"), str(root / "b/1.png")]
