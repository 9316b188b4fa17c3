"""Where data is looked for on this machine, and how it gets there whole or not at all.

Whatever is made on the way (a download, a cache) is made under another name beside its place and moved there when it is
whole. So a name that exists is always whole; and one process makes it while the others wait.
"""

import errno
import hashlib
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

VARIABLE = "VISTEXT_DATA"
CACHE_VARIABLE = "VISTEXT_CACHE"
BLOCK = 1 << 18  # bytes read at once

WEB_PAGE = "a web page in place of the file (of a network that one has to log in to?): open one in a browser, log in"


class DataNotFoundError(FileNotFoundError):
    """Data is neither on this machine nor to be had from the network; the message says where it was looked for."""


class DamagedDataError(ValueError):
    """Data was found, but it is cut short, altered, incomplete or unsafe; the message says which and what to do."""


class DownloadError(ConnectionError):
    """The file could not be downloaded; the message says why, and what to do."""


@dataclass(frozen=True)
class Place:
    """A folder (or one file) in which data is looked for, and what to call it."""

    path: Path
    name: str


@dataclass(frozen=True)
class Remote:
    """A file on the network: its address, the name it gets here, its size in bytes and its SHA-256 in hexadecimal."""

    url: str
    name: str
    size: int
    sha256: str


def checkout() -> Path | None:
    """The folder of the course's checkout that this package runs from, or None when it runs from an installed copy."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() and (root / "notebooks").is_dir() else None


def cache_folder() -> Path:
    """Where vistext keeps what it makes from data: VISTEXT_CACHE, or else the user's cache folder."""
    import pooch

    chosen = os.environ.get(CACHE_VARIABLE, "").strip()
    return Path(chosen).expanduser().absolute() if chosen else Path(pooch.os_cache("vistext"))


def download_folder() -> Path:
    """Where downloads land: `data/` of the checkout, or else a folder in the cache."""
    root = checkout()
    return root / "data" if root else cache_folder() / "downloads"


def places() -> list[Place]:
    """The places on this machine in which data is looked for, in order, whether or not they exist."""
    entries = [entry for entry in os.environ.get(VARIABLE, "").split(os.pathsep) if entry.strip()]
    keras = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    return [
        *(Place(Path(entry.strip()).expanduser().absolute(), VARIABLE) for entry in entries),
        Place(download_folder(), "data/ of the checkout" if checkout() else "earlier downloads"),
        Place(keras / "datasets", "the Keras cache"),
    ]


