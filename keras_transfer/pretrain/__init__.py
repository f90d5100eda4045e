"""Make a backbone's weights, or go on from some: `python -m keras_transfer.pretrain`.

No label is read. From pictures that formulas draw, a network learns to tell their classical
descriptors; from a user's images, given weights learn to tell each image from the others. The
former needs only NumPy, Pillow and Keras, under whichever backend, besides the command line.
"""

import logging
from dataclasses import asdict
from pathlib import Path

from keras_transfer.config.lookup import lookup
from keras_transfer.config.validation import require
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.pretrain.formula_pictures import keep_pictures
from keras_transfer.pretrain.picture_settings import PretrainConfig
from keras_transfer.pretrain.pretrain_folder import keep_settings
from keras_transfer.pretrain.self_supervised.self_supervised_settings import SelfSupervisedConfig
from keras_transfer.system.load_tensorflow import hushed, import_keras
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.visible_text import print_text

logger = logging.getLogger(__name__)

MEASURED = 2048  # pictures of which the spread of the descriptors is measured
DRAWN = 112  # side of the pictures in pixels; the network sees crops of them


def pretrain(config: PretrainConfig | SelfSupervisedConfig) -> Path:
    """Pretrain a backbone, or go on where an earlier call was stopped.

    Args:
        config: Of drawn pictures, or of images. To go on it must be the same.

    Returns:
        The file of the backbone's weights: float16 from pictures, float32 from images.

    Raises:
        ConfigError: The folder belongs to other settings, or images or weights cannot be used.
    """
    if isinstance(config, SelfSupervisedConfig):
        from keras_transfer.pretrain.self_supervised.go_on import go_on

        return go_on(config)
    return _learn_pictures(config)


def _learn_pictures(config: PretrainConfig) -> Path:
    """Pretrain on pictures that formulas draw."""
    row = lookup(BACKBONES, "backbone", config.backbone)
    must = "a network for images: others learn nothing from pictures"
    require(row.takes == "images", "backbone", must, config.backbone)
    folder = config.output.expanduser()
    settings = {name: str(value) for name, value in asdict(config).items() if name != "output"}
    keep_settings(folder, settings)
    pictures = keep_pictures(
        folder / "pictures.npy", config.seed, config.pictures, DRAWN, _tell_drawn
    )

    import_keras()
    import keras

    with hushed():
        from keras_transfer.pretrain.descriptors import DescriptorLoss
        from keras_transfer.pretrain.fit_descriptors import build_pretrainer, fit_descriptors
        from keras_transfer.pretrain.picture_batches import PictureBatches

    keras.utils.set_random_seed(config.seed)
    batches = PictureBatches(pictures, config.batch_size, config.side, config.seed)
    model = build_pretrainer(
        row,
        config.side,
        DescriptorLoss(batches.sample(MEASURED)),
        config.epochs * len(batches),
        config.learning_rate,
        config.weight_decay,
    )
    return fit_descriptors(model, batches, config.epochs, folder, config.backbone)


def _tell_drawn(done: int) -> None:
    if done % 10_000 == 0:
        logger.info("%d pictures drawn", done)


def main(arguments: list[str]) -> int:
    """Run the command line."""
    from keras_transfer.config.yaml_files import dump_settings
    from keras_transfer.pretrain.pretrain_options import read_config

    config, printed = read_config(arguments)
    if printed:
        print_text(dump_settings(asdict(config) | {"output": str(config.output)}).rstrip())
        return 0
    print_logs()
    print_text(str(pretrain(config)))
    return 0
