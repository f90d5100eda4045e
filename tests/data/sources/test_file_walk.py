"""Odd things among images: links, pipes, locked folders, and what this program wrote itself."""

import logging
import os
import socket
import subprocess

import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.data.sources.file_walk import walk_images
from keras_transfer.data.sources.unlabelled import expand_word

RUN = ("config.yaml", "train.log", "figures/learning_curves.png", "model.keras")


def walk(folder):
    return list(walk_images(folder, "set", set()))


def test_links_to_themselves_and_in_rings_are_named_like_files(make_tree):
    root = make_tree("1.png")
    (root / "own").symlink_to("own")
    (root / "ping").symlink_to("pong")
    (root / "pong").symlink_to("ping")
    (root / "nowhere").symlink_to("absent")
    assert walk(root) == [f"set/{n}" for n in ("1.png", "nowhere", "own", "ping", "pong")]


def test_folders_that_link_to_each_other_are_read_once(make_tree, caplog):
    """Else ten of them would be read in ten million orders."""
    names = [f"f{number}" for number in range(10)]
    root = make_tree(*(f"{name}/1.png" for name in names))
    for name in names:
        for other in names:
            (root / name / f"to_{other}").symlink_to(root / other)
    assert len(walk(root)) == 10
    assert "above it or read already" in caplog.text


def test_a_link_to_a_folder_above_brings_no_images_of_other_classes(make_tree, caplog):
    root = make_tree("a/1.png", "b/1.png")
    (root / "a/up").symlink_to("..")
    (root / "a/top").symlink_to("/")
    found = read_examples(str(root), DataConfig())
    assert found.paths.tolist() == ["a/1.png", "b/1.png"]
    assert str(root / "a/top") in caplog.text


def test_folders_may_be_deeper_than_python_may_recurse(tmp_path):
    deep = "/".join("d" * 1500)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.mkfifo("1.png", dir_fd=descriptor)
    os.close(descriptor)
    found = walk(tmp_path)
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # shutil.rmtree may not recurse
    assert found == [f"set/{deep}/1.png"]


def test_what_is_no_file_is_named_and_the_walk_goes_on(make_tree, tmp_path):
    root = make_tree("a.png", "z.png")
    os.mkfifo(root / "pipe.png")
    (root / "zero.png").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(root / "socket.png"))
    assert walk(root) == [f"set/{n}.png" for n in ("a", "pipe", "socket", "z", "zero")]


@pytest.fixture
def locked(make_tree, monkeypatch):
    """A tree in which the folder b/locked cannot be read, also by root."""
    root = make_tree("a/1.png", "b/1.png", "b/locked/2.png", "b/z/3.png")
    scan = os.scandir

    def refuse(folder):
        if str(folder).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    return root


def test_a_folder_without_permission_is_named_and_the_walk_goes_on(locked):
    assert walk(locked / "b") == ["set/1.png", "set/locked", "set/z/3.png"]
    assert expand_word(str(locked / "b")) == [
        str(locked / "b" / name) for name in ("1.png", "locked", "z/3.png")
    ]


def test_odd_links_beside_class_folders_do_not_end_the_reading(locked):
    (locked / "own").symlink_to("own")
    (locked / "a/own").symlink_to("own")
    found = read_examples(str(locked), DataConfig())
    assert found.paths.tolist() == ["a/1.png", "a/own", "b/1.png", "b/locked", "b/z/3.png"]
    assert found.class_names == ("a", "b")


@pytest.fixture
def root(tmp_path):
    write(tmp_path, "a/1.png", "b/1.png")
    return tmp_path


def write(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


@pytest.mark.parametrize(
    "paths",
    [
        ["saved_models/.gitkeep"],
        [f"saved_models/run/{name}" for name in RUN],
        [f"saved_models/run/{name}" for name in ("config.yaml", "lock.json")],
        [f"my models/{name}/{file}" for name in ("one", "two") for file in RUN],
        [f"run/{name}" for name in RUN],
        ["compare/comparison.yaml", "compare/comparison.png", "compare/runs/x/config.yaml"],
        ["exports/parity.json", "exports/model.tflite"],
        ["exported/saved_model/1/saved_model.pb", "exported/saved_model/1/variables/x"],
    ],
)
def test_what_this_program_wrote_is_no_class(root, paths, caplog):
    caplog.set_level(logging.INFO)
    write(root, *paths)
    examples = read_examples(str(root), DataConfig())
    assert examples.paths.tolist() == ["a/1.png", "b/1.png"]
    assert examples.class_names == ("a", "b")
    assert caplog.messages == [
        f"Left out, since they hold runs or exports: {paths[0].split('/')[0]}/"
    ]


def test_a_run_within_a_class_is_left_out_and_its_class_stays(root):
    write(
        root, *(f"b/runs/one/{name}" for name in RUN), "c/model.keras", "d/config.yaml", "d/1.png"
    )
    examples = read_examples(str(root), DataConfig())
    assert examples.class_names == ("a", "b", "c", "d")
    assert examples.paths.tolist() == ["a/1.png", "b/1.png", "c/model.keras", "d/1.png"]


def test_a_run_below_a_folder_of_images_is_not_predicted(root):
    write(root, *(f"saved_models/run/{name}" for name in RUN))
    assert expand_word(str(root)) == [str(root / "a/1.png"), str(root / "b/1.png")]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("x/**", ["x/a.jpg", "x/y/b.jpg", "x/y/cat/c.png"]),
        ("**/*.jpg", ["x/a.jpg", "x/y/b.jpg"]),
        ("x/**/cat", ["x/y/cat/c.png"]),
        ("**/y/**/*.png", ["x/y/cat/c.png"]),
    ],
)
def test_a_pattern_ends_where_links_lead_in_rings(tmp_path, monkeypatch, pattern, found):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x" / "y" / "cat").mkdir(parents=True)
    for name in ("x/a.jpg", "x/y/b.jpg", "x/y/cat/c.png"):
        (tmp_path / name).touch()
    for number in range(4):  # Python's own `**` follows them forty times, in every order
        (tmp_path / "x" / f"ring{number}").symlink_to("..")
        (tmp_path / "x" / "y" / f"ring{number}").symlink_to(".")
    assert expand_word(pattern) == found
