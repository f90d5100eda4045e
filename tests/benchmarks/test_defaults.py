"""The benchmark of defaults divides once, pairs the same images, and goes on where it stopped."""

import json

import numpy as np
import pytest
from benchmark_modules import load

from keras_transfer.run.predictions_csv import Predictions


@pytest.fixture(scope="module")
def defaults():
    return load("defaults")


@pytest.fixture(scope="module")
def differences():
    return load("paired_differences")


def write_images(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())


def list_links(tree):
    return {str(file.relative_to(tree)) for file in tree.rglob("*") if file.is_symlink()}


def test_a_given_validation_split_becomes_the_test(defaults, tmp_path):
    write_images(tmp_path / "set", "train/a/1.png", "train/b/2.png", "val/a/3.png", "val/b/4.png")
    defaults.link_set(tmp_path / "set", tmp_path / "tree")
    links = list_links(tmp_path / "tree")
    assert links == {"train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png"}
    assert (tmp_path / "tree/test/a/3.png").read_bytes() == b"val/a/3.png"


def test_a_set_without_splits_is_divided_once_class_by_class(defaults, tmp_path):
    names = [
        f"{kind}/{index}.png" for kind, count in (("a", 10), ("b", 20)) for index in range(count)
    ]
    write_images(tmp_path / "set", *names)
    defaults.link_set(tmp_path / "set", tmp_path / "tree")
    links = list_links(tmp_path / "tree")
    counts = [sum(link.startswith(part) for link in links) for part in ("test/a/", "test/b/")]
    assert counts == [3, 6]
    assert len(links) == 30
    defaults.link_set(tmp_path / "set", tmp_path / "again")
    assert list_links(tmp_path / "again") == links


def test_sets_count_the_same_and_the_interval_is_around_the_mean(differences):
    random = np.random.default_rng(0)
    small = random.choice([0.0, 1.0], (3, 20))
    large = random.choice([0.0, -1.0], (3, 500))
    found = differences.difference({("one", "small"): small, ("one", "large"): large})
    assert found.mean == pytest.approx((small.mean() + large.mean()) / 2)
    assert found.low < found.mean < found.high


def test_backbones_may_have_different_numbers_of_seeds(differences):
    three, two = np.full((3, 40), 1.0), np.zeros((2, 40))
    found = differences.difference({("one", "set"): three, ("other", "set"): two})
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))


def test_chance_is_told_from_a_difference(differences):
    random = np.random.default_rng(0)
    shares = {"chance": (0.1, 0.8, 0.1), "better": (0.02, 0.78, 0.2)}
    found = {
        name: differences.difference(
            {("one", "set"): random.choice([-1.0, 0, 1], (3, 300), p=share)}
        )
        for name, share in shares.items()
    }
    assert found["chance"].low < 0 < found["chance"].high
    assert found["better"].low > 0
    assert found["chance"].p > 0.05 > found["better"].p
    nothing = differences.difference({("one", "set"): np.zeros((3, 10))})
    assert nothing == (0, 0, 0, 1)


def test_the_interval_is_wider_where_seeds_differ(differences):
    """Equal means on every image, or one seed that is worse on all of them."""
    equal, uneven = np.zeros((3, 60)), np.zeros((3, 60))
    equal[:, :20] = -1
    uneven[0] = -1
    widths = [
        found.high - found.low
        for found in (differences.difference({("one", "set"): cell}) for cell in (equal, uneven))
    ]
    assert widths[1] > widths[0]


def test_images_are_judged_in_the_order_of_their_names(defaults):
    found = Predictions(
        paths=np.array(["b", "c", "a"]),
        splits=np.array(["test"] * 3),
        truth=np.array([0, 0, 1]),
        probabilities=np.array([[1.0, 0.0], [0.4, 0.6], [0.0, 1.0]]),
        class_names=("x", "y"),
    )
    assert defaults._judge(found) == "110"


def test_a_benchmark_goes_on_after_half_a_line_and_pairs_what_both_have(differences, tmp_path):
    file = tmp_path / "results.jsonl"

    def line(candidate, seed, right):
        job = {"candidate": candidate, "backbone": "one", "data": "digits", "seed": seed}
        return json.dumps({**job, "images": "0", "selected": right, "last": right})

    lines = [line("today", 0, "0011"), line("today", 1, "1111"), line("other", 1, "0111")]
    file.write_text("\n".join([*lines, lines[0][:20]]))
    found = differences.read_results(file)
    assert len(found) == 3
    cells = differences.pair(found, "other", "last")
    assert cells["one", "digits"].tolist() == [[-1, 0, 0, 0]]


def test_words_of_a_set_win_over_those_of_a_candidate(defaults, tmp_path):
    words = ["--results", str(tmp_path / "a.jsonl"), "--weights", "mobilenetv3small=file"]
    options = defaults.parse_options([*words, "--only", "256 pixels"])
    jobs = defaults.list_jobs(options)
    assert len(jobs) == len(defaults.SETS) * len(defaults.SEEDS)
    (digits, *_) = (words for job, words, _ in jobs if job.data == "digits")
    sizes = [digits[at + 1] for at, word in enumerate(digits) if word == "--data.image_size"]
    assert sizes == ["256", "64"]
