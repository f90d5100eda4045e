import pytest

from keras_transfer.config.full_paths import find_path


@pytest.mark.parametrize(
    ("word", "full"),
    [
        ("here", "{}/here"),
        ("hf:here", "hf:{}/here"),
        ("hf:a/b", "hf:a/b"),
        ("hf:", "hf:"),
        ("tfds:mnist", "tfds:mnist"),
        ("here/a-{0..9}.tar", "{}/here/a-{0..9}.tar"),
        ("here/*.parquet", "{}/here/*.parquet"),
        ("s3://shelf/a-0.tar", "s3://shelf/a-0.tar"),
    ],
)
def test_paths_and_patterns_mean_the_same_from_any_folder(tmp_path, monkeypatch, word, full):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    assert find_path(word) == full.replace("{}", str(tmp_path))
