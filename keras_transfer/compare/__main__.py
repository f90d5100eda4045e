"""`python -m keras_transfer.compare …`."""

from keras_transfer.compare import main
from keras_transfer.config.command_line import run_command

if __name__ == "__main__":
    run_command(main)
