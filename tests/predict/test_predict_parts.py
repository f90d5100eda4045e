"""Predictions in blocks: parts of a folder that stay, and the workers of a cluster."""

import os
import sys

import pyarrow.parquet
import pytest
from fake_ray import Fatal

from keras_transfer.predict import main
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def words(model, shades):
    return [str(model.path), str(shades), "--quiet"]


def read_parts(folder):
    return pyarrow.parquet.read_table(folder).to_pylist()


def test_parts_hold_the_rows_of_a_file_in_their_order(words, tmp_path):
    assert main([*words, "--output", f"{tmp_path}/parts/"]) == 0
    assert main([*words, "--output", f"{tmp_path}/rows.parquet"]) == 0
    found = read_parts(tmp_path / "parts")
    assert found == read_parts(tmp_path / "rows.parquet")
    assert found[70]["error"] == "of no known image format"
    files = sorted(os.listdir(tmp_path / "parts"))
    assert files == ["_made_of.json", *(f"part-00000{number}.parquet" for number in range(3))]


def test_what_is_there_is_not_computed_again(words, model, tmp_path, caplog):
    output = ["--output", f"{tmp_path}/parts/"]
    model.most = 128
    with pytest.raises(KeyboardInterrupt):
        main([*words, *output])
    assert len(read_parts(tmp_path / "parts")) == 128
    model.most, model.calls[:] = None, []
    assert main([*words[:2], *output]) == 0
    assert model.calls == [22]
    assert len(read_parts(tmp_path / "parts")) == 150
    assert "070.png is unusable" in caplog.text  # said of parts that were there, too


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda model, shades: model.path.write_bytes(b"others"), "model"),
        (lambda model, shades: os.utime(shades / "003.png", (1, 1)), "names and files"),
        (lambda model, shades: ["--top", "2"], "columns"),
        (lambda model, shades: ["--threshold", "0.9"], "threshold"),
    ],
)
def test_parts_of_something_else_are_left_alone(words, model, shades, tmp_path, change, named):
    output = ["--output", f"{tmp_path}/parts/"]
    main([*words, *output])
    found = change(model, shades)
    more = found if isinstance(found, list) else []
    with pytest.raises(ConfigError, match=f"parts, begun with other {named}\\. Choose"):
        main([*words, *output, *more])
    assert len(read_parts(tmp_path / "parts")) == 150


def test_a_folder_of_other_files_is_refused(words, shades):
    with pytest.raises(ConfigError, match=r"new or empty folder that can be written, or one with"):
        main([*words, "--output", f"{shades}/"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--json"], "`json` must be left out"),
        (["--explain", "here"], "`explain` must be left out"),
        (["--workers", "2"], "`workers` must be left out without --engine ray"),
        (["--engine", "rays"], "Did you mean 'ray'"),
        (["--engine", "ray", "--workers", "0"], "`workers` must be a whole number from 1"),
    ],
)
def test_what_does_not_go_together_is_said(words, tmp_path, more, said):
    with pytest.raises(ConfigError, match=said):
        main([*words, "--output", f"{tmp_path}/parts/", *more])


def test_workers_leave_the_same_file(words, fake_ray, tmp_path):
    main([*words, "--output", f"{tmp_path}/here.csv"])
    main([*words, "--output", f"{tmp_path}/there.csv", "--engine", "ray"])
    assert fake_ray.started == 2
    assert (tmp_path / "there.csv").read_text() == (tmp_path / "here.csv").read_text()


@pytest.mark.thorough
def test_an_image_that_ends_its_worker_is_a_row_with_the_reason(
    words, fake_ray, model, monkeypatch, tmp_path
):
    classify = model.classify

    def end(pixels):
        if (pixels[:, 0, 0, 0] == 100).any():
            raise Fatal("SIGSEGV")
        return classify(pixels)

    monkeypatch.setattr(model, "classify", end)
    main([*words, "--output", f"{tmp_path}/parts/", "--engine", "ray"])
    found = read_parts(tmp_path / "parts")
    assert [row["error"] for row in found if row["error"]] == [
        "of no known image format",
        "it ends the process that reads it",
    ]
    assert (found[100]["prediction"], found[99]["prediction"]) == (None, "dark")


def test_workers_need_ray(words, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"ray, ray must be installed.*'keras_transfer\[ray\]"):
        main([*words, "--engine", "ray"])
