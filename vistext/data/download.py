"""Where data comes from: find it, verify it, download it.

Data is looked for in this order: a path that the caller gives; VISTEXT_DATA (a folder or a file, or several joined by
the path separator); `data/` of the checkout; the Keras cache; and only then the network. Whatever is made on the way (a
download, an unpacked folder, a cache) is made under another name beside its place and moved there when it is whole. So
a name that exists is always whole; and one process makes it while the others wait.
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
from urllib.parse import urlsplit

VARIABLE = "VISTEXT_DATA"
CACHE_VARIABLE = "VISTEXT_CACHE"
BLOCK = 1 << 18  # bytes read at once from a disk
ARRIVING = 1 << 14  # bytes read at once from the network; when the connection breaks, at most these are lost

NO_PROXY = "{} is not the address of a proxy that can be used here: http://HOST:PORT"
NO_CERTIFICATE = (
    "the certificate is not accepted ({}): where a proxy or a virus scanner reads along, set REQUESTS_CA_BUNDLE to "
    "the file with its own"
)
WEB_PAGE = "a web page in place of the file (of a network that one has to log in to?): open one in a browser, log in"


class DataNotFoundError(FileNotFoundError):
    """Data is neither on this machine nor to be had from the network; the message says where it was looked for."""


class DamagedDataError(ValueError):
    """Data was found, but it is cut short, altered, incomplete or unsafe; the message says which and what to do."""


class DownloadError(ConnectionError):
    """The network did not give what was asked of it; what has arrived is kept, and continued the next time."""


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
    chosen = os.environ.get(CACHE_VARIABLE, "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    import pooch

    return Path(pooch.os_cache("vistext"))


def download_folder() -> Path:
    """Where downloads land: `data/` of the checkout, or else a folder in the cache."""
    root = checkout()
    return root / "data" if root else cache_folder() / "downloads"


def places() -> list[Place]:
    """The places on this machine in which data is looked for, in order, whether or not they exist."""
    given = [entry for entry in os.environ.get(VARIABLE, "").split(os.pathsep) if entry.strip()]
    keras = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    return [
        *(Place(Path(entry.strip()).expanduser().absolute(), VARIABLE) for entry in given),
        Place(download_folder(), "data/ of the checkout" if checkout() else "earlier downloads"),
        Place(keras / "datasets", "the Keras cache"),
    ]


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def verify(path: Path, expected: str) -> None:
    """Raise DamagedDataError unless the file's SHA-256 is the expected one (64 hexadecimal digits)."""
    found = sha256(path)
    if found != expected.lower():
        raise DamagedDataError(f"{path} has SHA-256 {found} where {expected} is expected; delete it and get it again")


def identity(files: Iterable[str | os.PathLike]) -> str:
    """A key that changes when any of the files is replaced or edited: their paths, sizes and times, not their contents.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for file in sorted(os.fspath(file) for file in files):
        about = os.stat(file)
        digest.update(f"{file}\0{about.st_size}\0{about.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Make the folder, and turn what the system says about a full or a closed disk into what the user can do about it.

    Raises:
        OSError: with `errno` ENOSPC when the disk is full; PermissionError when the folder may not be written to.
    """
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
    """Let one process at a time make `target`; the others wait, and are told what for.

    The lock dies with its process, so a crash leaves nothing that would have to be removed by hand.

    Args:
        target: what is being made; the lock is a hidden file beside it.
        patience: seconds to wait.

    Raises:
        TimeoutError: another process has held the lock for that long.
    """
    from filelock import FileLock, Timeout

    guard = FileLock(str(target.with_name(f".{target.name}.lock")))
    try:
        guard.acquire(timeout=0)
    except Timeout:
        print(f"waiting for another process that is making {target}", file=sys.stderr)
        try:
            guard.acquire(timeout=patience, poll_interval=0.1)
        except Timeout:
            raise TimeoutError(
                f"another process has been making {target} for {patience:.0f} s; end it, try again"
            ) from None
    try:
        yield
    finally:
        guard.release()


