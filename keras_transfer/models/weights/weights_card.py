"""The card beside weights that this program went on with: what they came from, as JSON."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.messages import count_of
from keras_transfer.system.files.atomic_files import write_json
from keras_transfer.system.files.file_hashes import hash_file

logger = logging.getLogger(__name__)


def name_card(weights: Path) -> Path:
    """Return the file of the card of a weights file."""
    return weights.with_name(weights.name.removesuffix(".weights.h5") + ".card.json")


def write_card(weights: Path, facts: Mapping[str, Any]) -> None:
    """Write the card beside a weights file, with the hash of that."""
    write_json(name_card(weights), {"weights_sha256": hash_file(weights), **facts})


def read_origin(weights: Path, sha256: str) -> str | None:
    """Return in words what a weights file came from, if a card beside it tells that of it.

    Args:
        weights: The file.
        sha256: Its hash; a card of another is not believed.
    """
    file = name_card(weights)
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
        if card["weights_sha256"] != sha256:
            logger.warning("%s is of other weights than %s: it is not read", file, weights.name)
            return None
        start, images = card["start"], card["images"]
        known = f" (sha256 {start['sha256']})" if start["sha256"] else ""
        return (
            f"{weights}: {card['method']} for {count_of(card['settings']['epochs'], 'epoch')} on "
            f"{count_of(images['count'], 'image')} without labels (sha256 {images['sha256']}), "
            f"from weights {start['kind']}{known}"
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("%s cannot be read as a card of weights: %r", file, error)
        return None
