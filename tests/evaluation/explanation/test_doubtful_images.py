import shutil

import pytest

from keras_transfer.evaluation.explanation.doubtful_images import find_doubtful
from keras_transfer.modalities.table import MODALITIES
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError


def find(run, count, split=None, **changed):
    config = load_run_config(run)
    return find_doubtful(run, config, MODALITIES["image"], count, split)


@pytest.mark.parametrize("split", [None, "validation"])
def test_wrong_images_come_first_then_the_least_certain(unsure_run, stripes, split):
    found = find(unsure_run, 400, split)
    told = read_run_predictions(unsure_run).select(split or "test")
    assert found.split == (split or "test")
    rows = [f"{stripes}/{path}" for path in told.paths]
    chances = [float(told.truth_probability[rows.index(file)]) for file in found.files]
    right = [chance > 0.5 for chance in chances]
    assert len(chances) == 24
    assert right == sorted(right)
    assert 0 < sum(right) < 24
    assert chances == sorted(chances)
    names = [told.class_names[told.truth[rows.index(file)]] for file in found.files]
    assert found.truths == names
    assert find(unsure_run, 3, split).files == found.files[:3]


def test_images_that_are_gone_or_changed_are_left_out(run_copy, stripes, tmp_path, caplog):
    moved = shutil.copytree(stripes, tmp_path / "moved")
    text = run_copy.config_file.read_text().replace(str(stripes), str(moved))
    run_copy.config_file.write_text(text)
    first, second, third = (file for file in find(run_copy, 3).files)
    shutil.copy(moved / "train/level/000.png", second)
    assert find(run_copy, 3).files == [first, third]
    assert "1 image gone or changed and left out" in caplog.text
    shutil.rmtree(moved / "test")
    with pytest.raises(ConfigError, match="where those of test are gone or changed"):
        find(run_copy, 3)


def test_what_a_run_does_not_have_is_refused(run_copy):
    with pytest.raises(ConfigError, match="Unknown split 'train'"):
        find(run_copy, 3, "train")
    lines = run_copy.predictions_file.read_text().splitlines()
    run_copy.predictions_file.write_text(lines[0] + "\n")
    with pytest.raises(ConfigError, match="must have images of validation or test"):
        find(Run(run_copy.path), 3)
