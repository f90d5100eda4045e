"""The blocks of docs/python.md run one after the other, on a run that is finished already."""

import pytest
from fake_runs import write_table
from pages import ROOT, read_blocks

import keras_transfer as kt
from keras_transfer import compare, train
from keras_transfer.compare.columns import list_columns

PAGE = ROOT / "docs/python.md"


@pytest.fixture
def desk(stripes, finished_run, tmp_path, monkeypatch):
    """Go to a folder where all is that the page names, in which trainings are done already."""
    (tmp_path / "photos").symlink_to(stripes)
    (tmp_path / "new_photos").symlink_to(stripes / "test")
    (tmp_path / "photo.jpg").symlink_to(stripes / "test/level/000.png")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    (tmp_path / "saved_models").mkdir()
    (tmp_path / "saved_models/RUN").symlink_to(finished_run.path)
    comparison = tmp_path / "saved_models/COMPARISON"
    comparison.mkdir()
    (comparison / "comparison.yaml").write_text("")
    write_table(comparison / "results.csv", list_columns([]), [])
    monkeypatch.setattr(train, "fine_tune", lambda config, given: finished_run)
    monkeypatch.setattr(
        compare, "compare_runs", lambda *path, **settings: kt.Comparison(comparison)
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.thorough
def test_every_block_runs(desk, capsys):
    names = {}
    for block in read_blocks(PAGE, "python"):
        exec(compile(block, str(PAGE), "exec"), names)
    said = capsys.readouterr().out
    assert "Unknown setting 'lr'. Did you mean frozen={'learning_rate': …}" in said
    assert names["probabilities"].shape == (1, 2)


def test_every_handle_is_there():
    text = PAGE.read_text("utf-8")
    shown = {"model", "predict", "evaluate", "explain", "export", "history", "predictions", "split"}
    shown |= {"plot", "per_class", "metrics", "class_names", "path", "model_file", "figures"}
    for name in shown:
        assert f"`run.{name}" in text
        assert name in dir(kt.Run("anywhere"))
