"""Which configuration is best, which are really worse, and where pretraining does not help."""

import json

import numpy as np
import pytest
from fake_runs import write_run, write_table

from keras_transfer.compare.ranking.configurations import read_configurations
from keras_transfer.compare.ranking.verdicts import (
    compare_runs_with_best,
    find_best,
    find_scratch,
    judge,
)
from keras_transfer.compare.reports.comparison_figure import build_comparison, draw_comparison
from keras_transfer.compare.reports.comparison_table import describe_comparison

COLUMNS = (
    *("strategy", "backbone", "augmentation", "schedule", "seed", "status"),
    *("test_accuracy", "trainable_parameters", "seconds", "peak_memory_mb", "run"),
)


@pytest.fixture
def compare(tmp_path):
    def write(*rows, extra=()):
        """Read rows of (strategy, seed, right or None, cells of extra columns)."""
        lines = []
        for index, (strategy, seed, right, *cells) in enumerate(rows):
            status = "failed: x" if right is None else "finished"
            if right is not None:
                kind = "none" if strategy == "from_scratch" else "file"
                write_run(tmp_path / f"run{index}", right, weights=kind)
            numbers = ("0.5", 100, 10 + index, 1000)
            lines.append(
                (strategy, "b", "standard", "cosine", seed, status, *numbers, f"run{index}", *cells)
            )
        write_table(tmp_path / "results.csv", (*COLUMNS, *extra), lines)
        return read_configurations(tmp_path / "results.csv")

    return write


def right(count, images=100):
    return [index < count for index in range(images)]


def test_rows_that_differ_in_the_seed_are_one_configuration(compare):
    first, second = compare(
        ("full", 0, right(90)), ("full", 1, right(80)), ("partial", 0, right(70))
    )
    assert first.accuracy == pytest.approx(0.85)
    assert first.seeds == ("0", "1")
    assert first.mean("seconds") == pytest.approx(10.5)
    low, high = first.interval
    assert (low, high) == pytest.approx((0.767, 0.907), abs=0.001)  # Wilson, 85 of 100
    assert second.accuracy == pytest.approx(0.7)


def test_other_settings_make_other_configurations(compare):
    rows = ("full", 0, right(90), "1.0"), ("full", 0, right(80), "0.8")
    assert len(compare(*rows, extra=("finetune.layer_decay",))) == 2


def test_the_best_is_by_the_mean_on_validation_and_lacks_no_row(compare):
    configurations = compare(
        *(("a", 0, right(95)), ("a", 1, None)),
        *(("b", 0, right(80)), ("b", 1, right(90))),
        *(("c", 0, right(83)), ("c", 1, right(83))),
    )
    assert find_best(configurations).settings["strategy"] == "b"


def test_the_best_is_not_chosen_by_test(compare, tmp_path):
    compare(("a", 0, right(90)), ("b", 0, right(80)))
    table = (tmp_path / "results.csv").read_text().splitlines()
    file = tmp_path / "results.csv"
    file.write_text("\n".join([*table[:2], table[2].replace(",0.5,", ",0.9,")]) + "\n")
    configurations = read_configurations(file)
    assert [each.mean("test_accuracy") for each in configurations] == [0.5, 0.9]
    assert find_best(configurations) is configurations[0]


def test_images_are_matched_by_their_paths(compare, tmp_path):
    compare(("a", 0, right(90)), ("b", 0, right(90)))
    file = tmp_path / "run1/predictions.csv"
    header, *lines = file.read_text().splitlines()
    file.write_text("\n".join([header, *lines[::-1]]) + "\n")
    first, second = read_configurations(tmp_path / "results.csv")
    np.testing.assert_array_equal(first.right, second.right)


def test_the_table_says_what_auto_came_to(compare, tmp_path):
    compare(("auto", 0, right(90)), ("full", 0, right(80)))
    file = tmp_path / "run0/metrics.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"strategy": "partial"}))
    configurations = read_configurations(tmp_path / "results.csv")
    text = describe_comparison(configurations, judge(configurations))
    assert "auto (partial)" in text
    assert "Best on validation: auto." in text


def test_each_run_is_compared_with_the_best_of_its_seed(compare):
    configurations = compare(
        *(("a", 0, right(90)), ("a", 1, right(95))),
        *(("b", 0, right(84)), ("b", 1, right(95)), ("b", 2, right(10))),
    )
    found = compare_runs_with_best(configurations)
    assert found == {"run2": pytest.approx(2 / 64), "run3": 1.0}


