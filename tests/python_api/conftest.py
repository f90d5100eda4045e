import atexit
import dataclasses
import sys

import pytest

import keras_transfer as kt


@pytest.fixture(scope="session")
def run(finished_run):
    """The finished run as Python code takes it in hand; read it, never write into it."""
    return kt.Run(finished_run.path)


class WithoutPandas:
    """Finds everything but pandas."""

    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name)


@pytest.fixture(params=["pandas", "no pandas"])
def with_and_without_pandas(request, monkeypatch):
    """Let a test run where pandas is installed, and where it is not."""
    if request.param == "pandas":
        pytest.importorskip("pandas", reason="needs the extra [notebook]")
    else:
        monkeypatch.delitem(sys.modules, "pandas", raising=False)
        monkeypatch.setattr(sys, "meta_path", [WithoutPandas(), *sys.meta_path])
    return request.param


@pytest.fixture
def cell(monkeypatch):
    """Return a function that runs code as a cell of a notebook does, and gives what is shown."""
    pytest.importorskip("IPython", reason="needs the extra [notebook]")
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # the shell takes it
    shell = InteractiveShell.instance()
    atexit.unregister(shell.atexit_operations)  # called below
    try:

        def run(code, **names):
            shell.push(names)
            with capture_output() as shown:
                shell.run_cell(code)
            return shown

        yield run
    finally:
        shell.atexit_operations()
        InteractiveShell.clear_instance()


@pytest.fixture
def tiny_settings(tiny_config, tmp_path):
    """What makes a training of seconds of `fine_tune`, as keywords."""
    config = dataclasses.replace(tiny_config, output=tmp_path)
    return {"config": config}
