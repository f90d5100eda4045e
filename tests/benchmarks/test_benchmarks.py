"""The benchmarks compare equal work and count it rightly; what they measure is not tested."""

import json
import math
import sys

import numpy as np
import pytest
from benchmark_modules import load
from fake_runs import finish

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.run.history import HISTORY_COLUMNS
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_table, write_text

NOTHING = [sys.executable, "-c", "pass"]


@pytest.fixture(scope="module")
def versus():
    return load("vs_keras_guide")


@pytest.fixture(scope="module")
def scaling():
    return load("scaling")


def write_files(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())


def list_files(root):
    return sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file())


@pytest.fixture
def photos(tmp_path):
    names = ["train/ants/1.jpg", "train/bees/2.JPEG", "train/bees/deep/3.png"]
    write_files(tmp_path / "photos", *names, "val/ants/4.jpg", "val/bees/5.jpg")
    return tmp_path / "photos"


def test_both_get_the_images_of_train_and_val(versus, photos, tmp_path):
    write_files(photos, "test/ants/6.jpg", "train/ants/7.webp", "train/ants/note.txt")
    assert versus.build_tree(photos, tmp_path / "tree") == {"train": 3, "val": 2}
    assert list_files(tmp_path / "tree") == [
        "train/ants/1.jpg",
        "train/bees/2.JPEG",
        "train/bees/deep/3.png",
        "val/ants/4.jpg",
        "val/bees/5.jpg",
    ]
    assert (tmp_path / "tree/val/bees/5.jpg").read_bytes() == b"val/bees/5.jpg"


def test_the_test_split_stands_in_for_a_missing_validation_split(versus, photos, tmp_path):
    (photos / "val").rename(photos / "Testing")
    assert versus.build_tree(photos, tmp_path / "tree") == {"train": 3, "val": 2}
    assert (tmp_path / "tree/val/ants/4.jpg").is_file()


def test_a_folder_without_splits_is_refused(versus, photos, tmp_path):
    with pytest.raises(SystemExit, match="must hold train/"):
        versus.build_tree(photos / "train", tmp_path / "tree")


def test_hymenoptera_is_linked_whole(versus, shared, tmp_path):
    found = versus.build_tree(shared / "data/hymenoptera", tmp_path / "tree")
    assert found == {"train": 244, "val": 153}


def test_each_of_both_goes_first_in_turn(versus):
    assert [versus.order_pair(pair)[0] for pair in range(4)] == ["ours", "guide", "ours", "guide"]
    assert all(sorted(versus.order_pair(pair)) == ["guide", "ours"] for pair in range(4))


def test_all_pairs_are_trained_in_that_order_and_printed(
    versus, photos, tmp_path, monkeypatch, capsys
):
    seen = []
    work = {"frozen": 3, "finetune": 3, "train": 3, "validation": 2}

    def train_ours(command, run, seed):
        seen.append(("ours", seed, command[command.index("--finetune.locked_layers") + 1]))
        assert command[-2:] == ["--augment.preset", "none"]
        return versus.Training(10.0 + seed, 500.0, 0.75, 0.5, work, {"total": 9.0, "data": seed})

    def train_guide(command, epochs, log, seed):
        seen.append(("guide", seed, command[6]))
        return versus.Training(30.0, 700.0, 0.5, 0.25, {**work, "finetune": epochs}, {})

    monkeypatch.setattr(versus, "train_ours", train_ours)
    monkeypatch.setattr(versus, "train_guide", train_guide)
    monkeypatch.setattr(versus, "run_process", lambda command, log: None)
    words = f"--guide g.py --dataset {photos} --weights none --epochs 3 --pairs 3".split()
    words += ["--backbone", "efficientnetb0", "--locked_layers", "block6a"]
    versus.main([*words, "--", "--augment.preset", "none"])
    ours, guide = "163", "162"
    assert seen == [
        ("ours", 0, ours),
        ("guide", 0, guide),
        ("guide", 1, guide),
        ("ours", 1, ours),
        ("ours", 2, ours),
        ("guide", 2, guide),
    ]
    lines = capsys.readouterr().out.splitlines()
    assert "| 0 | 3.00 | 10.0 | 30.0 | 0.750 | 0.500 | 0.500 | 0.250 | 500 | 700 |" in lines
    assert "| median | 2.73 | 11.0 | 30.0 | 0.750 | 0.500 | 0.500 | 0.250 | 500 | 700 |" in lines
    assert lines[-3:] == [
        "| process | total | data |",
        "| ---: | ---: | ---: |",
        "| 11.0 | 9.0 | 1.0 |",
    ]


