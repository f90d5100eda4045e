"""The table of `--list_backbones`. Nothing here imports Keras."""

from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.backbone_table import BACKBONES

OTHERS = """
Or --backbone hub:PRESET, a network of KerasHub (extra [hub], for texts [text]), or
--backbone file:MODEL.keras, a network of your own."""


def say_weights(row: Backbone) -> str:
    """Return in a word or two what is known of the weights of a row."""
    if not row.has_weights:
        return "none"
    return "tested" if row.weights_tested else "not tested"


def say_millions(row: Backbone) -> str:
    """Return how many million parameters a row has, with the digits that matter."""
    millions = row.parameters / 1e6
    return f"{millions:.1f}" if millions >= 0.1 else f"{millions:.2f}"


def list_backbones() -> list[tuple[str, ...]]:
    """Return the table of `--list_backbones`, header first: one row of text cells per backbone."""
    header: tuple[str, ...] = (
        "backbone",
        "parameters",
        "input",
        "layers",
        "top-1",
        "learns from",
        "weights",
        "extra",
        "when to use",
    )
    return [header] + [
        (
            name,
            f"{say_millions(row)} M",
            f"{row.most_tokens} tokens" if row.takes == "texts" else f"{row.image_size} px",
            str(row.layers),
            "" if row.top1 is None else f"{row.top1:.3f}",
            f"{row.default_boundary} ({row.blocks[row.default_boundary]})",
            say_weights(row),
            row.extra and f"[{row.extra}]",
            row.use,
        )
        for name, row in BACKBONES.items()
    ]
