"""What changes between the parts of a comparison: images, folders, settings."""

import shutil

import numpy as np
import pytest
from fake_train import FAIL
from weight_files import write_weights

from keras_transfer.compare import compare_runs, main
from keras_transfer.compare.reports import comparison_figure
from keras_transfer.compare.row_training import settle_config
from keras_transfer.data.divided_examples import divide_examples
from keras_transfer.images.modality import IMAGE
from keras_transfer.system.errors import ConfigError


def read_calls(comparison):
    return (comparison.runs / "calls.txt").read_text().splitlines()


@pytest.fixture
def photos(stripes, tmp_path):
    return shutil.copytree(stripes, tmp_path / "photos")


def begin(comparison):
    """Let a run that failed look as if it had trained an epoch."""
    (run,) = comparison.runs.glob("mobile*")
    (run / "checkpoints").mkdir()
    (run / "checkpoints/plan.json").write_text("{}")


def test_copies_that_a_file_of_splits_divided_are_settled_before_anything_is_trained(
    base, fake_train, photos, tmp_path, capsys
):
    first, second, *others = sorted(photos.rglob("*.png"))
    copy = first.with_name("copy.png")
    shutil.copy(first, copy)
    words = ["validation", "validation", "train", "train", "test"] * len(others)
    rows = [(file, words[index]) for index, file in enumerate([first, second, *others])]
    lines = [f"{file.relative_to(photos).as_posix()},{word}" for file, word in rows]
    lines.append(f"{copy.relative_to(photos).as_posix()},train")
    table = tmp_path / "splits.csv"
    table.write_text("\n".join(["path,split", *lines]) + "\n")
    second.write_bytes(b"no image")
    settings = base | {"dataset": str(photos), "data": {"split_file": str(table)}}
    comparison = compare_runs(**settings | {"quiet": False})
    assert capsys.readouterr().out.count("1 unreadable file is left out") == 1
    (row,) = comparison.read_grid().rows()
    again = divide_examples(settle_config(comparison, row), IMAGE).rows()
    assert [",".join(cells) for cells in again] == comparison.split_file.read_text().split()[1:]


def test_images_that_came_or_went_are_told_before_anything_is_trained(base, fake_train, photos):
    lists = {"grid": {"head.hidden": [FAIL, 0]}}
    comparison = compare_runs(**base | {"dataset": str(photos)}, **lists)
    calls = read_calls(comparison)
    gone = sorted(photos.rglob("*.png"))[0]
    gone.rename(gone.with_suffix(".txt"))
    with pytest.raises(ConfigError, match=f"as in .* Received: 1 that .* such as .*{gone.name}"):
        compare_runs(resume=comparison.path, quiet=True)
    assert read_calls(comparison) == calls
    assert comparison.results()["status"][1] == "finished"


def test_images_may_move_and_the_rows_that_were_begun_are_told(base, fake_train, photos, tmp_path):
    comparison = compare_runs(**base | {"dataset": str(photos)}, grid={"head.hidden": [FAIL]})
    begin(comparison)
    moved = photos.rename(tmp_path / "moved")
    with pytest.raises(ConfigError, match="say where they are with --dataset"):
        compare_runs(resume=comparison.path, quiet=True)
    (comparison.runs / "healthy").touch()
    again = compare_runs(resume=comparison.path, dataset=str(moved), report="off", quiet=True)
    assert again.results()["status"] == ["finished"]
    assert read_calls(again)[-1].split()[2:] == [f"--dataset={moved}", "--report=off"]
    assert again.read_grid().base.dataset == str(moved)


def test_a_comparison_may_be_renamed_before_a_row_has_decided_anything(base, fake_train, tmp_path):
    comparison = compare_runs(**base, grid={"head.hidden": [FAIL]})
    (comparison.runs / "healthy").touch()
    moved = comparison.path.rename(tmp_path / "renamed")
    again = compare_runs(resume=moved, quiet=True)
    assert again.results()["status"] == ["finished"]
    assert read_calls(again)[-1].split()[0] == "--resume"


def test_one_that_ended_while_it_drew_is_finished_by_auto(base, fake_train, monkeypatch, capsys):
    def stop(*parts):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(comparison_figure, "draw_comparison", stop)
        with pytest.raises(KeyboardInterrupt):
            compare_runs(**base | {"quiet": False})
    shown = capsys.readouterr().out
    assert "not finished. Go on with: python -m keras_transfer.compare" in shown
    comparison = compare_runs(**base, resume="auto")
    assert comparison.figure_file.exists()
    assert len(read_calls(comparison)) == 1


def test_paths_in_lists_mean_the_same_from_any_folder(base, fake_train, tmp_path, monkeypatch):
    for name in ("a.weights.h5", "b.weights.h5"):
        write_weights(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    grid = {"weights": ["a.weights.h5", "b.weights.h5", "none"], "head.hidden": [FAIL]}
    comparison = compare_runs(**base, grid=grid)
    monkeypatch.chdir("/")
    (comparison.runs / "healthy").touch()
    again = compare_runs(resume=comparison.path, quiet=True)
    assert again.results()["weights"] == [
        *(str(tmp_path / name) for name in ("a.weights.h5", "b.weights.h5")),
        "none",
    ]
    (file,) = again.rows.glob("*-a.weights.h5-*.yaml")
    assert f"weights: {tmp_path}/a.weights.h5\n" in file.read_text()


def test_weights_that_are_nowhere_are_told_before_anything_is_trained(base, tmp_path):
    with pytest.raises(ConfigError, match=r"`weights` must be auto, .* Received: /nowhere.h5, "):
        compare_runs(**base, grid={"weights": ["none", "/nowhere.h5"]})
    assert not (tmp_path / "all").exists()


def test_numbers_of_numpy_and_paths_are_taken(base, fake_train, tmp_path):
    file = tmp_path / "a.weights.h5"
    write_weights(file)
    grid = {"optimizer.patience": [*np.arange(2)], "weights": [file]}
    table = compare_runs(**base, grid=grid, seeds=[np.int64(1)]).results()
    assert table["optimizer.patience"] == ["0", "1"]
    assert table["seed"] == ["1", "1"]
    assert table["weights"] == [str(file)] * 2


def test_what_is_printed_is_what_would_be_run(base, fake_train, capsys, tmp_path):
    words = [f"--{name}={value}" for name, value in base.items()]
    assert main([*words, "--jobs", "2", "--print_config"]) == 0
    printed = capsys.readouterr().out
    assert "jobs: 2\n" in printed
    assert f"dataset: {base['dataset']}\n" in printed
    assert main([*words, "--seeds", "3"]) == 0
    capsys.readouterr()
    assert main(["--resume", str(tmp_path / "all"), "--print_config"]) == 0
    assert "seeds:\n- 3\n" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="Unknown engine 'rays'"):
        main([*words, "--engine", "rays", "--print_config"])
