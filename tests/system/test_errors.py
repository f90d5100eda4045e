import atexit
import sys

import pytest

from keras_transfer.system.errors import ConfigError, DeadEnd


@pytest.mark.thorough
@pytest.mark.parametrize("kind", [ConfigError, DeadEnd])
def test_a_notebook_shows_the_error_alone(kind, capsys, monkeypatch):
    pytest.importorskip("IPython", reason="needs the extra [notebook]")
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # the shell takes it
    shell = InteractiveShell()
    atexit.unregister(shell.atexit_operations)  # called below
    try:
        shell.push({"kind": kind})
        shell.run_cell("def inner():\n    raise kind('`seed` must be 0.\\x1b[31m')\ninner()")
    finally:
        shell.atexit_operations()
    shown = capsys.readouterr().out
    assert shown == "ConfigError: `seed` must be 0.\\x1b[31m\n"


def test_it_says_what_cannot_be_seen():
    assert str(ConfigError("a\x1b\nb")) == "a\\x1b\nb"
