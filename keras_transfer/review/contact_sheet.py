"""label_review.png: the most doubtful labels, with their images or texts."""

from pathlib import Path

from keras_transfer.evaluation.figures.canvas import write_figure
from keras_transfer.evaluation.figures.lettering import name_classes
from keras_transfer.evaluation.figures.top_losses import (
    DrawExample,
    Tile,
    build_sheet,
    caption_change,
    caption_file,
    say_chance,
)
from keras_transfer.review.label_quality.suspects import LabelReview
from keras_transfer.system.terminal.visible_text import show_name

EXPLANATION = """label → suggested class with its probability
below: probability of the label, path"""
OF_COPIES = "; blue: copies whose label may stay"


def draw_contact_sheet(
    review: LabelReview, file: Path, draw_example: DrawExample, count: int
) -> None:
    """Write label_review.png.

    Args:
        review: The suspects, at least one.
        file: PNG to write.
        draw_example: Returns a file's tile of so many pixels; see `Modality.draw_example`.
        count: Examples to show, fewer where there are fewer.
    """
    tiles = _caption(review.take(slice(count)))
    title = f"Label suspects: {len(tiles)} of {len(review):,}"
    words = EXPLANATION + (OF_COPIES if any(tile.right for tile in tiles) else "")
    write_figure(build_sheet(tiles, title, words, draw_example), file)


def _caption(review: LabelReview) -> list[Tile]:
    names = [show_name(name) for name in name_classes(review.class_names)]
    tiles = []
    for row, path in enumerate(review.paths.tolist()):
        label, suggested = review.labels[row], review.suggested[row]
        above = caption_change(names[label], names[suggested], review.probability[row])
        words = f"p(label) {say_chance(review.label_probability[row])}"
        words += ", has a copy" if review.copies[row] else ""
        below = f"{words}\n{caption_file(path)}"
        file = review.root / path
        tiles.append(Tile(file=file, above=above, below=below, right=bool(label == suggested)))
    return tiles
