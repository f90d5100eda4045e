"""Signals as exceptions: once, and wherever they arrive."""

import os
import signal
import sys
import threading

import pytest

from keras_transfer.config.command_line import run_command
from keras_transfer.system.files.atomic_files import replacing
from keras_transfer.system.signals import Stopped, check_stopped, stoppable

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def usual_handlers():
    """Also where the tests run in the background, whose shell has SIGINT ignored."""
    former = [signal.getsignal(number) for number in SIGNALS]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in zip(SIGNALS, former, strict=True):
        signal.signal(number, handler)


def look():
    return [signal.getsignal(number) for number in SIGNALS]


@pytest.mark.parametrize(("number", "code"), [*zip(SIGNALS, (130, 143, 129), strict=True)])
def test_a_signal_ends_a_command_with_its_exit_code(number, code, capsys, monkeypatch):
    seen = []

    def command(words):
        with stoppable():
            try:
                os.kill(os.getpid(), number)
            finally:
                seen.append(look())

    before = look()
    monkeypatch.setattr("gc.freeze", lambda: None)
    with pytest.raises(SystemExit) as ended:
        run_command(command)
    assert ended.value.code == code
    assert capsys.readouterr().err == "interrupted\n"
    assert seen == [[signal.SIG_DFL] * 3]  # a second one ends the process at once
    assert look() == before


def test_a_command_that_is_ended_removes_the_file_that_it_was_writing(monkeypatch, tmp_path):
    def command(words):
        with replacing(tmp_path / "found.csv") as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("gc.freeze", lambda: None)
    with pytest.raises(SystemExit) as ended:
        run_command(command)
    assert ended.value.code == 143
    assert os.listdir(tmp_path) == []


def test_a_signal_that_was_swallowed_is_noticed_at_the_next_step(monkeypatch):
    class Destroyed:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)

    with stoppable():
        check_stopped()
        swallowed = []
        monkeypatch.setattr(sys, "unraisablehook", swallowed.append)
        Destroyed()
        assert isinstance(swallowed[0].exc_value, Stopped)
        with pytest.raises(Stopped) as stopped:
            check_stopped()
    assert stopped.value.code == 143
    check_stopped()  # it is over


def test_a_signal_that_was_ignored_stays_so():
    """As shells have it for what runs in the background."""
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), signal.SIGINT)
            assert look()[0] == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, former)


def test_other_threads_change_nothing():
    before, seen = look(), []

    def enter():
        with stoppable():
            seen.append(look())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]
