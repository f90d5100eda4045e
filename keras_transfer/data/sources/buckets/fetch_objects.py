"""Objects of a bucket as files: several at a time, each whole or not there."""

import errno
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path

from keras_transfer.config.messages import say_bytes, say_fault
from keras_transfer.data.sources.buckets.bucket_addresses import (
    THREADS,
    Place,
    explain_fault,
    is_refusal,
)
from keras_transfer.data.sources.buckets.bucket_listing import UNKNOWN, Object
from keras_transfer.system.errors import ConfigError

PAUSES = (1.0, 3.0, 9.0)  # seconds before an object is asked for again
GROUP = 500  # objects after which is noted what is here
SAID = 10.0  # seconds between two lines of progress
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)

logger = logging.getLogger(__name__)

Wanted = tuple[Object, Path]  # an object and its file
Note = Callable[[Iterable[Wanted]], None]


class CutObject(Exception):
    """An object did not come whole; asking again may help."""


def fetch_objects(place: Place, wanted: Sequence[Wanted], partial: Path, note: Note) -> None:
    """Copy objects to files.

    Args:
        place: Where they are.
        wanted: Objects, each with its file, whose folder is made.
        partial: Folder on the same disk, for files that are not whole yet.
        note: Is told what is here, after some objects each, and also before an error.

    Raises:
        ConfigError: An object cannot be had, or is another one than was listed.
    """
    total = sum(max(0, each.size) for each, _ in wanted)
    begin = said = time.monotonic()
    copied = 0
    with ThreadPoolExecutor(THREADS) as threads:
        for start in range(0, len(wanted), GROUP):
            group = wanted[start : start + GROUP]
            _fetch_group(threads, place, group, partial, note)
            copied += sum(max(0, each.size) for each, _ in group)
            if (now := time.monotonic()) - said > SAID:
                said = now
                text = "%s: %s of %s objects, %s of %s, %s/s"
                sizes = map(say_bytes, (copied, total, int(copied / (now - begin))))
                count = f"{start + len(group):,}", f"{len(wanted):,}"
                logger.info(text, place.address, *count, *sizes)


def _fetch_group(
    threads: ThreadPoolExecutor, place: Place, group: Sequence[Wanted], partial: Path, note: Note
) -> None:
    """Copy some objects; where one fails, those that are not begun are left."""
    stop = threading.Event()
    futures: dict[Future[None], Wanted] = {
        threads.submit(_fetch, place, *pair, partial, stop): pair for pair in group
    }
    try:
        wait(futures, return_when=FIRST_EXCEPTION)
    finally:  # also on Ctrl-C
        stop.set()
        for future in futures:
            future.cancel()
        wait(futures)
        note([pair for future, pair in futures.items() if _is_done(future)])
    for future, (each, _) in futures.items():
        if not future.cancelled() and (fault := future.exception()):
            raise ConfigError(_explain(place, each, partial, fault)) from fault


def _is_done(future: Future[None]) -> bool:
    return not future.cancelled() and future.exception() is None


def _fetch(place: Place, each: Object, file: Path, partial: Path, stop: threading.Event) -> None:
    """Copy one object, trying again after pauses."""
    for pause in (*PAUSES, None):
        temporary = partial / secrets.token_hex(8)
        try:
            place.system.get_file(place.name(each.key), str(temporary))
            found = temporary.stat().st_size
            if each.size not in (UNKNOWN, found):
                raise CutObject(f"{found:,} bytes came of {each.size:,}")
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(file)
            return
        except Exception as error:  # of as many kinds as there are packages
            final = isinstance(error, FileNotFoundError) or is_refusal(error)
            if pause is None or final or getattr(error, "errno", None) in FULL:
                raise
            logger.info("%s is asked for again in %g s: %s", each.key, pause, say_fault(error))
            if stop.wait(pause):
                raise
        finally:
            temporary.unlink(missing_ok=True)


def _explain(place: Place, each: Object, partial: Path, fault: BaseException) -> str:
    """Return in one line why an object is not here."""
    name = f"{place.address.partition('://')[0]}://{place.name(each.key)}"
    if getattr(fault, "errno", None) in FULL:
        return (
            f"The cache must have room for the files. Received: {fault} in {partial.parent}. Set "
            "the environment variable KERAS_TRANSFER_CACHE to another folder."
        )
    kept = " What is here by now is not fetched again."
    if isinstance(fault, FileNotFoundError) or _is_another(place, each):
        return (
            f"Objects must stay as they are while they are copied. Received: {name}, which changed "
            f"or went. Try again.{kept}"
        )
    if isinstance(fault, CutObject):
        return f"Objects must come whole. Received: {name} ({fault}). Try again.{kept}"
    return explain_fault(name, fault) + kept


def _is_another(place: Place, each: Object) -> bool:
    """Tell whether an object is of another size than it was; not where the store is silent."""
    try:
        place.system.invalidate_cache()
        found = place.system.info(place.name(each.key))
    except FileNotFoundError:
        return True
    except Exception:  # it was asked often enough
        return False
    return each.size not in (UNKNOWN, found.get("size"))
