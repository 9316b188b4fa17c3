"""Data is found in the promised order, and what is fetched is whole or not there."""

import dataclasses
import errno
import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time

import pytest

from vistext.data import download
from vistext.data.download import DamagedDataError, DownloadError, Remote

CONTENT = bytes(range(256)) * 4096  # a mebibyte
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def remote(server):
    server.content = CONTENT
    return Remote(server.url, "thing.bin", len(CONTENT), SHA256)


def quickly(remote, folder, **settings):
    return download.download(remote, folder, **{"timeout": 2, "pause": 0.01, **settings})


def nothing_in(folder):
    return not [path for path in folder.iterdir() if path.suffix != ".lock"]


def why_not(remote, folder, **settings):
    """The one line that says why there is no download; nothing half-fetched is left."""
    with pytest.raises(DownloadError) as caught:
        quickly(remote, folder, **settings)
    assert len(str(caught.value).splitlines()) == 1
    assert "secret" not in str(caught.value)
    assert nothing_in(folder)
    return str(caught.value)


def in_another_process(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_places_come_in_the_promised_order(tmp_path, monkeypatch):
    assert download.download_folder() in [place.path for place in download.places()]
    assert download.cache_folder() in download.download_folder().parents

    monkeypatch.setenv("VISTEXT_DATA", os.pathsep.join([str(tmp_path / "a b"), "", str(tmp_path / "c")]))
    monkeypatch.setattr(download, "checkout", lambda: tmp_path / "clone")
    places = [tmp_path / "a b", tmp_path / "c", tmp_path / "clone" / "data", tmp_path / "keras" / "datasets"]
    assert [place.path for place in download.places()] == places

    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert download.places()[-1].path == tmp_path / ".keras" / "datasets"


def test_the_cache_is_the_users_by_default_and_an_installed_copy_is_no_checkout(tmp_path, monkeypatch):
    assert download.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("VISTEXT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert "vistext" in download.cache_folder().parts

    monkeypatch.undo()
    monkeypatch.setattr(download, "__file__", str(tmp_path / "site-packages" / "vistext" / "data" / "download.py"))
    assert download.checkout() is None


def test_identity_notices_an_edit_a_replacement_and_an_addition(tmp_path):
    file, other = tmp_path / "a", tmp_path / "b"
    other.write_bytes(b"")
    identities = set()
    for content, modified in ((b"12", 0), (b"12", 1), (b"123", 1)):
        file.write_bytes(content)
        os.utime(file, ns=(modified, modified))
        identities.add(download.identity([file]))

    assert len(identities | {download.identity([file, other])}) == 4
    assert download.identity([file, other]) == download.identity([other, file])


def test_a_download_arrives_whole_and_only_once_and_replaces_another_file_of_its_name(remote, server, tmp_path):
    (tmp_path / "thing.bin").write_bytes(b"cut")
    (tmp_path / ".thing.bin.making").write_bytes(b"x" * 1000)  # of a process that died
    path = quickly(remote, tmp_path)

    assert quickly(remote, tmp_path) == path
    assert path.read_bytes() == CONTENT
    assert not (tmp_path / ".thing.bin.making").exists()
    assert server.requests == 1


@pytest.mark.parametrize("answers", [["cut", "cut"], [503, 429], ["stall"]])
def test_after_a_cut_a_busy_or_a_silent_server_it_is_fetched_anew(remote, server, tmp_path, answers):
    server.answers = list(answers)
    started = time.monotonic()

    assert quickly(remote, tmp_path, timeout=0.3).read_bytes() == CONTENT
    assert server.requests == len(answers) + 1
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("answer", "requests", "reason"),
    [
        (404, 1, "the server answers 404"),
        (503, 2, "the server answers 503"),
        ("cut", 2, "the connection was closed early"),
        ("page", 1, "a web page in place of the file"),
        (511, 1, "a web page in place of the file"),
    ],
)
def test_a_server_that_does_not_give_it_is_named(remote, server, tmp_path, *, answer, requests, reason):
    server.answers = [answer] * 9

    assert reason in why_not(remote, tmp_path, attempts=2)
    assert server.requests == requests


@pytest.fixture
def proxied(server, monkeypatch):
    """What lies behind a proxy, which answers with the codes in `server.answers`."""
    monkeypatch.setenv("HTTPS_PROXY", server.url.replace("http://", "http://someone:secret@").removesuffix("/file"))
    return Remote("https://data.example/file", "thing.bin", len(CONTENT), SHA256)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_password_is_named_with_what_to_set(proxied, server, tmp_path, monkeypatch, scheme):
    monkeypatch.setenv("HTTP_PROXY", os.environ["HTTPS_PROXY"])
    server.answers = [407]
    message = why_not(dataclasses.replace(proxied, url=f"{scheme}://data.example/file"), tmp_path)

    assert f"the proxy 127.0.0.1:{server.http.server_port} asks for a name and a password (407" in message
    assert f"{scheme.upper()}_PROXY=http://NAME:PASSWORD@" in message
    assert server.tunnels == (["data.example:443"] if scheme == "https" else [])  # and is not asked again


@pytest.mark.parametrize(("code", "asked"), [(403, 1), (502, 2)])
def test_a_proxy_that_refuses_is_named_with_its_answer(proxied, server, tmp_path, code, asked):
    server.answers = [code] * 9
    message = why_not(proxied, tmp_path, attempts=2)

    assert f"the proxy 127.0.0.1:{server.http.server_port} answers {code} " in message
    assert len(server.tunnels) == asked


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://someone:secret@127.0.0.1:9", "the proxy 127.0.0.1:9 cannot be reached: correct HTTPS_PROXY"),
        ("http://", "HTTPS_PROXY is not the address of a proxy that can be used"),
        ("gopher://127.0.0.1:9", "HTTPS_PROXY is not the address of a proxy that can be used"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named(proxied, tmp_path, monkeypatch, address, reason):
    monkeypatch.setenv("HTTPS_PROXY", address)

    assert reason in why_not(proxied, tmp_path, attempts=1)


def test_a_server_that_is_not_there_is_given_up_on_soon(tmp_path):
    assert "no connection" in why_not(Remote("http://127.0.0.1:9/file", "thing.bin", 10, SHA256), tmp_path)


def test_a_name_that_nobody_knows_is_named(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    remote = Remote("https://data.example/file", "thing.bin", len(CONTENT), SHA256)

    assert "data.example is not found (DNS): no connection to the internet?" in why_not(remote, tmp_path, attempts=1)


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes a certificate with openssl")
def test_a_certificate_of_one_who_reads_along_is_named_with_what_to_set(server, tmp_path):
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "own.pem", *name]
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "key.pem")
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    remote = Remote(f"https://localhost:{server.http.server_port}/file", "thing.bin", len(CONTENT), SHA256)
    message = why_not(remote, tmp_path / "new" / "folder")

    assert "the certificate is not accepted (self" in message
    assert "REQUESTS_CA_BUNDLE" in message


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"!", CONTENT * 2, CONTENT[:-1]])
def test_another_content_than_expected_is_refused_and_not_kept(remote, server, tmp_path, content):
    server.content = content

    with pytest.raises(DamagedDataError, match="another file than expected"):
        quickly(remote, tmp_path)
    assert nothing_in(tmp_path)


