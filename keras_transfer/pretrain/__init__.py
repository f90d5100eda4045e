"""Make a backbone's bundled weights from drawn pictures: `python -m keras_transfer.pretrain`.

No photograph and no label: from pictures that formulas draw, the network learns to tell their
classical descriptors. Besides the command line only NumPy, Pillow and Keras are needed, under
whichever backend.
"""

import json
import logging
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from keras_transfer.config.lookup import lookup
from keras_transfer.config.validation import FASTEST, MOST, check_types, is_count, require
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.pretrain.formula_pictures import keep_pictures
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing
from keras_transfer.system.load_tensorflow import hushed, import_keras
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.visible_text import print_text

logger = logging.getLogger(__name__)

MEASURED = 2048  # pictures of which the spread of the descriptors is measured
WIDEST = 4080  # pixels of their side
DRAWN = 112  # side of the pictures in pixels; the network sees crops of them


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """Everything one pretraining needs."""

    backbone: str = "efficientnetb0"
    """Network to pretrain."""
    pictures: int = 100_000
    """Different pictures; each epoch shows all of them, cropped and coloured anew."""
    epochs: int = 10
    """Times that they are shown."""
    batch_size: int = 64
    """Pictures per step."""
    side: int = 96
    """Side in pixels of the crops that the network sees, a multiple of 24."""
    learning_rate: float = 2e-3
    """Peak learning rate; it falls to zero over all epochs."""
    weight_decay: float = 0.01
    """Decay relative to the learning rate; biases and normalisation are spared."""
    seed: int = 0
    """Seed of the pictures, the first weights and everything else that is random."""
    output: Path = Path("saved_models/pretrain")
    """Folder of the pictures (38 kB each), of the state after each epoch and of the weights. Where
    there is a state, training goes on from it."""

    def __post_init__(self) -> None:
        check_types(self, "")
        for name, most in (("pictures", 10**8), ("epochs", MOST), ("batch_size", MOST)):
            fits = is_count(getattr(self, name), most=most)
            require(fits, name, f"from 1 to {most:,}", getattr(self, name))
        fits = is_count(self.side, 48, WIDEST) and self.side % 24 == 0
        require(fits, "side", f"a multiple of 24 from 48 to {WIDEST}", self.side)
        enough = self.pictures >= self.batch_size
        require(enough, "pictures", f"a batch of {self.batch_size} or more", self.pictures)
        fits = 0 < self.learning_rate <= FASTEST
        require(fits, "learning_rate", f"above 0, at most {FASTEST:g}", self.learning_rate)
        fits = 0 <= self.weight_decay <= FASTEST
        require(fits, "weight_decay", f"from 0 to {FASTEST:g}", self.weight_decay)
        require(0 <= self.seed < 2**31, "seed", "at least 0 and below 2**31", self.seed)


def pretrain(config: PretrainConfig) -> Path:
    """Pretrain a backbone, or go on where an earlier call was stopped.

    Args:
        config: See `PretrainConfig`. To go on it must be the same.

    Returns:
        The file of the backbone's weights, float16.

    Raises:
        ConfigError: The folder belongs to other settings.
    """
    row = lookup(BACKBONES, "backbone", config.backbone)
    folder = config.output.expanduser()
    _keep_settings(folder, config)
    pictures = keep_pictures(
        folder / "pictures.npy", config.seed, config.pictures, DRAWN, _tell_drawn
    )

    import_keras()
    import keras

    with hushed():
        from keras_transfer.pretrain.descriptors import DescriptorLoss
        from keras_transfer.pretrain.fit_descriptors import build_pretrainer, fit_epochs
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
    return fit_epochs(model, batches, config.epochs, folder, config.backbone)


def _keep_settings(folder: Path, config: PretrainConfig) -> None:
    """Write the settings to the folder, or compare them with those that are there."""
    settings = {name: str(value) for name, value in asdict(config).items() if name != "output"}
    file = folder / "settings.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"`output` must be a folder. Received: {error}.") from error
    if not file.exists():
        with replacing(file) as temporary:
            temporary.write_text(json.dumps(settings, indent=1) + "\n")
    found = json.loads(file.read_text())
    if found != settings:
        raise ConfigError(
            f"`output` must be a new folder or one of the same settings. Received: {folder}, of "
            f"{found}. Choose another folder or those settings."
        )


def _tell_drawn(done: int) -> None:
    if done % 10_000 == 0:
        logger.info("%d pictures drawn", done)


def main(arguments: list[str]) -> int:
    """Run the command line."""
    from keras_transfer.config.command_line import Parser, read_words
    from keras_transfer.config.help.foreign_words import suggest_option
    from keras_transfer.config.yaml_files import dump_settings

    parser = Parser("pretrain", "Pretrain a backbone on pictures that formulas draw.")
    parser.add_argument("--config", type=str, help="YAML file with settings; options override it.")
    parser.add_argument(
        "--print_config", type=bool, default=False, help="Print the settings as YAML and exit."
    )
    parser.add_class_arguments(PretrainConfig, as_group=False)
    stated, options, printed = read_words(parser, arguments)
    known = [field.name for field in fields(PretrainConfig)]
    if unknown := [name for name in stated if name not in known]:
        hint = suggest_option(f"--{unknown[0]}", [f"--{name}" for name in known])
        raise ConfigError(f"Unknown setting {str(unknown[0])!r}. {hint}")
    config = PretrainConfig(**{**stated, **options})
    if printed:
        print_text(dump_settings(asdict(config) | {"output": str(config.output)}).rstrip())
        return 0
    print_logs()
    print_text(str(pretrain(config)))
    return 0
