"""Data sets of other tasks, such as detection and segmentation, by the layout of their folders."""

import os
import re
from pathlib import Path

from keras_transfer.data.sources.file_walk import is_regular, list_folders
from keras_transfer.system.errors import ConfigError

NEEDED = "One folder per class is needed, such as cats/1.jpg and dogs/1.jpg"


def refuse_other_tasks(root: Path, split_folders: list[str]) -> None:
    """Refuse trees of detection, segmentation and multi-label data."""
    for folder in (root, *(root / name for name in split_folders)):
        if kind := _recognize_task(folder):
            raise ConfigError(
                "`dataset` must be image classification data: each image has one class. "
                f"Received: {root}, which looks like {kind}. {NEEDED}."
            )


def _recognize_task(folder: Path) -> str | None:
    """Return what other data set layout a folder shows, or None."""
    names = {name.lower(): name for name in list_folders(folder)}
    with os.scandir(folder) as entries:
        files = {entry.name.lower() for entry in entries if is_regular(entry)}
    if {"images", "labels"} <= names.keys() or _is_yolo_file(folder, files):
        return "YOLO detection data (images/ with labels/, data.yaml)"
    if {"images", "masks"} <= names.keys():
        return "segmentation data (images/ with masks/)"
    if any(file.endswith(".coco.json") for file in files):
        return "COCO detection data (*.coco.json)"
    if "_classes.csv" in files:
        return "multi-label data (_classes.csv)"
    if "jpegimages" in names or (not names and any(file.endswith(".xml") for file in files)):
        return "VOC detection data (an .xml file per image)"
    if "annotations" in names:
        suffixes = {path.suffix.lower() for path in (folder / names["annotations"]).iterdir()}
        if ".json" in suffixes:
            return "COCO detection data (annotations/*.json)"
        if ".xml" in suffixes:
            return "VOC detection data (Annotations/*.xml)"
    return None


def _is_yolo_file(folder: Path, files: set[str]) -> bool:
    """Return whether there is a data.yaml that names classes and training images."""
    for name in {"data.yaml", "data.yml", "dataset.yaml"} & files:
        text = (folder / name).read_text(encoding="utf-8", errors="replace")
        if re.search(r"^train\s*:", text, re.M) and re.search(r"^names\s*:", text, re.M):
            return True
    return False
