"""An estimate grows with images and machines as it must, and says what gives way first."""

import numpy as np
import pytest
from json_answers import list_faults, read_answer
from tar_writer import write_shard

from keras_transfer import estimate
from keras_transfer.config.layers import merge_layers
from keras_transfer.data.examples import make_examples
from keras_transfer.estimate import estimate_words, forecast, measured_costs
from keras_transfer.estimate.forecast import find_limits, share_splits
from keras_transfer.estimate.sample_images import copy_sample
from keras_transfer.models.cuts import find_cut, find_frontiers
from keras_transfer.system.errors import ConfigError

TINY = {"backbone": "tiny", "weights": "none", "finetune.locked_layers": 4}


@pytest.fixture(scope="module")
def measured(tiny_backbone):
    """What 64 drawn images cost the tiny backbone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measured_costs, "LONG", 0.01)
        return measured_costs.measure_costs(merge_layers(TINY), None)


def foresee(measured, images, **settings):
    config = merge_layers({**TINY, **settings})
    return forecast.forecast(config, measured, images, share_splits(config, None))


def find(found, name):
    (one,) = [each for each in found.passes if each.name == name]
    return one


@pytest.mark.thorough
def test_every_cost_is_measured(measured):
    numbers = measured_costs.as_numbers(measured.costs)
    assert min(value for name, value in numbers.items() if name != "augment") > 0
    assert 10_000 < numbers["size"] < 200_000  # bytes of a JPEG of 500 x 375 pixels


@pytest.mark.thorough
def test_ten_times_the_images_take_ten_times_as_long(measured):
    settings = {"epochs": 3, "cache.views": 2}
    few, many = (foresee(measured, images, **settings) for images in (10**5, 10**6))
    start = 1e-9  # of splits that are rounded
    assert many.seconds(1) == pytest.approx(10 * few.seconds(1), rel=start)
    assert many.activation_bytes == 10 * few.activation_bytes
    assert many.streamed == pytest.approx(10 * few.streamed, rel=start)


@pytest.mark.thorough
def test_a_hundred_million_images_need_no_memory_to_be_estimated(measured):
    assert foresee(measured, 10**8).memory_bytes > 10**11


@pytest.mark.thorough
def test_activations_are_as_many_bytes_as_the_network_makes(measured):
    """Views of training images in float16, those of the others in float32."""
    settings = {"epochs": 3, "cache.views": 2, "data.validation_fraction": 0.2}
    found = foresee(measured, 1000, **settings, **{"data.test_fraction": 0.1})
    network = measured.model.get_layer("backbone")
    cut = find_cut(network, 4)  # block2
    crossing = int(np.prod(find_frontiers(network)[cut.layer].shape[1:]))
    pooled = 16
    train = 700 * 2 * (2 * crossing + 4 * pooled)
    assert found.activation_bytes == train + 200 * 4 * (crossing + pooled)


def test_machines_share_only_what_goes_through_each_image_alone(measured):
    found = foresee(measured, 10**6, epochs=3)
    divided = {each.name for each in found.passes if each.divides}
    assert divided == {"inspect", "cache", "evaluate"}
    alone = sum(each.seconds for each in found.passes if not each.divides)
    whole = sum(each.seconds for each in found.passes)
    assert found.seconds(4) == pytest.approx(alone + (whole - alone) / 4)


def test_where_all_layers_learn_nothing_is_kept_and_every_epoch_decodes(measured):
    found, twice = (foresee(measured, 10**6, strategy="full", epochs=n) for n in (3, 6))
    assert found.activation_bytes == 0
    assert "cache" not in {each.name for each in found.passes}
    assert find(twice, "finetune").seconds == pytest.approx(2 * find(found, "finetune").seconds)
    decoding = 3 * 10**6 * 0.85 * measured.costs.decode
    assert find(found, "finetune").seconds > decoding
    assert found.streamed == pytest.approx(found.seconds(1))


def test_what_gives_way_first_is_said_first(measured, monkeypatch):
    found = foresee(measured, 10**6, epochs=3, **{"cache.memory_gb": 1.0, "cache.disk_gb": 5.0})
    each = found.activation_bytes / 10**6
    monkeypatch.setattr(forecast, "free_memory", lambda: 10**7)
    first, *others = find_limits(found, 1)
    assert (first.name, first.images) == ("memory for rows", int(10**7 / forecast.ROW_BYTES))
    limits = {limit.name: limit.images for limit in others}
    assert limits["memory for activations"] == int(1e9 / each)
    assert limits["disk for activations"] == int(5e9 / each)
    assert [*limits.values()] == sorted(limits.values())


def test_splits_of_the_data_set_win_over_the_settings(stripes, tiny_backbone):
    config = merge_layers({**TINY, "dataset": str(stripes)})
    examples = estimate.MODALITIES["image"].read_examples(config.source, config.data)
    assert share_splits(config, None) == {"validation": 0.15, "test": 0.15}
    examples.splits[:] = "train"
    examples.splits[:3] = "validation"
    share = 3 / len(examples.paths)
    assert share_splits(config, examples) == {"validation": share, "test": 0.0}


def test_a_test_split_without_a_validation_split_keeps_its_share(stripes, tiny_backbone):
    config = merge_layers({**TINY, "dataset": str(stripes)})
    examples = estimate.MODALITIES["image"].read_examples(config.source, config.data)
    examples.splits[:] = "train"
    examples.splits[: len(examples.paths) // 4] = "test"
    shares = share_splits(config, examples)
    assert shares["test"] == pytest.approx(0.25, abs=0.01)
    assert shares["validation"] == pytest.approx(0.15 * (1 - shares["test"]))


def test_three_images_have_one_for_validation(measured):
    splits = foresee(measured, 3, epochs=3).training.data.splits
    assert {name: len(split) for name, split in splits.items()} == {"train": 2, "validation": 1}


def test_images_of_shards_are_copied_and_what_is_gone_is_left_out(tmp_path):
    shard = write_shard(tmp_path / "a.tar", {"1.jpg": b"one"})
    rows = [(name, "a", "", "") for name in ("a.tar/1.jpg", "gone.jpg")]
    (tmp_path / "copies").mkdir()
    copy_sample(make_examples("folder", shard.parent, rows), tmp_path / "copies")
    assert [file.read_bytes() for file in (tmp_path / "copies").iterdir()] == [b"one"]


@pytest.mark.thorough
def test_a_data_set_is_estimated_in_full(stripes, tiny_backbone, monkeypatch, capsys):
    monkeypatch.setattr(measured_costs, "LONG", 0.01)
    assert estimate.main([str(stripes), "--backbone", "tiny", "--json", "--weights", "none"]) == 0
    answer = read_answer("estimate", capsys.readouterr().out)
    assert answer["sizes"][0]["images"] == len(list(stripes.rglob("*.png")))
    assert list_faults("estimate", answer) == []


def test_a_table_names_every_pass_and_every_number(measured):
    found = [foresee(measured, images, epochs=3) for images in (1000, 2000)]
    text = estimate_words.describe_forecasts(found, 4, find_limits(found[-1], 4))
    assert "tiny" in text
    for words in (*estimate_words.WORDS.values(), "phase frozen", "1,000 images", "2,000 images"):
        assert words in text


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--images", "5"], "`images` must be whole numbers from 100"),
        (["--machines", "0"], "`machines` must be a whole number from 1"),
        (["--backbone", "minilm"], "`backbone` must be that of a network for images"),
        (["reviews.csv"], "must hold images"),
        (["--finetune.locked_layers", "9999"], "`finetune.locked_layers` must be between"),
    ],
)
def test_what_cannot_be_estimated_is_refused_at_once(words, line, tmp_path, monkeypatch):
    (tmp_path / "reviews.csv").write_text("text,label\nA film to see,good\nA bad one,bad\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(measured_costs, "measure_costs", None)
    with pytest.raises(ConfigError, match=line):
        estimate.main(words)
