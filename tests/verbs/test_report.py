"""`python -m keras_transfer.report`, and what train does about reports."""

import dataclasses

import pytest

from keras_transfer import report, train
from keras_transfer.cluster.block_engines import THIS_PROCESS
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.evaluation.html_report import write_report
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.terminal import open_page as browsers


@pytest.fixture
def opened(monkeypatch):
    """Have a screen, and a browser that only notes what it is to show."""
    asked = []
    monkeypatch.setattr(browsers.webbrowser, "open", lambda address: asked.append(address) or True)
    monkeypatch.setenv("DISPLAY", ":0")
    return asked


def test_a_report_is_made_anew(run_copy, drawn, capsys):
    before = run_copy.report_file.read_text("utf-8")
    run_copy.report_file.unlink()
    with drawn():
        assert report.main([str(run_copy.path)]) == 0
    assert capsys.readouterr().out.startswith(f"Report: {run_copy.report_file} (")
    after = run_copy.report_file.read_text("utf-8")
    assert len(after) == pytest.approx(len(before), rel=0.01)


def test_quiet_prints_the_path_alone(run_copy, drawn, capsys):
    with drawn():
        report.main([str(run_copy.path), "--quiet"])
    assert capsys.readouterr().out == f"{run_copy.report_file}\n"


def test_open_shows_it_in_the_browser(run_copy, drawn, opened):
    with drawn():
        report.main([str(run_copy.path), "--open"])
    assert opened == [run_copy.report_file.as_uri()]


def test_without_a_screen_it_is_said_where_the_page_is(run_copy, drawn, monkeypatch, caplog):
    for name in browsers.SCREENS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(browsers.sys, "platform", "linux")
    with drawn():
        report.main([str(run_copy.path), "--open"])
    assert f"Open {run_copy.report_file}" in caplog.text


@pytest.mark.parametrize(("name", "said"), [("", "has neither"), ("nowhere", "is not there")])
def test_what_is_neither_run_nor_comparison_has_no_report(tmp_path, name, said):
    message = rf"must hold config\.yaml, or of a comparison, which must hold comparison.*{said}"
    with pytest.raises(ConfigError, match=message):
        report.main([str(tmp_path / name)])


@pytest.fixture
def short_config(tiny_config, tmp_path):
    frozen, finetune = FrozenConfig(epochs=1), FinetuneConfig(epochs=0)
    return dataclasses.replace(tiny_config, output=tmp_path, frozen=frozen, finetune=finetune)


@pytest.mark.thorough
def test_a_training_with_open_shows_its_report(short_config, opened, drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "read_options", lambda words: (short_config, THIS_PROCESS))
    with drawn():
        assert train.main(["--open"]) == 0
    (address,) = opened
    assert address.startswith(tmp_path.as_uri())
    assert address.endswith("/report.html")


@pytest.mark.thorough
def test_a_training_without_a_report_leaves_none_and_has_nothing_to_open(
    short_config, drawn, monkeypatch
):
    settled = dataclasses.replace(short_config, report="off")
    with drawn():
        run = train.fine_tune(settled)
    assert not run.report_file.exists()
    monkeypatch.setattr(train, "read_options", lambda words: (settled, THIS_PROCESS))
    with pytest.raises(ConfigError, match="`report` must be auto with --open"):
        train.main(["--open"])


@pytest.mark.thorough
def test_a_report_that_fails_does_not_lose_the_training(short_config, drawn, monkeypatch):
    def fail(*words, **content):
        raise MemoryError("all is taken")

    with drawn():
        monkeypatch.setattr(write_report, "render_page", fail)
        run = train.fine_tune(short_config)
    assert run.metrics_file.is_file()
    assert run.model_card_file.is_file()
    assert not run.report_file.exists()
    said = "could not be made (MemoryError: all is taken). Make it by python -m"
    assert said in run.log_file.read_text("utf-8")


def test_a_folder_that_cannot_be_written_is_told_with_what_to_do(run_copy, drawn, monkeypatch):
    def refuse(*words):
        raise PermissionError(13, "Permission denied", "hidden")

    monkeypatch.setattr(write_report, "write_text", refuse)
    with drawn(), pytest.raises(ConfigError, match=r"Permission denied\). Report on a copy of it"):
        report.main([str(run_copy.path)])