def test_a_disk_without_room_is_noticed_before_the_download(remote, server, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))

    with pytest.raises(OSError, match="no room left on the disk") as caught:
        quickly(remote, tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert server.requests == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_disk_that_fills_during_the_download_is_named(remote, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_remove", lambda path: None)
    (tmp_path / ".thing.bin.making").symlink_to("/dev/full")

    with pytest.raises(OSError, match="no room left on the disk") as caught:
        quickly(remote, tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert not (tmp_path / "thing.bin").exists()


@pytest.mark.parametrize(
    ("refused", "message"),
    [("here/file", "here cannot be written to: set VISTEXT_CACHE"), ("elsewhere", "Permission denied: .*elsewhere")],
)
def test_a_folder_that_may_not_be_written_to_is_named_and_no_other_blamed(tmp_path, refused, message):
    error = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / refused))

    with pytest.raises(PermissionError, match=message), download.writing(tmp_path / "here"):
        raise error


def test_two_processes_at_once_fetch_once(remote, server, tmp_path):
    code = (
        "import sys; from pathlib import Path; from vistext.data.download import Remote, download\n"
        "url, size, digest, folder = sys.argv[1:]\n"
        "print(download(Remote(url, 'thing.bin', int(size), digest), Path(folder), pause=0.01))"
    )
    server.answers = ["cut"]
    processes = [in_another_process(code, remote.url, remote.size, remote.sha256, tmp_path) for _ in range(2)]
    printed = [process.communicate(timeout=20)[0].strip() for process in processes]

    assert printed == [str(tmp_path / "thing.bin")] * 2
    assert server.requests == 2  # one that was cut, and the next


def test_who_waits_for_another_process_is_told_so(tmp_path, capsys):
    code = (
        "import sys, time; from pathlib import Path; from vistext.data.download import lock\n"
        "with lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.readline()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "thing")], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "held\n"

    with pytest.raises(TimeoutError, match="another process"), download.lock(tmp_path / "thing", patience=0.3):
        pass
    assert "waiting for another process" in capsys.readouterr().err

    other.kill()  # a lock must die with its holder
    other.wait()
    with download.lock(tmp_path / "thing", patience=5):
        pass


@pytest.mark.parametrize("earlier", [False, True])
def test_a_folder_appears_whole_and_without_what_a_dead_process_left(tmp_path, earlier):
    (tmp_path / ".made.making").mkdir()
    (tmp_path / ".made.making" / "half").write_text("")
    if earlier:
        (tmp_path / "made").mkdir()
        (tmp_path / "made" / "old").write_text("")
    with download.whole_or_nothing(tmp_path / "made") as making:
        making.mkdir()
        (making / "a").write_text("1")
        assert (tmp_path / "made").exists() == earlier

    assert [path.name for path in (tmp_path / "made").iterdir()] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


@pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt])
def test_an_interrupted_folder_does_not_appear(tmp_path, interruption):
    with pytest.raises(interruption), download.whole_or_nothing(tmp_path / "made") as making:  # noqa: PT012
        making.mkdir()
        raise interruption
    assert not list(tmp_path.iterdir())
