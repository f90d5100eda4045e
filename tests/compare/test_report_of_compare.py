"""What compare does about report.html: its own, and those of its rows."""

import pytest
import yaml
from fake_train import FAIL

from keras_transfer import compare
from keras_transfer.compare import compare_runs, main
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def words(base):
    """Return the words of a small comparison."""
    settings = {name: value for name, value in base.items() if name != "quiet"}
    return [*(f"--{name}={value}" for name, value in settings.items()), "--seeds", "0", "1"]


@pytest.fixture
def opened(monkeypatch):
    """Return what would have been shown in a browser."""
    asked = []
    monkeypatch.setattr(compare, "open_page", asked.append)
    return asked


def read_rows(comparison):
    """Return what each row was told of its report."""
    return [yaml.safe_load(file.read_text())["report"] for file in comparison.rows.glob("*.yaml")]


def test_the_last_line_says_where_the_page_is(base, fake_train, capsys):
    comparison = compare_runs(**base | {"quiet": False}, seeds=[0, 1])
    *_, table, figure, page = capsys.readouterr().out.splitlines()
    assert table == f"Table: {comparison.results_file}"
    assert figure == f"Figure: {comparison.figure_file}"
    assert page == f"Report: {comparison.report_file}"
    assert "2 of 2 trainings finished" in comparison.report_file.read_text("utf-8")
    assert read_rows(comparison) == ["auto", "auto"]


def test_report_off_leaves_out_the_page_and_those_of_the_rows(base, fake_train, capsys):
    comparison = compare_runs(**base | {"quiet": False}, seeds=[0, 1], report="off")
    assert not comparison.report_file.exists()
    assert read_rows(comparison) == ["off", "off"]
    assert "Report: " not in capsys.readouterr().out


def test_a_resume_may_ask_for_the_page(base, fake_train):
    comparison = compare_runs(**base, report="off")
    compare_runs(resume=comparison.path, report="auto", quiet=True)
    assert comparison.report_file.exists()


def test_without_a_finished_row_there_is_nothing_to_show(base, fake_train, words, opened, tmp_path):
    file = tmp_path / "grid.yaml"
    file.write_text(f"grid: {{head.hidden: [{FAIL}]}}\n")
    assert main([*words, "--config", str(file), "--open"]) == 1
    assert not (tmp_path / "all/report.html").exists()
    assert opened == []


def test_open_shows_the_page(words, fake_train, opened, tmp_path):
    assert main([*words, "--open"]) == 0
    assert opened == [tmp_path / "all/report.html"]


def test_open_without_a_page_is_refused_before_anything_is_made(words, opened, tmp_path):
    with pytest.raises(ConfigError, match="`report` must be auto with --open"):
        main([*words, "--open", "--report", "off"])
    assert not (tmp_path / "all").exists()
    assert opened == []
