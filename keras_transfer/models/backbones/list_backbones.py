"""The table of `--list_backbones`. Nothing here imports Keras."""

from keras_transfer.models.backbones.backbone_table import BACKBONES

OTHERS = """
Or --backbone hub:PRESET, a network of KerasHub (extra [hub]), or
--backbone file:MODEL.keras, a network of your own."""


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
            f"{row.parameters / 1e6:.1f} M",
            f"{row.image_size} px",
            str(row.layers),
            "" if row.top1 is None else f"{row.top1:.3f}",
            f"{row.default_boundary} ({row.blocks[row.default_boundary]})",
            "tested" if row.weights_tested else "not tested",
            row.extra and f"[{row.extra}]",
            row.use,
        )
        for name, row in BACKBONES.items()
    ]
