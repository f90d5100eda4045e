"""`python -m keras_transfer.review …`."""

from keras_transfer.config.command_line import run_command
from keras_transfer.review import main

if __name__ == "__main__":
    run_command(main)
