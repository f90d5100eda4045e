"""How the tests of the command line ask it to refuse."""

import pytest

from keras_transfer.run.load_settings import parse_config
from keras_transfer.system.errors import ConfigError


def refuse(parser, *words):
    """Return the one line that refuses these words."""
    with pytest.raises(ConfigError) as caught:
        parse_config(parser, words)
    return str(caught.value)
