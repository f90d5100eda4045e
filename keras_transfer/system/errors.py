"""The errors that a user can mend, and those that come again whatever is done."""

from keras_transfer.system.terminal.visible_text import show


class ConfigError(ValueError):
    """A setting or an input that the user can mend; commands print it as one line and exit 2.

    What stands in a message of names from outside is shown as `show` does.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(show(str(message), keep="\n"))

    def _render_traceback_(self) -> list[str]:
        """Return what IPython and notebooks show of it: no traceback, the user can mend this."""
        return [f"{ConfigError.__name__}: {self}"]


class DeadEnd(ConfigError):
    """An error that comes again however often the run is resumed."""