@contextmanager
def whole_or_nothing(target: Path) -> Iterator[Path]:
    """A new folder to fill, which takes the place of `target` when the body ends well and vanishes when it does not.

    To be used under `lock(target)`: what an earlier process left half-made is then certainly dead, and is removed.
    """
    making = target.with_name(f".{target.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    try:
        yield making
        if target.exists():
            shutil.rmtree(target)
        os.replace(making, target)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def download(remote: Remote, folder: Path, *, timeout: float = 20.0, attempts: int = 4, pause: float = 0.5) -> Path:
    """Get a file from the network: with a bar, continued where an earlier attempt stopped, and verified.

    Args:
        remote: what to get.
        folder: where to put it.
        timeout: seconds without a byte after which an attempt counts as failed.
        attempts: failed attempts in a row, without any progress, after which to give up.
        pause: seconds before the second attempt; doubled before each further one.

    Returns:
        The path of the whole, verified file.

    Raises:
        DownloadError: the network or the server did not give it.
        DamagedDataError: what the server gives is not the expected file.
        OSError: the disk is full or may not be written to.
    """
    target = folder / remote.name
    part = target.with_name(f".{target.name}.part")
    with writing(folder), lock(target):
        if target.exists():
            verify(target, remote.sha256)
            return target
        missing = remote.size - _size(part)
        if shutil.disk_usage(folder).free < missing:
            raise OSError(errno.ENOSPC, f"{missing:,} more bytes are needed")
        continued = part.exists()
        _fetch(remote, part, timeout=timeout, attempts=attempts, pause=pause)
        if continued and sha256(part) != remote.sha256:
            # The beginning may be of another version of the file: once more, from nothing.
            part.unlink()
            _fetch(remote, part, timeout=timeout, attempts=attempts, pause=pause)
        if sha256(part) != remote.sha256:
            part.unlink()
            raise DamagedDataError(
                f"{remote.url} gives another file than expected (its SHA-256 is not {remote.sha256})"
            )
        os.replace(part, target)
    return target


def _fetch(remote: Remote, part: Path, *, timeout: float, attempts: int, pause: float) -> None:
    """Bring `part` to its full size, trying again as long as attempts bring it further."""
    import requests
    from urllib3.exceptions import HTTPError

    failed, furthest = 0, _size(part)
    while (have := _size(part)) < remote.size:
        cause = None
        try:
            _continue(remote, part, have, timeout)
        except (requests.RequestException, HTTPError) as error:  # urllib3's own: of a proxy that it does not know
            cause = error
            if getattr(getattr(error, "response", None), "status_code", None) == 416:
                part.unlink()  # it is longer than the file
        if (have := _size(part)) == remote.size:
            return
        failed, furthest = (1, have) if have > furthest else (failed + 1, furthest)
        reason, passing = _reason(cause, remote.url)
        if not passing or failed >= attempts:
            kept = f"; the {have:,} of {remote.size:,} bytes that arrived are kept, and continued the next time"
            raise DownloadError(f"{remote.url}: {reason}{kept if have else ''}") from cause
        time.sleep(pause * 2 ** (failed - 1))


def _reason(error: Exception | None, url: str) -> tuple[str, bool]:
    """Why an attempt failed, and whether that may pass; the library's own words are a paragraph: in the traceback."""
    from requests import exceptions
    from urllib3.exceptions import ProxySchemeUnknown

    response = getattr(error, "response", None)
    tunnel = re.search(r"Tunnel connection failed: (\d{3}) ?([\w ]*)", str(error))
    if tunnel or response is not None:
        who = "proxy" if tunnel else "server"
        return _answered(
            who, *((int(tunnel[1]), tunnel[2]) if tunnel else (response.status_code, response.reason)), url
        )
    variable, proxy = _proxy(url)
    refused = re.search(r"certificate verify failed: ([^(]*\w)", str(error))
    reasons = [
        (type(None), "the connection was closed early"),
        (exceptions.ChunkedEncodingError, "the connection was closed early"),
        (exceptions.ProxyError, f"the proxy {proxy} cannot be reached: correct {variable}, or unset it"),
        (exceptions.InvalidProxyURL, NO_PROXY.format(variable)),
        (exceptions.InvalidSchema, NO_PROXY.format(variable)),
        (ProxySchemeUnknown, NO_PROXY.format(variable)),
        (exceptions.SSLError, NO_CERTIFICATE.format(refused[1] if refused else "no TLS")),
        (exceptions.Timeout, "no answer in time"),
        (socket.gaierror, f"{urlsplit(url).hostname} is not found (DNS): no connection to the internet?"),
        (object, "no connection"),
    ]
    reason = next(words for kind, words in reasons if any(isinstance(cause, kind) for cause in _causes(error)))
    return reason, not (refused or reason == NO_PROXY.format(variable))


def _answered(who: str, status: int, words: str, url: str) -> tuple[str, bool]:
    """The same, where the server or a proxy has answered."""
    variable, proxy = _proxy(url)
    passing = status >= 500 or status in (408, 416, 429)
    if status == 407:
        login = f"set {variable}=http://NAME:PASSWORD@{proxy}"
        return f"the proxy {proxy} asks for a name and a password (407): {login}", False
    if status == 511:
        return WEB_PAGE, False
    return f"the {who} {f'{proxy} ' if who == 'proxy' else ''}answers {status} {words}", passing


def _proxy(url: str) -> tuple[str, str]:
    """The variable that names the proxy for an address, and the proxy without the password in it."""
    from requests.utils import get_environ_proxies, select_proxy

    address = urlsplit(select_proxy(url, get_environ_proxies(url)) or "")
    return f"{urlsplit(url).scheme.upper()}_PROXY", address.netloc.rpartition("@")[2]


def _causes(error: BaseException | None) -> list[BaseException | None]:
    causes = [error]
    while error := error and (error.__cause__ or error.__context__):
        causes.append(error)
    return causes


def _continue(remote: Remote, part: Path, have: int, timeout: float) -> None:
    """One request for what is missing, appended to `part` as it arrives."""
    import requests
    from tqdm.auto import tqdm

    # Without `identity` a server may compress on the fly, and positions would mean something else.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(remote.url, headers=headers, stream=True, timeout=(min(timeout, 6), timeout)) as response:
        response.raise_for_status()
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise DownloadError(f"{remote.url}: {WEB_PAGE}")
        if not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            have = 0  # the server begins at the beginning
        with (
            open(part, "ab" if have else "wb") as file,
            tqdm(total=remote.size, initial=have, desc=remote.name, unit="B", unit_scale=True, leave=False) as bar,
        ):
            for block in response.iter_content(ARRIVING):
                have += len(block)
                if have > remote.size:
                    raise DamagedDataError(f"{remote.url} gives more than the {remote.size:,} bytes that are expected")
                file.write(block)
                bar.update(len(block))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
