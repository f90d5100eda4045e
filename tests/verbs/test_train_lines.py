"""What train prints."""

import dataclasses

import pytest

from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.system.files.atomic_files import read_table
from keras_transfer.train import fine_tune


@pytest.mark.thorough
def test_lines_say_estimate_phases_and_what_to_type_next(tiny_config, capsys):
    config = dataclasses.replace(tiny_config, quiet=False)
    run = fine_tune(config)
    lines = capsys.readouterr().out
    for words in ("about", " GB", "Phase frozen", "Phase finetune", "95 % interval", "macro F1"):
        assert words in lines
    assert f"python -m keras_transfer.evaluate {run.path}" in lines
    assert lines.strip() in run.log_file.read_text()


@pytest.mark.thorough
def test_without_a_test_split_the_summary_warns(stripes, tiny_config, tmp_path, capsys):
    (tmp_path / "set").mkdir()
    for split in ("train", "val"):
        (tmp_path / "set" / split).symlink_to(stripes / split)
    fine_tune(dataclasses.replace(tiny_config, dataset=str(tmp_path / "set"), quiet=False))
    assert "validation also chose the epoch" in capsys.readouterr().out


@pytest.mark.thorough
def test_the_default_data_set_is_digits_and_the_first_line_says_so(tiny_config, capsys):
    frozen = dataclasses.replace(tiny_config.frozen, epochs=1)
    finetune = FinetuneConfig(epochs=0)
    run = fine_tune(
        dataclasses.replace(
            tiny_config, dataset=None, quiet=False, frozen=frozen, finetune=finetune
        )
    )
    assert "handwritten digits" in capsys.readouterr().out.splitlines()[0]
    splits = read_table(run.split_file)["split"]
    counts = [splits.count(name) for name in ("train", "validation", "test")]
    assert counts == pytest.approx([1797 * 0.6, 1797 * 0.2, 1797 * 0.2], abs=6)
