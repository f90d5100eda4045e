"""`python -m keras_transfer.compare.baseline --config FILE`: how a comparison calls it."""

from pathlib import Path

from keras_transfer.compare.baseline.leave_baseline import leave_baseline
from keras_transfer.config.command_line import run_command
from keras_transfer.run.load_settings import load_config
from keras_transfer.system.logs import print_logs
from keras_transfer.system.signals import stoppable


def main(arguments: list[str]) -> int:
    """Run the command line."""
    _, file = arguments
    print_logs()
    with stoppable():
        leave_baseline(load_config(Path(file)))
    return 0


if __name__ == "__main__":
    run_command(main)
