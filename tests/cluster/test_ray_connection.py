"""Which cluster is taken; Ray itself is in `test_ray_clusters.py`."""

import socket

import pytest

from keras_transfer.cluster import ray_connection
from keras_transfer.cluster.ray_connection import connecting
from keras_transfer.system.errors import ConfigError

OCCUPIED = ValueError("When connecting to an existing cluster, num_cpus must not be provided.")


class Ray:
    """Says what `ray.init` was called with, and fails as it is told to."""

    def __init__(self, *faults):
        self.faults, self.calls, self.is_on = [*faults], [], False

    def is_initialized(self):
        return self.is_on

    def init(self, address, num_cpus=None, **others):
        self.calls.append((address, num_cpus))
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        self.is_on = True

    def shutdown(self):
        self.is_on = False


def connect(ray, monkeypatch, address=None):
    monkeypatch.setattr(ray_connection, "_import_ray", lambda: ray)
    if address is None:
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
    else:
        monkeypatch.setenv("RAY_ADDRESS", address)
    with connecting(2) as found:
        assert found is ray
        assert ray.is_on
    assert not ray.is_on
    return ray.calls


def test_where_none_was_started_by_hand_an_own_one_is_begun(monkeypatch):
    """By "auto" Ray would join the one of another command, and end with it."""
    assert connect(Ray(), monkeypatch) == [(None, 2)]


def test_one_that_was_started_by_hand_is_joined(monkeypatch):
    assert connect(Ray(OCCUPIED), monkeypatch) == [(None, 2), ("auto", None)]


def test_of_one_that_is_gone_an_own_one_takes_the_place(monkeypatch):
    gone = ConnectionError("no answer")
    calls = connect(Ray(OCCUPIED, gone), monkeypatch)
    assert calls == [(None, 2), ("auto", None), ("local", 2)]


@pytest.mark.parametrize("protocol", ["", "ray://"])
def test_an_address_is_not_gone_past(protocol, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"{protocol}127.0.0.1:{server.getsockname()[1]}"
        assert connect(Ray(), monkeypatch, address) == [("auto", None)]
        with pytest.raises(ConfigError, match=rf"answers\. Received: {address}\."):
            connect(Ray(ConnectionError("no answer")), monkeypatch, address)
    gone = Ray()  # would try for minutes
    with pytest.raises(ConfigError, match=rf"answers\. Received: {address}\."):
        connect(gone, monkeypatch, address)
    assert gone.calls == []


def test_no_port_is_asked_where_none_is_named(monkeypatch):
    assert connect(Ray(), monkeypatch, "local") == [("auto", None)]


def test_a_start_that_fails_is_one_line(monkeypatch):
    with pytest.raises(ConfigError, match="Ray must be able to start on this machine"):
        connect(Ray(RuntimeError("timed out")), monkeypatch)