def identity(files: Iterable[str | os.PathLike]) -> str:
    """16 hexadecimal digits that change when any of the files is replaced or edited: of paths, sizes and times."""
    digest = hashlib.sha256()
    for file in sorted(os.fspath(file) for file in files):
        status = os.stat(file)
        digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Make the folder; an OSError for a full or a read-only disk tells the user what to do about it."""
    remedy = f"set {CACHE_VARIABLE} to another folder for caches, {VARIABLE} to one that holds the data"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(errno.ENOSPC, f"no room left on the disk of {folder}: free some, or {remedy}") from error
        refused = Path(error.filename or folder)
        here = refused == folder or refused in folder.parents or folder in refused.parents
        if here and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise PermissionError(error.errno, f"{folder} cannot be written to: {remedy}") from error
        raise


@contextmanager
def lock(target: Path, *, patience: float = 1800.0) -> Iterator[None]:
    """Let one process at a time make `target`; the lock is a hidden file beside it, and dies with its process.

    TimeoutError: another process has held it for `patience` seconds.
    """
    from filelock import FileLock, Timeout

    guard = FileLock(str(target.with_name(f".{target.name}.lock")))
    try:
        held = guard.acquire(timeout=0)
    except Timeout:
        print(f"waiting for another process that is making {target}", file=sys.stderr)
        try:
            held = guard.acquire(timeout=patience, poll_interval=0.1)
        except Timeout:
            message = f"another process has been making {target} for {patience:.0f} s; end it, try again"
            raise TimeoutError(message) from None
    with held:
        yield


@contextmanager
def whole_or_nothing(target: Path) -> Iterator[Path]:
    """A path beside `target`: what is made there replaces it when the body ends well, and vanishes when it does not.

    Use it under `lock(target)`: what an earlier process left half-made is then certainly dead, and is removed.
    """
    making = target.with_name(f".{target.name}.making")
    _remove(making)
    try:
        yield making
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(making, target)
    finally:
        _remove(making)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def download(remote: Remote, folder: Path, *, timeout: float = 20.0, attempts: int = 4, pause: float = 0.5) -> Path:
    """Get a file from the network into a folder, unless it is there; another one of its name is replaced.

    An attempt fails after `timeout` seconds without a byte; `pause` seconds pass before the second one, and twice as
    many before each further one. DownloadError: the network did not give it; DamagedDataError: it gave something else.
    """
    import pooch

    target = folder / remote.name
    with writing(folder), lock(target):
        if target.exists() and pooch.file_hash(target) == remote.sha256:
            return target
        if shutil.disk_usage(folder).free < remote.size:
            raise OSError(errno.ENOSPC, f"{remote.size:,} bytes are needed")
        with whole_or_nothing(target) as making:
            _fetch(remote, making, timeout, attempts, pause)
            if pooch.file_hash(making) != remote.sha256:
                message = f"{remote.url} gives another file than expected (its SHA-256 is not {remote.sha256})"
                raise DamagedDataError(message)
    return target


def _fetch(remote: Remote, file: Path, timeout: float, attempts: int, pause: float) -> None:
    import pooch
    import requests
    from tqdm.auto import tqdm
    from urllib3.exceptions import HTTPError

    for attempt in range(attempts):
        try:
            with tqdm(total=remote.size, desc=remote.name, unit="B", unit_scale=True, leave=False) as bar:
                limits = (min(timeout, 6), timeout)  # seconds to connect, and between two bytes
                get = pooch.HTTPDownloader(progressbar=bar, chunk_size=BLOCK, timeout=limits)
                get(remote.url, str(file), None)
            break
        except (requests.RequestException, HTTPError) as error:  # urllib3's own: of a proxy that it does not know
            reason, may_pass = _reason(error, remote.url)
            if not may_pass or attempt == attempts - 1:
                raise DownloadError(f"{remote.url}: {reason}") from error
        time.sleep(pause * 2**attempt)
    with open(file, "rb") as opened:
        if opened.read(BLOCK).lstrip().lower().startswith((b"<!doctype html", b"<html")):
            raise DownloadError(f"{remote.url}: {WEB_PAGE}")


def _reason(error: Exception, url: str) -> tuple[str, bool]:
    """Why an attempt failed, and whether the next may succeed; the library's own words stay in the traceback."""
    from requests import exceptions
    from requests.utils import get_environ_proxies, select_proxy
    from urllib3.exceptions import ProxySchemeUnknown

    variable = f"{urlsplit(url).scheme.upper()}_PROXY"
    proxy = urlsplit(select_proxy(url, get_environ_proxies(url)) or "").netloc.rpartition("@")[2]  # without a password
    tunnel = re.search(r"Tunnel connection failed: (\d{3}) ?([\w ]*)", str(error))
    response: Any = getattr(error, "response", None)
    if tunnel or response is not None:
        status, words = (int(tunnel[1]), tunnel[2]) if tunnel else (response.status_code, response.reason)
        if status == 407:
            login = f"set {variable}=http://NAME:PASSWORD@{proxy}"
            return f"the proxy {proxy} asks for a name and a password (407): {login}", False
        if status == 511:
            return WEB_PAGE, False
        sender = f"proxy {proxy}" if tunnel else "server"
        return f"the {sender} answers {status} {words}", status >= 500 or status in (408, 429)
    refused = re.search(r"certificate verify failed: ([^(]*\w)", str(error))
    certificate = (
        f"the certificate is not accepted ({refused[1] if refused else 'no TLS'}): where a proxy or a virus scanner "
        "reads along, set REQUESTS_CA_BUNDLE to the file with its own"
    )
    no_proxy = f"{variable} is not the address of a proxy that can be used here: http://HOST:PORT"
    reasons: list[tuple[type | tuple[type, ...], str]] = [
        (exceptions.ChunkedEncodingError, "the connection was closed early"),
        (exceptions.ProxyError, f"the proxy {proxy} cannot be reached: correct {variable}, or unset it"),
        ((exceptions.InvalidProxyURL, exceptions.InvalidSchema, ProxySchemeUnknown), no_proxy),
        (exceptions.SSLError, certificate),
        (exceptions.Timeout, "no answer in time"),
        (socket.gaierror, f"{urlsplit(url).hostname} is not found (DNS): no connection to the internet?"),
        (Exception, "no connection"),
    ]
    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)
    reason = next(words for kind, words in reasons if any(isinstance(cause, kind) for cause in causes))
    return reason, not (refused or reason == no_proxy)
