"""A server is asked once, and whatever it answers is an answer."""

import contextlib
import http.server
import socket
import threading
import time
import urllib.request

import pytest

from keras_transfer.system import network
from keras_transfer.system.network import find_fault


@contextlib.contextmanager
def serving(status):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/file.h5"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def ask(monkeypatch):
    """The real function, without the proxies of this machine."""
    monkeypatch.setattr(urllib.request, "_opener", None)  # it keeps the proxies of its first use
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return find_fault


@pytest.mark.parametrize("status", [200, 403, 404, 500])
def test_any_answer_of_the_host_will_do(ask, status):
    with serving(status) as url:
        assert ask(url) == ""


def test_a_refusal_is_a_fault(ask):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert ask(f"http://127.0.0.1:{unused.getsockname()[1]}/file.h5")


def test_a_server_that_never_answers_is_told_in_time(ask, monkeypatch):
    assert network.SECONDS <= 15
    monkeypatch.setattr(network, "SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        start = time.monotonic()
        assert ask(f"http://127.0.0.1:{silent.getsockname()[1]}/file.h5")
        assert time.monotonic() - start < 10


def test_the_probe_goes_through_a_proxy(ask, monkeypatch):
    with serving(404) as url:
        monkeypatch.setenv("http_proxy", url.removesuffix("/file.h5"))
        assert ask("http://nobody.invalid/file.h5") == ""
