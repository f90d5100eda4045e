"""Runs whose reports tests look at, and what is in a page."""

import json
import re
import shutil

import numpy as np

from keras_transfer.evaluation.html_report.own_pictures import find_pictures
from keras_transfer.evaluation.html_report.write_report import write_report
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import read_table, write_table, write_text

HOSTILE = "<img src=x onerror=alert(1)>", '"><script>alert(2)<'


def make_predictions(truth, said, confidence=None, classes=3, split="validation"):
    """Return predictions whose best class has this probability, 0.6 unless given."""
    count = len(truth)
    best = np.broadcast_to(0.6 if confidence is None else confidence, count)
    probabilities = np.repeat((1 - best)[:, None] / (classes - 1), classes, axis=1)
    probabilities[np.arange(count), said] = best
    return Predictions(
        paths=np.array([f"{row}.png" for row in range(count)], object),
        splits=np.full(count, split, object),
        truth=np.array(truth, np.int64),
        probabilities=probabilities,
        class_names=tuple(f"class {index}" for index in range(classes)),
    )


def copy_run(run, folder, names=None):
    """Return a copy of a run of two classes, whose classes have other names if some are given."""
    copy = Run(shutil.copytree(run.path, folder))
    if names:
        renamed = dict(zip(copy.class_names(), names, strict=True))
        for file in (copy.split_file, copy.predictions_file):
            table = read_table(file)
            chances = {f"probability_{old}": f"probability_{new}" for old, new in renamed.items()}
            columns = [chances.get(column, column) for column in table]
            rows = zip(*table.values(), strict=True)
            clear = {"class", "truth", "prediction"}
            write_table(
                file,
                columns,
                [
                    [
                        renamed.get(cell, cell) if column in clear else cell
                        for column, cell in zip(table, row, strict=True)
                    ]
                    for row in rows
                ],
            )
        write_text(copy.class_names_file, "\n".join(names) + "\n")
    return copy


def report(run):
    """Write the report of a run and return its text."""
    config = load_run_config(run)
    return write_report(run, run.metrics(), find_pictures(run, config)).read_text("utf-8")


def read_images(page):
    """Return what the page's script is given."""
    found = re.search(r'<script type="application/json" id="images">(.*?)</script>', page, re.S)
    return json.loads(found[1])