def test_clear_differences_are_real_and_small_ones_are_not(compare):
    rows = ("a", 0, right(90)), ("b", 0, right(89)), ("c", 0, right(60)), ("d", 0, None)
    configurations = compare(*rows)
    verdicts = judge(configurations)
    assert [each.words for each in verdicts] == ["best", "not told apart", "worse"]
    assert verdicts[0].p_value is None
    assert verdicts[2].p_value < 0.001
    text = describe_comparison(configurations, verdicts)
    assert "Best on validation: a. Really worse: c. 1 other cannot be told apart" in text


def test_one_that_lacks_a_row_may_be_better_and_is_not_called_worse(compare):
    rows = ("a", 0, right(70)), ("a", 1, right(100)), ("b", 0, right(80)), ("b", 1, None)
    configurations = compare(*rows)
    best, other = judge(configurations)
    assert best.words == "best"
    assert other.words == "better on the seeds both have"
    assert other.p_value < 0.05
    assert other.gap == pytest.approx(-0.1)
    text = describe_comparison(configurations, [best, other])
    assert "Really worse" not in text
    assert "Really better on the seeds both have, but rows are missing: b." in text


def test_without_a_common_seed_nothing_is_compared(compare):
    rows = ("full", 0, right(90)), ("full", 1, None), ("from_scratch", 1, right(99))
    configurations = compare(*rows, ("from_scratch", 0, None))
    first, second = judge(configurations)
    assert [first.words, second.words] == ["not compared", "best"]
    assert (first.p_value, first.gap, first.negative_transfer) == (None, None, False)
    text = describe_comparison(configurations, [first, second])
    assert "1 other cannot be compared with it: no seed is finished in both." in text
    assert "Negative transfer" not in text


def test_p_values_are_over_the_seeds_that_both_have(compare):
    rows = ("a", 0, right(90)), ("a", 1, right(100)), ("b", 0, right(85)), ("b", 1, None)
    _, other = judge(compare(*rows))
    assert other.p_value == pytest.approx(2 / 32, abs=0.01)
    assert other.words == "not told apart"


def test_many_comparisons_need_clearer_differences(compare):
    def words(count):
        rows = [(f"s{index}", 0, right(89)) for index in range(count)]
        *_, last = judge(compare(("a", 0, right(90)), *rows, ("z", 0, right(84))))
        return last.words

    assert words(0) == "worse"  # 6 of 100 images
    assert words(20) == "not told apart"


def test_negative_transfer_is_flagged_where_from_scratch_is_not_worse(compare):
    rows = ("full", 0, right(80)), ("partial", 0, right(81)), ("from_scratch", 0, right(80))
    configurations = compare(*rows)
    full, partial, scratch = configurations
    assert find_scratch(full, configurations) is scratch
    assert find_scratch(partial, configurations) is None
    assert find_scratch(scratch, configurations) is None
    verdicts = judge(configurations)
    assert [each.negative_transfer for each in verdicts] == [True, False, False]
    text = describe_comparison(configurations, verdicts)
    assert "Negative transfer: full has 0.800, from_scratch 0.800: what was learned" in text
    assert "Negative transfer: partial" not in text


def test_negative_transfer_is_told_by_the_seeds_that_both_have(compare):
    rows = ("full", 0, right(80)), ("full", 1, right(100))
    configurations = compare(*rows, ("from_scratch", 0, right(85)), ("from_scratch", 1, None))
    text = describe_comparison(configurations, judge(configurations))
    assert "Negative transfer: full has 0.800, from_scratch 0.850: what was learned" in text


def test_negative_transfer_is_among_equal_settings_only(compare):
    rows = ("full", 0, right(80), "1.0"), ("from_scratch", 0, right(90), "0.8")
    configurations = compare(*rows, extra=("finetune.layer_decay",))
    assert not any(find_scratch(each, configurations) for each in configurations)


def test_random_weights_transfer_nothing(compare, tmp_path):
    compare(("full", 0, right(80)), ("from_scratch", 0, right(90)))
    write_run(tmp_path / "run0", right(80), weights="none")
    configurations = read_configurations(tmp_path / "results.csv")
    assert find_scratch(configurations[0], configurations) is None