def test_a_pair_of_unequal_work_ends_the_benchmark(versus, photos, monkeypatch):
    ours = versus.Training(1.0, 1.0, 1.0, 1.0, {"frozen": 2}, {})
    guide = ours._replace(work={"frozen": 3})
    monkeypatch.setattr(versus, "run_process", lambda command, log: None)
    monkeypatch.setattr(versus, "train_ours", lambda *arguments: ours)
    monkeypatch.setattr(versus, "train_guide", lambda *arguments: guide)
    with pytest.raises(SystemExit, match="different work"):
        versus.main(["--guide", "g.py", "--dataset", str(photos), "--weights", "none"])


@pytest.fixture
def run(tmp_path):
    """A finished run of 2 + 1 epochs on 3 + 2 images, as far as the benchmarks read it."""
    run = Run(tmp_path / "run0")
    run.path.mkdir()
    write_text(run.config_file, "seed: 0\n")
    phases = [("frozen", 1), ("frozen", 2), ("finetune", 1)]
    rows = [(*phase, *[0.5] * (len(HISTORY_COLUMNS) - 2)) for phase in phases]
    write_table(run.history_file, HISTORY_COLUMNS, rows)
    splits = ["train", "train", "train", "validation", "validation"]
    write_table(run.split_file, ["path", "split"], [("a", split) for split in splits])
    accuracies = {"frozen": (0.9, 0.8), "finetune": (0.7, 0.6)}
    names = ("validation_accuracy", "last_validation_accuracy")
    others = {"epochs": 1, "best_epoch": 1, "seconds": 1.0}
    phases = {k: others | dict(zip(names, pair, strict=True)) for k, pair in accuracies.items()}
    finish(run, phases=phases, seconds={"total": 2.5, "data": 1.5})
    return run


def test_a_run_is_read_and_its_work_counted(versus, run):
    found = versus.train_ours(NOTHING, run.path)
    assert (found.best, found.last) == (0.9, 0.6)
    assert found.work == {"frozen": 2, "finetune": 1, "train": 3, "validation": 2}
    assert list(found.parts) == ["total", "data"]
    assert found.seconds > 0
    assert 1 < found.megabytes < 10_000


def test_the_guide_is_read_and_its_work_counted(versus, tmp_path):
    result = {"acc1_best": 0.75, "acc1_last": 0.5, "acc2_best": 0.625, "acc2_last": 0.25}
    lines = ["Found 3 files belonging to 2 classes.", "Found 2 files belonging to 2 classes."]
    script = f"import os; print(*{[*lines, json.dumps(result)]!r}, sep=chr(10))"
    script += "; assert os.environ['SEED'] == '7'"
    found = versus.train_guide([sys.executable, "-c", script], 4, tmp_path / "log", 7)
    assert (found.best, found.last) == (0.75, 0.25)
    assert found.work == {"frozen": 4, "finetune": 4, "train": 3, "validation": 2}


@pytest.mark.parametrize("other", [{"finetune": 2}, {"train": 4}, {"validation": 1}])
def test_unequal_work_is_refused(versus, run, other):
    work = versus.train_ours(NOTHING, run.path).work
    versus.check_equal(work, dict(work))
    with pytest.raises(SystemExit, match="different work") as caught:
        versus.check_equal(work, {**work, **other})
    assert caught.value.code  # text: exit status 1


def test_a_failing_process_shows_its_last_words(versus, tmp_path):
    script = "print('first'); [print(k) for k in range(30)]; print('last words'); exit(3)"
    with pytest.raises(SystemExit, match="last words\nerror: exit status 3") as caught:
        versus.run_process([sys.executable, "-c", script], tmp_path / "log")
    assert "first" not in caught.value.code.split("error:")[0]


def test_words_after_two_dashes_are_passed_on(versus):
    assert versus.split_words(["--pairs", "1"]) == (["--pairs", "1"], [])
    assert versus.split_words(["--pairs", "1", "--", "--x"]) == (["--pairs", "1"], ["--x"])


@pytest.mark.parametrize(
    "name", [pytest.param("efficientnetb0", marks=pytest.mark.thorough), "mobilenetv3small"]
)
def test_both_lock_the_same_layers(versus, name):
    import keras

    from keras_transfer.models.build_model import build_backbone

    row = BACKBONES[name]
    ours = build_backbone(row, 224).layers
    build = getattr(keras.applications, row.build)
    theirs = build(weights=None, include_top=False, input_shape=(224, 224, 3)).layers
    assert versus.guide_boundary(row, len(ours)) == len(theirs)
    for boundary in range(len(ours) + 1):
        first = [layer for layer in ours[:boundary] if layer.name != "rescaling_1"]
        locked = theirs[: versus.guide_boundary(row, boundary)]
        assert [type(layer) for layer in locked] == [type(layer) for layer in first]


