import gzip
import io
import os
import tarfile

import pytest

from keras_transfer.data.shards.tar_members import list_members
from keras_transfer.system.errors import ConfigError

MOST = {"jpg": 1000}


@pytest.fixture
def pack(tmp_path):
    """Return a function that writes a tar of one good member and those that are given."""

    def pack(*infos, form=tarfile.PAX_FORMAT):
        with tarfile.open(tmp_path / "a.tar", "w", format=form) as tar:
            for info in (tarfile.TarInfo("1.jpg"), *infos):
                info.size = info.size or (3 if info.isreg() else 0)
                tar.addfile(info, io.BytesIO(bytes(info.size)))
        return tmp_path / "a.tar"

    return pack


def read(file):
    return [(each.key, each.suffix, each.content) for each in list_members(file, MOST, MOST)]


def name(path, kind=tarfile.REGTYPE, target=""):
    info = tarfile.TarInfo(path)
    info.type, info.linkname = kind, target
    return info


def test_wanted_members_are_read_by_their_first_dot(pack):
    file = pack(name("b/n.2.JPG"), name("b", tarfile.DIRTYPE), name("b/n.txt"), name("é.jpg"))
    zeros = bytes(3)
    assert read(file) == [("1", "jpg", zeros), ("b/n", "jpg", zeros), ("é", "jpg", zeros)]


@pytest.mark.parametrize(
    "member",
    [
        name("/etc/cron.d/x.jpg"),
        name("a/../../x.jpg"),
        name("x.jpg", tarfile.SYMTYPE, "/etc/passwd"),
        name("x.jpg", tarfile.LNKTYPE, "1.jpg"),
        name("x.jpg", tarfile.FIFOTYPE),
        name("x.jpg", tarfile.CHRTYPE),
    ],
)
def test_members_that_are_no_plain_files_within_are_refused(pack, member):
    with pytest.raises(ConfigError, match=r"link, a device, or a path that leads out") as error:
        read(pack(member))
    assert len(str(error.value).splitlines()) == 1


def test_sparse_member_that_says_it_is_huge_is_refused(pack):
    file = pack()
    info = tarfile.TarInfo("x.jpg")
    info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1"}
    info.pax_headers |= {"GNU.sparse.size": str(2**50), "GNU.sparse.map": "0,1"}
    with tarfile.open(file, "a", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(info)
    with pytest.raises(ConfigError, match="must hold plain files"):
        read(file)


def test_member_of_more_bytes_than_it_may_have_is_not_read(pack):
    info = name("x.jpg")
    info.size = 1001
    with pytest.raises(ConfigError, match=r"at most 1,000 bytes. Received: 1,001 in .*'x.jpg'"):
        read(pack(info))


def test_size_beyond_the_end_of_the_file_is_refused(pack):
    file = pack(name("x.jpg"))
    with file.open("r+b") as stream:
        stream.truncate(1537)
    with pytest.raises(ConfigError, match="must be a whole, uncompressed tar"):
        read(file)


def test_damaged_header_in_the_middle_is_not_taken_for_the_end(pack):
    file = pack(name("x.jpg"))
    with file.open("r+b") as stream:
        stream.seek(1024)
        stream.write(b"?" * 512)
    with pytest.raises(ConfigError, match="a header is damaged"):
        read(file)


def test_what_is_no_tar_is_refused(tmp_path, pack):
    file = tmp_path / "b.tar"
    for content in (b"", b"x" * 5000, gzip.compress(pack().read_bytes())):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match="must be a whole, uncompressed tar"):
            read(file)


def test_members_are_not_kept_once_they_are_read(pack, monkeypatch):
    kept = []
    clear = tarfile.TarFile.next
    monkeypatch.setattr(
        tarfile.TarFile, "next", lambda tar: kept.append(len(tar.members)) or clear(tar)
    )
    read(pack(*(name(f"{k}.jpg") for k in range(50))))
    assert max(kept) <= 1
    assert os.listdir(pack().parent) == ["a.tar"]  # nothing was unpacked