@pytest.mark.parametrize("count", [1, 20])
def test_figures_of_few_and_many_configurations_are_drawn(compare, tmp_path, count):
    random = np.random.default_rng(0)
    rows = [
        (f"strategy {index} of a long name", seed, right(int(random.integers(50, 101))))
        for index in range(count)
        for seed in range(2)
    ]
    configurations = compare(*rows, ("failed", 0, None))
    for row in range(0, 2 * count, 3):
        path = tmp_path / f"run{row}"
        write_run(path, right(90), curve=random.uniform(0.6, 0.9, 30).tolist())
    draw_comparison(configurations, tmp_path, tmp_path / "comparison.png")
    assert (tmp_path / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert describe_comparison(configurations, judge(configurations))


def test_curves_are_means_over_seeds_as_far_as_the_shortest_goes(compare, tmp_path):
    configurations = compare(("a", 0, right(90)), ("a", 1, right(90)))
    write_run(tmp_path / "run0", right(90), curve=[0.5, 0.7, 0.9])
    write_run(tmp_path / "run1", right(90), curve=[0.7, 0.8])
    *single, mean = build_comparison(configurations, tmp_path).axes[1].lines
    np.testing.assert_allclose(mean.get_ydata(), [0.6, 0.75, np.nan])
    np.testing.assert_array_equal(mean.get_xdata(), [1, 2, 3])
    assert len(single) == 2


def test_dollars_in_a_value_are_letters(compare, tmp_path):
    rows = [("a", 0, right(90), f"{name} $b^{{ $c") for name in "xy"]
    configurations = compare(*rows, extra=("regularize.source",))
    draw_comparison(configurations, tmp_path, tmp_path / "comparison.png")
    assert (tmp_path / "comparison.png").exists()


def test_long_values_lose_their_middle_in_the_table(compare):
    rows = [("a", 0, right(90), f"/{'long/' * 60}{name}.h5") for name in "xy"]
    configurations = compare(*rows, extra=("weights",))
    text = describe_comparison(configurations, judge(configurations))
    assert max(map(len, text.splitlines()[:4])) < 200
    assert "x.h5" in text
    assert "y.h5" in text


def test_the_best_is_said_to_be_one_of_those_of_which_no_row_is_missing(compare):
    rows = ("a", 0, right(95)), ("a", 1, None), ("b", 0, right(80)), ("b", 1, right(80))
    configurations = compare(*rows)
    text = describe_comparison(configurations, judge(configurations))
    assert "Best on validation of those of which no row is missing: b." in text


def test_rows_that_used_activations_of_an_earlier_one_are_counted(compare, tmp_path):
    compare(("a", 0, right(90)), ("a", 1, right(90)), ("b", 0, right(80)), ("b", 1, right(80)))
    write_run(tmp_path / "run1", right(90), reused=False)
    for run in ("run2", "run3"):
        write_run(tmp_path / run, right(80), reused=True)
    configurations = read_configurations(tmp_path / "results.csv")
    assert [each.reused for each in configurations] == [0, 2]
    text = describe_comparison(configurations, judge(configurations))
    assert "2 of 4 rows used activations that an earlier row or comparison had computed" in text


def test_runs_of_the_former_version_do_not_say_whether_they_reused_anything(compare):
    configurations = compare(("a", 0, right(90)), ("b", 0, right(80)))
    assert "used activations" not in describe_comparison(configurations, judge(configurations))


def test_a_baseline_is_never_the_best_and_is_compared_over_all_seeds(compare):
    found = compare(("full", 0, right(60)), ("full", 1, right(70)), ("baseline", "", right(90)))
    training, baseline = judge(found)
    assert find_best(found) is found[0]
    assert training.outcome == "best"
    assert (baseline.outcome, baseline.gap) == ("better", pytest.approx(-0.25))
    assert compare_runs_with_best(found) == {"run2": pytest.approx(baseline.p_value)}
    text = describe_comparison(found, judge(found))
    assert "Best on validation: full. Really better: b baseline." in text
    assert "seeds both have" not in text
    assert "the plain model is really better" in text


@pytest.mark.parametrize(
    ("count", "words"),
    [(30, "what was learned elsewhere helps here"), (69, "cannot be told from chance")],
)
def test_whether_the_best_training_beats_the_baseline_is_said(compare, count, words):
    found = compare(
        ("full", 0, right(70)), ("partial", 0, right(50)), ("baseline", "", right(count))
    )
    said = describe_comparison(found, judge(found)).splitlines()[-1]
    assert said.startswith("Against the baseline: b baseline has ")
    assert said.endswith(words + ".")


def test_a_baseline_alone_is_shown(compare):
    found = compare(("full", 0, None), ("baseline", "", right(90)))
    assert find_best(found).is_baseline
    assert "Against the baseline" not in describe_comparison(found, judge(found))
