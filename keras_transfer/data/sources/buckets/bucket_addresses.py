"""Addresses of buckets and other stores, `s3://BUCKET/FOLDER`, and what opens them: fsspec."""

import contextlib
import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from keras_transfer.config.full_paths import is_address
from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.messages import say_fault
from keras_transfer.data.sources.foreign_sources import explain_foreign
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.network import find_fault
from keras_transfer.system.packages import require_package

EXTRA = "cloud"
# What protocols need besides fsspec; of others fsspec says what they do.
PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "hf": "huggingface_hub",
}
THREADS = 16  # objects that are fetched at a time: small ones are all waiting
# botocore itself waits a minute for an answer, and keeps ten connections.
S3_LIMITS = {"connect_timeout": 10, "read_timeout": 60, "max_pool_connections": THREADS}
PASSWORD = re.compile(r"://[^/@:]*:[^/@]*@")
NO_RIGHTS = re.compile(r"credential|denied|forbidden|unauthorized|authenticat|\b40[13]\b", re.I)


@dataclass(frozen=True, kw_only=True)
class Place:
    """What an address names, opened but not looked at."""

    address: str
    """As it was given."""
    system: Any
    """The file system of fsspec."""
    bucket: str
    """First part of the path there."""
    key: str
    """The rest of it; "" for the bucket as a whole."""
    identity: str
    """Another one for another store: protocol, server and bucket."""

    def name(self, key: str) -> str:
        """Return what the file system calls an object."""
        return f"{self.bucket}/{key}" if key else self.bucket

    def beside(self) -> "Place":
        """Return the folder that an object is in."""
        folder = self.key.rpartition("/")[0]
        return replace(self, address=self.address.rpartition("/")[0], key=folder)


def is_bucket(word: str) -> bool:
    """Tell whether a word is an address that is read, and no path that is there."""
    return is_address(word) and not explain_foreign(word)


def open_place(address: str) -> Place:
    """Open the file system of an address; nothing is asked of it yet.

    Raises:
        ConfigError: A package is missing, there is no such protocol, or the address is none.
    """
    protocol = address.partition("://")[0].lower()
    if PASSWORD.search(address) and protocol != "github":  # there it is owner:repository@version
        raise ConfigError(
            "An address must hold no password, since it is kept with the run. Received: one in "
            f"{protocol}://. Put it where the package of that store looks for it."
        )
    for package in ("fsspec", PACKAGES.get(protocol, "fsspec")):
        require_package(address, package, EXTRA)
    from fsspec.core import url_to_fs  # late: it takes a tenth of what a --help takes

    for chatty in ("botocore", "aiobotocore"):  # they tell where they found keys and servers
        logging.getLogger(chatty).setLevel(logging.WARNING)
    _require_known(protocol)
    if protocol == "hf" and (fault := _ask_hub()):
        raise ConfigError(
            f"An address must lead to what answers. Received: {address} ({fault}). Try again."
        )
    with explaining(address):
        # a new one: others of this process keep what they have listed, and where the server was
        options = _settle_options(protocol) | {"skip_instance_cache": True}
        system, path = url_to_fs(address, **options)
    bucket, _, key = str(path).removeprefix("/").partition("/")
    if not bucket:
        raise ConfigError(
            f"An address must name a bucket. Received: {address}. Write {protocol}://BUCKET/FOLDER."
        )
    return Place(
        address=address,
        system=system,
        bucket=bucket,
        key=key.rstrip("/"),
        identity=_identify(protocol, system, address, bucket),
    )


@contextlib.contextmanager
def explaining(address: str) -> Iterator[None]:
    """Make one line of what a store answers.

    Raises:
        ConfigError: There is no such bucket or folder, no right to read it, or no answer.
    """
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:  # of as many kinds as there are packages
        raise ConfigError(explain_fault(address, error)) from error


def explain_fault(address: str, error: BaseException) -> str:
    """Return in one line what a store answered."""
    said = say_fault(error)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        hint = " Sets of the Hub are hf://datasets/OWNER/NAME." if address[:3] == "hf:" else ""
        if set(address) & set("*?[{"):
            hint = " Patterns are not read there: give the folder."
        return (
            "An address must lead to a bucket or folder that exists. Received: "
            f"{address}: there is none. Correct it.{hint}"
        )
    if is_refusal(error):
        return (
            f"An address must be readable with the rights you have. Received: {address} ({said}). "
            "Log in as the command line of that store does, or set FSSPEC_S3='{\"anon\": true}' "
            "for a public bucket of S3."
        )
    return f"An address must lead to what answers. Received: {address} ({said}). Try again."


def is_refusal(error: BaseException) -> bool:
    """Tell whether a store answered that this user may not: trying again is of no use."""
    said = f"{type(error).__name__} {error}"
    return isinstance(error, PermissionError) or bool(NO_RIGHTS.search(said))


def _require_known(protocol: str) -> None:
    """Refuse a protocol that fsspec does not know, or whose package is missing."""
    from fsspec.registry import available_protocols, get_filesystem_class

    try:
        get_filesystem_class(protocol)
    except ValueError as error:
        hint = suggest_close(protocol, available_protocols())
        raise ConfigError(
            f"An address must begin with a protocol that fsspec knows, such as s3://, gs://, az:// "
            f"or hf://. Received: {protocol}://. {hint}".rstrip()
        ) from error
    except ImportError as error:
        raise ConfigError(
            f"For {protocol}://, a package must be installed. Received: no such package. {error}."
        ) from error


def _ask_hub() -> str:
    import huggingface_hub

    return find_fault(huggingface_hub.constants.ENDPOINT)  # the package tries for half a minute


def _settle_options(protocol: str) -> dict[str, Any]:
    """Return what is asked of a file system beside what the user set for it."""
    import fsspec.config

    own = fsspec.config.conf.get(protocol, {})
    if PACKAGES.get(protocol) != "s3fs" or "config_kwargs" in own:
        return {}
    return {"config_kwargs": S3_LIMITS | {"retries": {"max_attempts": 2}}}


def _identify(protocol: str, system: Any, address: str, bucket: str) -> str:
    """Return a hash of what tells one store from another of the same protocol."""
    servers = [os.environ.get(name, "") for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")]
    servers.append(str(getattr(system, "storage_options", {}).get("endpoint_url", "")))
    within = type(system)._get_kwargs_from_urls(address)  # a host, an account, a version
    facts = [protocol, bucket, servers, sorted((key, str(value)) for key, value in within.items())]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
