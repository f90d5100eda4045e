"""`python -m keras_transfer.estimate …`."""

from keras_transfer.config.command_line import run_command
from keras_transfer.estimate import main

if __name__ == "__main__":
    run_command(main)
