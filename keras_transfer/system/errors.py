"""The errors that a user can mend, and those that come again whatever is done."""


class ConfigError(ValueError):
    """A setting or an input that the user can mend; commands print it as one line and exit 2."""


class DeadEnd(ConfigError):
    """An error that comes again however often the run is resumed."""
