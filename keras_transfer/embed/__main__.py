"""`python -m keras_transfer.embed …`."""

from keras_transfer.config.command_line import run_command
from keras_transfer.embed import main

if __name__ == "__main__":
    run_command(main)
