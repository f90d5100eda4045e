"""The files of an embedding: .npz, .parquet or parts, the map, the folder where none is named."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_transfer.cluster.part_folder import check_part_folder, is_part_folder
from keras_transfer.config.lookup import lookup
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.embed.embedding import COLUMNS, Embedding
from keras_transfer.run.run_files import EMBEDDING_FILE
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing, write_json
from keras_transfer.system.files.output_folder import Newness, opening
from keras_transfer.system.packages import require_package

STEM, PARTS_MAP = "embedding", "_embedding.png"
NEW = Newness("features are never overwritten", EMBEDDING_FILE, "an earlier embedding")
ROWS = 4096  # of a row group, and as many as are in memory


class Output(NamedTuple):
    """Where features go."""

    path: Path
    in_parts: bool
    """Whether it is a folder of parts."""

    @property
    def place(self) -> Path:
        """A folder on its disk, for what is there meanwhile."""
        return self.path if self.in_parts else self.path.parent

    @property
    def map(self) -> Path:
        """Where the map goes: beside a file; among parts under a name that readers leave out."""
        return self.path / PARTS_MAP if self.in_parts else name_map(self.path)

    def check(self) -> None:
        """Refuse what cannot be written, before the work."""
        if self.in_parts:
            check_part_folder(self.path)
        else:
            check_file(self.path)


def find_output(word: str | Path | None) -> Output | None:
    """Return what a word after --output means."""
    if word is None:
        return None
    return Output(Path(word).expanduser(), is_part_folder(os.path.expanduser(word)))


def check_file(file: Path) -> None:
    """Refuse a file that cannot be written, before the work; its folder is made.

    Raises:
        ConfigError: It is there, is of no known format, or its folder cannot be made.
    """
    if file.suffix not in FORMATS:
        raise ConfigError(
            f"`output` must be a file that ends in {' or '.join(FORMATS)}, or FOLDER/, with the "
            f"slash, for parts. Received: {file}."
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


def leave_embedding(embedding: Embedding, output: Output | None, with_map: bool) -> Path:
    """Write the features, and the map; return the file.

    Args:
        embedding: The features.
        output: New file, or parts that are there. None: embedding.npz in a new folder of
            saved_models.
        with_map: Whether to draw it.

    Raises:
        ConfigError: It cannot be written.
    """
    if output is not None:
        try:
            if not output.in_parts:
                _write(embedding, output.path)
            if with_map:
                _write_map(embedding, output.map)
        except OSError as error:
            raise _explain(output.path, error) from error
        return output.path
    with opening(None, TrainConfig.output, "embed", NEW) as folder:
        facts = {"network": embedding.network, "data_sets": [*embedding.set_names]}
        write_json(folder / EMBEDDING_FILE, facts)  # first: by it the folder is known
        file = folder / f"{STEM}.npz"
        _write(embedding, file)
        if with_map:
            _write_map(embedding, name_map(file))
    return file


def _write(embedding: Embedding, file: Path) -> None:
    with replacing(file) as temporary:
        lookup(FORMATS, "format", file.suffix)(embedding, temporary)


def _write_map(embedding: Embedding, file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    with replacing(file) as temporary:
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
    columns = _list_columns(embedding)
    with open_parquet(file, embedding.vectors.shape[1]) as write:
        for start in range(0, len(embedding), ROWS):
            rows = slice(start, start + ROWS)
            texts = [values[rows] for values in columns.values()]
            write(texts, np.array(embedding.vectors[rows]))


@contextlib.contextmanager
def open_parquet(
    file: Path, channels: int, said: Mapping[str, str] | None = None
) -> Iterator[Callable[[Sequence[np.ndarray], np.ndarray], None]]:
    """Hand out what writes rows to a new file: their `COLUMNS`, and vectors (rows, channels).

    Args:
        file: Parquet.
        channels: Features of a row.
        said: What stands beside the schema.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    vector = pa.field("vector", pa.list_(pa.float32(), channels))
    schema = pa.schema([*(pa.field(name, pa.string()) for name in COLUMNS), vector], said)

    def write(texts: Sequence[np.ndarray], vectors: np.ndarray) -> None:
        columns = [pa.array(map(to_utf8, values), pa.string()) for values in texts]
        flat = pa.array(np.asarray(vectors, np.float32).ravel())
        columns.append(pa.FixedSizeListArray.from_arrays(flat, channels))
        writer.write_table(pa.table(columns, schema=schema))

    # of a stream, as pyarrow takes no name that is no UTF-8
    with file.open("wb") as stream, pq.ParquetWriter(stream, schema) as writer:
        yield write


def _list_columns(embedding: Embedding) -> dict[str, np.ndarray]:
    columns = embedding.data_sets, embedding.paths, embedding.splits, embedding.classes
    return dict(zip(COLUMNS, columns, strict=True))


def to_utf8(text: str) -> str:
    """Return a name as Parquet holds it: a byte that is no UTF-8 becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _explain(file: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"`output` must be a file that can be written. Received: {file} ({error.strerror}). "
        "Choose another with --output."
    )


FORMATS = {".npz": _write_npz, ".parquet": _write_parquet}
