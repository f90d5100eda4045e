"""What is said of an embedding, in words and for scripts."""

from collections import Counter
from pathlib import Path
from typing import Any

from keras_transfer.config.messages import count_of
from keras_transfer.embed.embedding import Embedding
from keras_transfer.evaluation.domain_gap.gap_measures import DomainGap


def describe_embedding(
    embedding: Embedding, gap: DomainGap | None, file: Path, drawn: Path | None
) -> str:
    """Return a few lines: what was embedded by what, how far apart two sets are, the files."""
    counts = Counter(embedding.set_index.tolist())
    lines = [
        f"{count_of(len(embedding), embedding.noun)}, {embedding.vectors.shape[1]:,} features "
        f"each, by {embedding.network} ({embedding.images_per_second:,.0f} {embedding.noun}s/s)"
    ]
    if len(embedding.set_names) > 1:
        names = enumerate(embedding.set_names)
        lines += [f"{name}: {count_of(counts[place], embedding.noun)}" for place, name in names]
    lines += [gap.describe(noun=embedding.noun)] if gap else []
    return "\n".join([*lines, f"Written: {file}", *([f"Written: {drawn}"] if drawn else [])])


def answer_embedding(
    embedding: Embedding, gap: DomainGap | None, file: Path, drawn: Path | None
) -> dict[str, Any]:
    """Return what `--json` prints."""
    counts = Counter(embedding.set_index.tolist())
    return {
        "network": embedding.network,
        "data_sets": [
            {"name": name, "images": counts[place]}
            for place, name in enumerate(embedding.set_names)
        ],
        "images": len(embedding),
        "features": embedding.vectors.shape[1],
        "images_per_second": embedding.images_per_second,
        "unusable": [
            {"data_set": name, "path": path, "reason": reason}
            for name, path, reason in embedding.unusable
        ],
        "file": file.absolute(),
        "figure": drawn and drawn.absolute(),
        "gap": gap and gap.as_json(),
    }
