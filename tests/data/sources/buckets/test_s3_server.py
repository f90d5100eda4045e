"""The whole way through S3, over a server here: moto's."""

import os
import socket
import urllib.request

import fsspec
import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.choose_source import choose_source, read_examples
from keras_transfer.system.errors import ConfigError

pytest.importorskip("s3fs", reason="needs s3fs: pip install 'keras_transfer[cloud]'")
moto = pytest.importorskip("moto.server", reason="needs a server: pip install 'moto[s3,server]'")


@pytest.fixture
def server(shelf, monkeypatch):
    """Serve the photographs of memory://shelf/photos as s3://shelf/photos."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    running.start()
    keys = {
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in (keys | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}).items():
        monkeypatch.setenv(name, value)
    urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/reset", data=b"").close()
    system = fsspec.filesystem("s3", skip_instance_cache=True)
    system.mkdir("shelf")
    for name in shelf.find("/shelf/photos"):
        system.pipe_file(name.removeprefix("/"), shelf.cat_file(name))
    yield system
    running.stop()


def test_a_bucket_of_s3_is_read_and_its_changes_are_seen(server):
    examples = read_examples("s3://shelf/photos", DataConfig())
    assert examples.paths.tolist() == ["cats/0.png", "cats/1.png", "dogs/0.png", "dogs/1.png"]
    server.pipe_file("shelf/photos/cats/0.png", b"another")
    server.rm_file("shelf/photos/dogs/0.png")
    again = read_examples("s3://shelf/photos", DataConfig())
    assert again.paths.tolist() == ["cats/0.png", "cats/1.png", "dogs/1.png"]
    assert (again.root / "cats/0.png").read_bytes() == b"another"


def require_rights(asked):
    """Have the server ask for rights from now on, or for none."""
    address = os.environ["AWS_ENDPOINT_URL"] + "/moto-api/reset-auth"
    data, headers = b"0" if asked else b"inf", {"Content-Type": "text/plain"}
    urllib.request.urlopen(urllib.request.Request(address, data, headers)).close()


@pytest.fixture
def guest(server, monkeypatch):
    """Be somebody whom the server knows, and who may do nothing."""
    boto3 = pytest.importorskip("boto3", reason="needs boto3: pip install 'moto[s3,server]'")
    users = boto3.client("iam")
    users.create_user(UserName="guest")
    keys = users.create_access_key(UserName="guest")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
    require_rights(True)
    yield
    require_rights(False)


def test_a_bucket_without_rights_on_it_is_said(guest):
    with pytest.raises(ConfigError, match=r"rights you have. Received: s3://shelf/photos \("):
        choose_source("s3://shelf/photos")


@pytest.mark.parametrize("address", ["s3://shelf/none", "s3://nowhere/photos"])
def test_what_is_not_there_is_said(server, address):
    with pytest.raises(ConfigError, match="there is none"):
        choose_source(address)


def test_a_server_that_is_gone_is_said(server, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(ConfigError, match=r"what answers.*Could not connect"):
        choose_source("s3://shelf/photos")
