"""What a file is that does not hold the weights wanted: named, so that nobody has to guess."""

import zipfile
from pathlib import Path

import h5py  # type: ignore[import-untyped]

SUFFIXES = (".weights.h5", ".h5", ".keras")  # what `--weights` reads

OTHER_FILE = "Give another file with --weights."

TORCH = "weights of PyTorch, whose layers are others than those of Keras"
KINDS = {  # end of the name -> what such a file is
    ".pt": TORCH,
    ".pth": TORCH,
    ".bin": TORCH,
    ".safetensors": "weights of another library",
    ".msgpack": "weights of Flax",
    ".npz": "arrays of NumPy",
    ".ckpt": "a checkpoint of another library",
    ".index": "a part of a TensorFlow checkpoint",
    ".pb": "a part of a SavedModel",
    ".tflite": "a TFLite model, which is for prediction only",
    ".onnx": "an ONNX model, which is for prediction only",
}
STARTS = {  # first bytes of a file -> what it is
    b"<": "a web page: the download failed",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself by `git lfs pull`",
}


def name_kind(path: Path) -> str:
    """Return what a file or folder is that Keras has not written as weights; "": unknown."""
    if path.is_dir():
        if (path / "saved_model.pb").is_file():
            return "a SavedModel, which is for prediction only"
        return "an unpacked .keras file" if (path / "model.weights.h5").is_file() else ""
    if not path.is_file():
        return ""
    if path.name.endswith(SUFFIXES):
        return _name_content(path)
    return next((kind for end, kind in KINDS.items() if path.name.endswith(end)), "")


def _name_content(path: Path) -> str:
    """Return what a file holds whose name promises weights of Keras."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if any(name.endswith("data.pkl") for name in names):
            return TORCH
        whole = path.suffix != ".keras" and "config.json" in names
        return "a whole model of Keras: its name must end in .keras" if whole else ""
    if h5py.is_hdf5(path):
        return "an HDF5 file: its name must end in .h5" if path.suffix == ".keras" else ""
    with path.open("rb") as stream:
        start = stream.read(32)
    if not start:
        return "an empty file"
    return next((kind for first, kind in STARTS.items() if start.startswith(first)), "")


def explain_mismatch(name: str, file: Path, reason: str, advice: str) -> str:
    """Return the error for a file that does not hold the weights of backbone `name`."""
    return (
        f"The weights in {file} must be those of {name} or of a larger model with it inside. "
        f"Received: {reason}. {advice}"
    )
