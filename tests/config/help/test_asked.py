"""Asking a command for help or its version in place of work."""

import re
import sys

import pytest

import keras_transfer as kt
from keras_transfer import (
    check,
    clean,
    compare,
    embed,
    estimate,
    evaluate,
    explain,
    export,
    predict,
    pretrain,
    report,
    review,
    train,
    zeroshot,
)
from keras_transfer.__main__ import VERBS, call_verb
from keras_transfer.config.command_line import run_command
from keras_transfer.config.help.asked import name_program
from keras_transfer.system.errors import ConfigError

MAINS = {
    module.__name__.rpartition(".")[2]: module.main
    for module in (
        check,
        clean,
        compare,
        embed,
        estimate,
        evaluate,
        explain,
        export,
        predict,
        pretrain,
        report,
        review,
        train,
        zeroshot,
    )
}


def ask(capsys, main, *words):
    with pytest.raises(SystemExit) as caught:
        main([*words])
    assert caught.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_a_version(verb, capsys):
    page = ask(capsys, MAINS[verb], "--help")
    assert "Examples" in page
    assert ask(capsys, MAINS[verb], "-h") == ask(capsys, MAINS[verb], "help") == page
    assert re.match(r"keras_transfer \S+ \(keras \d.*, tensorflow \d.*, Python 3.*\)\n$",
                    ask(capsys, MAINS[verb], "--version"))  # fmt: skip


@pytest.mark.parametrize(
    "words", [["--help", "finetune"], ["--help=finetune"], ["help", "finetune"], ["-h", "finetune"]]
)
def test_help_is_asked_about_a_section(words, capsys):
    assert ask(capsys, train.main, *words).startswith("finetune: Phase two\n")


def test_help_goes_before_what_is_wrong(capsys):
    page = ask(capsys, train.main, "--help")
    assert ask(capsys, train.main, "--seeed", "x", "--help", "--quiet") == page
    assert "Examples" in ask(capsys, evaluate.main, "--help")  # RUN is missing


def test_a_folder_called_help_is_a_folder(tmp_path, monkeypatch):
    (tmp_path / "help").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"config.yaml. Received: help"):
        evaluate.main(["help"])


@pytest.mark.parametrize("words", [["help", "train"], ["--help", "train"], ["train", "help"]])
def test_the_program_helps_with_a_verb(words, capsys):
    page = ask(capsys, call_verb, *words)
    assert page.startswith("Train a classifier of images or texts")


def test_the_version_is_that_of_the_package(capsys):
    assert call_verb(["--version"]) == 0
    assert capsys.readouterr().out.startswith(f"keras_transfer {kt.__version__} (")


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("/opt/env/bin/keras-transfer", "keras-transfer train"),
        ("/opt/lib/keras_transfer/__main__.py", "python -m keras_transfer train"),
        ("/opt/lib/keras_transfer/train.py", "python -m keras_transfer.train"),
    ],
)
def test_help_names_the_command_as_it_was_called(called, name, monkeypatch):
    monkeypatch.setattr(sys, "argv", [called])
    assert name_program("train") == name


def test_a_completion_that_is_not_ours_starts_nothing(monkeypatch, capsys):
    monkeypatch.setenv("_ARGCOMPLETE", "1")
    with pytest.raises(SystemExit) as caught:
        run_command(lambda words: pytest.fail("the command ran"))
    assert caught.value.code == 1
    assert capsys.readouterr() == ("", "")