def test_the_slope_is_the_exponent(scaling):
    sizes = [1000, 2000, 4000, 8000]
    assert scaling.fit_slope(sizes, [0.02 * size**0.9 for size in sizes]) == pytest.approx(0.9)
    assert scaling.fit_slope(sizes, [5.0] * 4) == pytest.approx(0)
    assert scaling.fit_slope([1, 2, 4], [1, 2, 2]) == pytest.approx(0.5)


def test_the_start_is_left_out_of_the_second_slope(scaling):
    parts = {"total": 10.0, "start": 3.0, "data": 2.0, "model": 1.0, "frozen": 4.0}
    assert scaling.seconds_without_start(parts) == 6.0
    assert scaling.seconds_without_start({"total": 10.0}) == 10.0


def test_a_smaller_set_is_part_of_a_larger_one(scaling, tmp_path):
    write_files(tmp_path / "images", *(f"{index:06}.jpg" for index in range(40)))
    assert scaling.link_subset(tmp_path / "images", 20, tmp_path / "a") == {"train": 16, "val": 4}
    assert scaling.link_subset(tmp_path / "images", 40, tmp_path / "b") == {"train": 32, "val": 8}
    small, large = list_files(tmp_path / "a"), list_files(tmp_path / "b")
    assert len(small) == 20
    assert set(small) < set(large)
    for split, count in (("train", 16), ("val", 4)):
        for name in scaling.CLASS_NAMES:
            assert len(list_files(tmp_path / "b" / split / name)) == count


def test_a_size_that_was_not_used_whole_is_refused(scaling, tmp_path, monkeypatch):
    work = {"frozen": 2, "finetune": 2, "train": 16, "validation": 4}
    found = scaling.Training(1.0, 1.0, 1.0, 1.0, work, {})
    monkeypatch.setattr(scaling, "train_ours", lambda command, run: found)
    assert scaling.measure([], tmp_path, 20, tmp_path / "run20", 2) is found
    work["train"] = 15
    with pytest.raises(SystemExit, match="different work"):
        scaling.measure([], tmp_path, 20, tmp_path / "again", 2)


def test_images_differ_and_are_drawn_again_the_same(scaling):
    drawn = [scaling.draw_image(index).tobytes() for index in (0, 1, 2, 0)]
    assert drawn[0] == drawn[3]
    assert len(set(drawn)) == 3
    assert scaling.draw_image(0).size == (500, 375)


@pytest.mark.parametrize("kept", [True, False])
def test_disk_is_compared_with_memory_at_the_largest_size(scaling, kept, capsys):
    cache = {"cache": 1.0} if kept else {}
    found = [
        scaling.Training(seconds, 900.0, 0.5, 0.5, {}, {"total": rest + 2, "start": 2.0, **cache})
        for seconds, rest in ((10.0, 4.0), (20.0, 4.0 * math.sqrt(2)), (25.0, 9.0))
    ]
    scaling.print_results([100, 200], found)
    lines = capsys.readouterr().out.splitlines()
    end = " 1.0 |" if kept else ""
    assert lines[2] == "| 100 | 900 | 10.0 | 6.0 | 2.0 |" + end
    assert lines[4] == "| 200, on disk | 900 | 25.0 | 11.0 | 2.0 |" + end
    assert "images: 1.00; without the start 0.50." in lines[-2]
    if kept:
        assert lines[-1] == "Seconds on disk / in memory at 200 images: 1.25."
    else:
        assert lines[-1].startswith("No activations were kept")


def test_pairs_of_images_decide_whether_weights_are_better():
    compare = load("bundled_vs_scratch").compare
    some = np.tile(np.arange(100) % 2, (3, 1)).astype(float)
    assert compare(some, some) == (0, 0, 0)
    mean, low, high = compare(some, np.ones((3, 100)))
    assert mean == pytest.approx(0.5)
    assert 0.35 < low < 0.45 < 0.55 < high < 0.65  # 1.96 · sqrt(.25 / 100) is .098
    mean, low, high = compare(some, np.roll(some, 1, axis=1))  # as many others were right
    assert mean == 0
    assert low < -0.1 < 0.1 < high


def test_the_loop_by_hand_classifies_every_image(finished_run, stripes, capsys):
    load("predict_stream").classify_by_hand(str(finished_run.path), str(stripes / "test/level"))
    assert capsys.readouterr().out == "12\n"
