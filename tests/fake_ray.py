"""A stand-in for the package ray: actors are objects of this process, and die when told to."""

import pickle
import threading

import pytest


class RayError(Exception):
    pass


class RayTaskError(RayError):
    def __init__(self, cause):
        super().__init__(str(cause))
        self.cause = cause


class Fatal(BaseException):
    """Raised by a job in place of the end of its process."""


class FakeRay:
    """What `block_workers` uses of ray.

    Args:
        room: Actors that can live at the same time; others wait until one is dead.
        apart: Whether they get and give copies only, as other processes do.
    """

    class exceptions:
        RayError, RayTaskError = RayError, RayTaskError

    def __init__(self, room, apart=False):
        self.room, self.apart = threading.Semaphore(room), apart
        self.started = 0

    def is_initialized(self):
        return True

    def cluster_resources(self):
        return {"CPU": 2.0}

    def nodes(self):
        return [{"Alive": True}, {"Alive": False}]

    def put(self, value):
        return value

    def remote(self, kind):
        return _Kind(self, kind)

    def wait(self, promised, timeout):
        return (promised, []) if promised[0].done.wait(timeout) else ([], promised)

    def get(self, promised):
        promised.done.wait()
        if isinstance(promised.found, Exception):
            raise promised.found
        return promised.found

    def kill(self, actor):
        actor.end()


class _Kind:
    def __init__(self, ray, kind):
        self.ray, self.kind = ray, kind

    def options(self, **_):
        return self

    def remote(self):
        return _Actor(self.ray, self.kind())


class _Actor:
    def __init__(self, ray, target):
        self.ray, self.target, self.dead = ray, target, False
        self.has_room = threading.Event()
        threading.Thread(target=self._take_room, daemon=True).start()

    def _take_room(self):
        self.ray.room.acquire()
        self.ray.started += 1
        self.has_room.set()

    def end(self):
        if not self.dead:
            self.dead = True
            self.ray.room.release()

    def __getattr__(self, name):
        return _Method(self, getattr(self.target, name))


class _Method:
    def __init__(self, actor, call):
        self.actor, self.call = actor, call

    def remote(self, *words):
        promised = _Promised()
        threading.Thread(target=self._run, args=(promised, words), daemon=True).start()
        return promised

    def _run(self, promised, words):
        self.actor.has_room.wait()
        try:
            copy = _copy if self.actor.ray.apart else lambda content: content
            promised.found = RayError("dead") if self.actor.dead else copy(self.call(*copy(words)))
        except Fatal as error:
            self.actor.end()
            promised.found = RayError(f"{error}\nand more")
        except Exception as error:
            promised.found = RayTaskError(error)
        promised.done.set()


class _Promised:
    def __init__(self):
        self.done, self.found = threading.Event(), None


def _copy(content):
    return pickle.loads(pickle.dumps(content))


@pytest.fixture
def fake_ray(monkeypatch):
    """Return a cluster with room for two workers, which `--engine ray` finds in place of Ray's."""
    found = FakeRay(2, apart=True)
    monkeypatch.setattr("keras_transfer.cluster.ray_connection._import_ray", lambda: found)
    return found
