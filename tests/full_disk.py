"""A disk that has no room for long files."""

import contextlib
import resource


@contextlib.contextmanager
def full_after(size):
    """Let the system refuse to make files longer than this, in bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
