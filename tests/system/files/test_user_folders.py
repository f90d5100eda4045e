import os
import tempfile

import pytest

from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files import user_folders
from keras_transfer.system.files.user_folders import cache_roots


@pytest.fixture
def homeless(tmp_path, monkeypatch):
    """Take away the home folder and the named cache; return the folder of this user alone."""
    monkeypatch.delenv("KERAS_TRANSFER_CACHE")
    monkeypatch.setattr(os.path, "expanduser", str)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"keras_transfer-{os.geteuid()}"


def test_a_named_cache_is_the_only_one(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "absent/cache"))
    assert cache_roots() == [tmp_path / "absent/cache"]


def test_the_home_folder_is_enough_where_it_can_be_written(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_TRANSFER_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_roots() == [tmp_path / ".cache/keras_transfer"]
    assert os.listdir(tmp_path) == []


def test_without_a_home_the_cache_is_this_users_alone(homeless):
    assert cache_roots() == [homeless]
    assert homeless.stat().st_mode & 0o777 == 0o700
    assert cache_roots() == [homeless]


def test_a_home_that_cannot_be_written_is_read_first(homeless, tmp_path, monkeypatch):
    (tmp_path / "home").touch()
    monkeypatch.setattr(os.path, "expanduser", lambda path: path.replace("~", f"{tmp_path}/home"))
    assert cache_roots() == [tmp_path / "home/.cache/keras_transfer", homeless]


def test_what_others_may_have_filled_is_no_cache(homeless, tmp_path, monkeypatch):
    homeless.mkdir(mode=0o700)
    homeless.chmod(0o777)
    with pytest.raises(ConfigError, match=r"must be this user's.*KERAS_TRANSFER_CACHE"):
        cache_roots()
    homeless.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    homeless.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="must be this user's"):
        cache_roots()
    homeless.unlink()
    homeless.mkdir(mode=0o700)
    monkeypatch.setattr(user_folders, "_name_user", lambda: homeless.name.rpartition("-")[2])
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(ConfigError, match="must be this user's"):
        cache_roots()
