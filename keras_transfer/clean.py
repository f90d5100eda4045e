"""Remove what earlier calls keep for later ones: `python -m keras_transfer.clean`."""

import logging

from keras_transfer.config.command_line import PlainParser, run_command
from keras_transfer.config.messages import count_of, name_some, say_bytes
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.visible_text import print_text
from keras_transfer.training.cache.reuse_folder import empty_reuse, list_others, reuse_folder


def main(arguments: list[str]) -> int:
    """Run the command line."""
    about = "Remove what is kept for later calls: activations of runs with --cache.reuse true, "
    about += "features of review, embeddings of the sentences of zeroshot. They lie in the "
    about += "folder activations of $KERAS_TRANSFER_CACHE, else of ~/.cache/keras_transfer."
    parser = PlainParser("clean", about)
    parser.parse_args(arguments)
    print_logs(logging.WARNING)
    entries, freed = empty_reuse()
    if entries:
        found = count_of(entries, "entry", "entries")
        print_text(f"Removed {found}, {say_bytes(freed)}, from {reuse_folder()}")
    else:
        print_text(f"There is nothing to remove in {reuse_folder()}")
    if others := list_others():
        print_text(f"Kept, since this program did not mark them as its own: {name_some(others)}")
    return 0


if __name__ == "__main__":
    run_command(main)
