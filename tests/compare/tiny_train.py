"""`python -m keras_transfer.train` that knows the tiny backbone."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from conftest import drawing
from tiny_backbone import make_tiny_row

from keras_transfer.config.command_line import run_command
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.train import main

BACKBONES["tiny"] = make_tiny_row()
with drawing(False):
    run_command(main)
