"""`python -m keras_transfer.zeroshot`."""

from keras_transfer.config.command_line import run_command
from keras_transfer.zeroshot import main

if __name__ == "__main__":
    run_command(main)
