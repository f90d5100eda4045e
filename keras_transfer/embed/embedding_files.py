"""The files of an embedding: .npz or .parquet, the map, and the folder where nobody named one."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.config.lookup import lookup
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.embed.embedding import COLUMNS, Embedding
from keras_transfer.run.run_files import EMBEDDING_FILE
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing, write_json
from keras_transfer.system.files.output_folder import Newness, opening
from keras_transfer.system.packages import require_package

STEM = "embedding"
NEW = Newness("features are never overwritten", EMBEDDING_FILE, "an earlier embedding")
ROWS = 4096  # of a row group, and as many as are in memory


def check_file(file: Path) -> None:
    """Refuse a file that cannot be written, before the work; its folder is made.

    Raises:
        ConfigError: It is there, is of no known format, or its folder cannot be made.
    """
    if file.suffix not in FORMATS:
        raise ConfigError(
            f"`output` must be a file that ends in {' or '.join(FORMATS)}. Received: {file}."
        )
    if file.suffix == ".parquet":
        require_package(f"`output` {file}", "pyarrow", "parquet")
    for each in (file, name_map(file)):
        if os.path.lexists(each):
            raise ConfigError(
                f"`output` must be a new file: features are never overwritten. Received: {file}, "
                f"beside which {each} is there. Choose another name with --output."
            )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=file.parent).close()
    except OSError as error:
        raise _explain(file, error) from error


def name_map(file: Path) -> Path:
    """Return where the map of a file goes."""
    return file.parent / "figures" / f"{file.stem}.png"


def leave_embedding(embedding: Embedding, output: Path | None, with_map: bool) -> Path:
    """Write the features, and the map; return the file.

    Args:
        embedding: The features.
        output: New file. None: embedding.npz in a new folder of saved_models.
        with_map: Whether to draw it.

    Raises:
        ConfigError: It cannot be written.
    """
    if output is not None:
        try:
            _write(embedding, output, with_map)
        except OSError as error:
            raise _explain(output, error) from error
        return output
    with opening(None, TrainConfig.output, "embed", NEW) as folder:
        facts = {"network": embedding.network, "data_sets": [*embedding.set_names]}
        write_json(folder / EMBEDDING_FILE, facts)  # first: by it the folder is known
        file = folder / f"{STEM}.npz"
        _write(embedding, file, with_map)
    return file


def _write(embedding: Embedding, file: Path, with_map: bool) -> None:
    with replacing(file) as temporary:
        lookup(FORMATS, "format", file.suffix)(embedding, temporary)
    if with_map:
        name_map(file).parent.mkdir(exist_ok=True)
        with replacing(name_map(file)) as temporary:
            draw_map(embedding, temporary)


def draw_map(embedding: Embedding, file: Path) -> None:
    """Draw the images of all data sets as points; see `draw_domain_map`."""
    from keras_transfer.evaluation.domain_gap.domain_map import MapPanel, draw_domain_map

    names, labels = embedding.label_classes()
    panel = MapPanel(
        title=embedding.network,
        features=embedding.vectors,
        domains=embedding.set_index,
        labels=labels,
        noun=embedding.noun,
    )
    title = " and ".join(Path(name).name or name for name in embedding.set_names)
    draw_domain_map([panel], embedding.set_names, names, file, title)


def _write_npz(embedding: Embedding, file: Path) -> None:
    """Write arrays of plain text and numbers: they open without pickle, features 16 MB a time."""
    columns: dict[str, Any] = {
        name: values.astype(str) for name, values in _list_columns(embedding).items()
    }
    np.savez(file, **columns, vector=embedding.vectors)


def _write_parquet(embedding: Embedding, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns, channels = _list_columns(embedding), embedding.vectors.shape[1]
    fields = [(name, pa.string()) for name in columns]
    schema = pa.schema([*fields, ("vector", pa.list_(pa.float32(), channels))])
    with pq.ParquetWriter(file, schema) as writer:
        for start in range(0, len(embedding), ROWS):
            rows = slice(start, start + ROWS)
            texts = [pa.array(map(_to_utf8, values[rows])) for values in columns.values()]
            flat = pa.array(np.array(embedding.vectors[rows]).ravel())
            vectors = pa.FixedSizeListArray.from_arrays(flat, channels)
            writer.write_table(pa.table([*texts, vectors], schema=schema))


def _list_columns(embedding: Embedding) -> dict[str, np.ndarray]:
    columns = embedding.data_sets, embedding.paths, embedding.splits, embedding.classes
    return dict(zip(COLUMNS, columns, strict=True))


def _to_utf8(text: str) -> str:
    """Return a name as Parquet holds it: a byte that is no UTF-8 becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _explain(file: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"`output` must be a file that can be written. Received: {file} ({error.strerror}). "
        "Choose another with --output."
    )


FORMATS = {".npz": _write_npz, ".parquet": _write_parquet}
