"""`python -m keras_transfer.predict …`."""

from keras_transfer.config.command_line import run_command
from keras_transfer.predict import main

if __name__ == "__main__":
    run_command(main)
