import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources import choose_source
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.data.sources.encoded_images import load_hugging_face
from keras_transfer.system import packages
from keras_transfer.system.errors import ConfigError


def test_set_of_the_hub_off_line_says_at_once_what_to_do(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets", reason="needs the extra hf")
    asked = []
    monkeypatch.setattr(
        load_hugging_face, "find_fault", lambda url: asked.append(url) or "no route"
    )
    load, offline = datasets.load_dataset, []
    monkeypatch.setattr(
        datasets,
        "load_dataset",
        lambda *words, **named: (
            offline.append(datasets.config.HF_HUB_OFFLINE) or load(*words, **named)
        ),
    )
    before = datasets.config.HF_HUB_OFFLINE
    with pytest.raises(ConfigError) as error:
        read_examples("hf:nateraw/beans", DataConfig(data_dir=tmp_path / "kept"))
    assert asked == ["https://huggingface.co"]
    assert str(error.value).startswith(
        "`dataset` must name a set of the Hugging Face Hub, hf:NAME or hf:NAME:CONFIG, that is on "
        f"disk already or can be downloaded. Received: hf:nateraw/beans, which is not in {tmp_path}"
        "/kept and cannot be had: the Hub cannot be reached (no route). Check the name"
    )
    assert before == datasets.config.HF_HUB_OFFLINE


def test_name_configuration_and_data_dir_reach_the_hub(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets", reason="needs the extra hf")
    asked = []

    def load(*words, **named):
        asked.append((words, named))
        raise ValueError("Config name is missing. Please pick one.\nMore lines")

    monkeypatch.setattr(load_hugging_face, "find_fault", lambda url: "")
    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(ConfigError, match=r"Config name is missing. Please pick one\. "):
        read_examples("hf:a/b", DataConfig(data_dir=tmp_path))
    with pytest.raises(ConfigError):
        read_examples("hf:a/b:small", DataConfig())
    assert asked == [
        (("a/b", None), {"cache_dir": str(tmp_path)}),
        (("a/b", "small"), {"cache_dir": None}),
    ]


def test_word_without_a_name_and_folder_of_nothing_are_refused(tmp_path):
    pytest.importorskip("datasets", reason="needs the extra hf")
    with pytest.raises(ConfigError, match="as in hf:food101"):
        read_examples("hf:", DataConfig())
    with pytest.raises(ConfigError, match="save_to_disk wrote"):
        read_examples(f"hf:{tmp_path}", DataConfig(data_dir=tmp_path / "kept"))


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("hf:food101", r"For `dataset` hf:food101, datasets must be .*\[hf\]'"),
        ("a.parquet", r"pyarrow must be installed.*\[parquet\]'"),
    ],
)
def test_missing_package_is_said_before_anything_is_read(tmp_path, monkeypatch, dataset, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.parquet").touch()
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=message):
        choose_source.choose_source(dataset)
