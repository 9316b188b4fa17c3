"""Data is found in the promised order, and what is fetched is whole or not there."""

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
HALF = len(CONTENT) // 2
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def remote(server):
    server.content = CONTENT
    return Remote(server.url, "thing.bin", len(CONTENT), SHA256)


def quickly(remote, folder, **settings):
    return download.download(remote, folder, **{"timeout": 2, "pause": 0.01, **settings})


def in_another_process(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_places_come_in_the_promised_order(tmp_path, monkeypatch):
    monkeypatch.setenv("VISTEXT_DATA", os.pathsep.join([str(tmp_path / "a b"), "", str(tmp_path / "c")]))
    monkeypatch.setattr(download, "checkout", lambda: tmp_path / "clone")

    assert [place.path for place in download.places()] == [
        tmp_path / "a b",
        tmp_path / "c",
        tmp_path / "clone" / "data",
        tmp_path / "keras" / "datasets",
    ]


def test_without_a_checkout_downloads_are_looked_for_where_they_land():
    assert download.download_folder() in [place.path for place in download.places()]
    assert download.cache_folder() in download.download_folder().parents


def test_keras_is_looked_for_at_home_when_it_has_no_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    assert download.places()[-1].path == tmp_path / ".keras" / "datasets"


def test_the_cache_is_the_users_unless_told_otherwise(tmp_path, monkeypatch):
    assert download.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("VISTEXT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))

    assert "vistext" in download.cache_folder().parts


def test_an_installed_copy_is_no_checkout(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(download, "__file__", str(tmp_path / "site-packages" / "vistext" / "data" / "sources.py"))

    assert download.checkout() is None


def test_a_wrong_checksum_is_named(tmp_path):
    (tmp_path / "thing.bin").write_bytes(b"something else")

    with pytest.raises(DamagedDataError, match=r"thing\.bin has SHA-256 \w{64} where"):
        download.verify(tmp_path / "thing.bin", SHA256)


def test_identity_notices_an_edit_a_replacement_and_an_addition(tmp_path):
    file, other = tmp_path / "a", tmp_path / "b"
    file.write_bytes(b"12")
    seen = {download.identity([file])}
    os.utime(file, ns=(1, 1))
    seen.add(download.identity([file]))
    file.write_bytes(b"123")
    os.utime(file, ns=(1, 1))
    seen.add(download.identity([file]))
    other.write_bytes(b"")
    seen.add(download.identity([file, other]))

    assert len(seen) == 4
    assert download.identity([other, file]) in seen


def test_a_download_arrives_whole_and_leaves_nothing_half(remote, tmp_path):
    path = quickly(remote, tmp_path / "new" / "folder")

    assert path.read_bytes() == CONTENT
    assert not list(path.parent.glob("*.part"))


def test_what_is_there_is_not_fetched_again(remote, server, tmp_path):
    quickly(remote, tmp_path)
    quickly(remote, tmp_path)

    assert len(server.asked) == 1


def test_a_file_of_that_name_but_another_content_is_not_overwritten(remote, tmp_path):
    (tmp_path / "thing.bin").write_bytes(b"mine")

    with pytest.raises(DamagedDataError, match="delete it"):
        quickly(remote, tmp_path)
    assert (tmp_path / "thing.bin").read_bytes() == b"mine"


def test_a_cut_connection_is_continued_where_it_stopped(remote, server, tmp_path):
    server.answers = ["cut", "cut"]

    assert quickly(remote, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={HALF}-", f"bytes={HALF + HALF // 2}-"]


def test_a_later_attempt_continues_an_earlier_one(remote, server, tmp_path):
    server.answers = ["cut", 503]
    with pytest.raises(DownloadError, match="524,288 of 1,048,576 bytes that arrived are kept"):
        quickly(remote, tmp_path, attempts=1)
    with pytest.raises(DownloadError, match="503"):
        quickly(remote, tmp_path, attempts=1)

    assert quickly(remote, tmp_path).read_bytes() == CONTENT
    assert server.asked[-1] == f"bytes={HALF}-"


def test_progress_is_not_counted_as_failure(remote, server, tmp_path):
    server.answers = ["cut"] * 5

    assert quickly(remote, tmp_path, attempts=2).read_bytes() == CONTENT


def test_a_server_that_knows_no_ranges_is_read_from_the_start(remote, server, tmp_path):
    server.answers = ["cut", "no ranges"]

    assert quickly(remote, tmp_path).read_bytes() == CONTENT


def test_a_beginning_of_another_file_is_thrown_away(remote, server, tmp_path):
    (tmp_path / ".thing.bin.part").write_bytes(b"x" * 1000)

    assert quickly(remote, tmp_path).read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-", None]


def test_a_beginning_longer_than_the_file_is_thrown_away(remote, tmp_path):
    (tmp_path / ".thing.bin.part").write_bytes(CONTENT + b"x")

    assert quickly(remote, tmp_path).read_bytes() == CONTENT


def test_a_refused_range_is_asked_for_from_the_start(remote, server, tmp_path):
    (tmp_path / ".thing.bin.part").write_bytes(CONTENT[:1000])
    server.answers = [416]

    assert quickly(remote, tmp_path).read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-", None]


def test_a_busy_server_is_asked_again(remote, server, tmp_path):
    server.answers = [503, 429]

    assert quickly(remote, tmp_path).read_bytes() == CONTENT


def test_a_missing_file_is_not_asked_for_again(remote, server, tmp_path):
    server.answers = [404]

    with pytest.raises(DownloadError, match="answers 404"):
        quickly(remote, tmp_path)
    assert len(server.asked) == 1


def test_a_server_that_falls_silent_is_given_up_on_and_continued(remote, server, tmp_path):
    server.answers = ["stall"]
    started = time.monotonic()

    assert quickly(remote, tmp_path, timeout=0.3).read_bytes() == CONTENT
    assert time.monotonic() - started < 5
    assert server.asked == [None, f"bytes={HALF}-"]


def test_a_server_that_is_not_there_is_given_up_on_soon(tmp_path):
    nowhere = Remote("http://127.0.0.1:9/file", "thing.bin", 10, SHA256)

    with pytest.raises(DownloadError, match="no connection"):
        quickly(nowhere, tmp_path)


@pytest.fixture
def proxied(server, monkeypatch):
    """What lies behind a proxy, which answers with the codes in `server.answers`."""
    monkeypatch.setenv("HTTPS_PROXY", server.url.replace("http://", "http://someone:secret@").removesuffix("/file"))
    return Remote("https://data.example/file", "thing.bin", len(CONTENT), SHA256)


def why_not(remote, folder, **settings):
    """The one line that says why there is no download."""
    with pytest.raises(DownloadError) as caught:
        quickly(remote, folder, **settings)
    assert len(str(caught.value).splitlines()) == 1
    assert "secret" not in str(caught.value)
    return str(caught.value)


def test_a_proxy_that_wants_a_password_is_named_with_what_to_set(proxied, server, tmp_path):
    server.answers = [407]
    said = why_not(proxied, tmp_path)

    assert f"the proxy 127.0.0.1:{server.http.server_port} asks for a name and a password (407" in said
    assert "HTTPS_PROXY=http://NAME:PASSWORD@" in said
    assert server.tunnels == ["data.example:443"]  # and is not asked again


def test_a_proxy_of_plain_http_that_wants_a_password_is_named_too(remote, server, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/file"))
    server.answers = [407]

    assert "asks for a name and a password (407" in why_not(
        Remote("http://data.example/file", "thing.bin", len(CONTENT), SHA256), tmp_path
    )


@pytest.mark.parametrize(("code", "asked"), [(403, 1), (502, 2)])
def test_a_proxy_that_refuses_is_named_with_its_answer(proxied, server, tmp_path, code, asked):
    server.answers = [code] * 9
    said = why_not(proxied, tmp_path, attempts=2)

    assert f"the proxy 127.0.0.1:{server.http.server_port} answers {code} " in said
    assert len(server.tunnels) == asked


def test_a_proxy_that_is_not_there_is_named(proxied, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://someone:secret@127.0.0.1:9")

    assert "the proxy 127.0.0.1:9 cannot be reached: correct HTTPS_PROXY" in why_not(proxied, tmp_path, attempts=1)


@pytest.mark.parametrize("address", ["http://", "gopher://127.0.0.1:9"])
def test_an_address_that_is_no_proxy_is_named(proxied, tmp_path, monkeypatch, address):
    monkeypatch.setenv("HTTPS_PROXY", address)

    assert "HTTPS_PROXY is not the address of a proxy that can be used" in why_not(proxied, tmp_path)


def test_a_name_that_nobody_knows_is_named(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    remote = Remote("https://data.example/file", "thing.bin", len(CONTENT), SHA256)

    assert "data.example is not found (DNS): no connection to the internet?" in why_not(remote, tmp_path, attempts=1)


@pytest.mark.parametrize("answer", ["page", 511])
def test_a_network_that_wants_one_to_log_in_is_named_and_its_page_is_not_kept(remote, server, tmp_path, answer):
    server.answers = [answer, answer]
    said = why_not(remote, tmp_path)

    assert "a web page in place of the file" in said
    assert "log in" in said
    assert len(server.asked) == 1
    assert not list(tmp_path.glob(".*.part"))


def test_a_beginning_is_kept_where_a_web_page_comes_in_between(remote, server, tmp_path):
    server.answers = ["cut", "page"]
    why_not(remote, tmp_path)

    assert quickly(remote, tmp_path).read_bytes() == CONTENT
    assert server.asked[-1] == f"bytes={HALF}-"


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes a certificate with openssl")
def test_one_who_reads_along_is_named_with_what_to_set(server, tmp_path):
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "own.pem", *name]
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "key.pem")
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    remote = Remote(f"https://localhost:{server.http.server_port}/file", "thing.bin", len(CONTENT), SHA256)
    said = why_not(remote, tmp_path)

    assert "the certificate is not accepted (self" in said
    assert "REQUESTS_CA_BUNDLE" in said


def test_another_content_than_expected_is_refused_and_not_kept(remote, server, tmp_path):
    server.content = CONTENT[:-1] + b"!"

    with pytest.raises(DamagedDataError, match="another file than expected"):
        quickly(remote, tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".lock"]


def test_more_than_expected_is_not_read_to_its_end(remote, server, tmp_path):
    server.content = CONTENT * 10

    with pytest.raises(DamagedDataError, match="more than the 1,048,576 bytes"):
        quickly(remote, tmp_path)
    assert not (tmp_path / "thing.bin").exists()


def test_a_disk_without_room_is_noticed_before_the_download(remote, server, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))

    with pytest.raises(OSError, match="no room left on the disk") as caught:
        quickly(remote, tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert server.asked == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_disk_that_fills_during_the_download_is_named(remote, tmp_path):
    (tmp_path / ".thing.bin.part").symlink_to("/dev/full")

    with pytest.raises(OSError, match="no room left on the disk") as caught:
        quickly(remote, tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert not (tmp_path / "thing.bin").exists()


def test_a_folder_that_may_not_be_written_to_is_named_with_a_remedy(tmp_path):
    refusal = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "x" / "file"))

    with (
        pytest.raises(PermissionError, match=r"cannot be written to: set VISTEXT_CACHE"),
        download.writing(tmp_path / "x"),
    ):
        raise refusal


def test_a_refusal_elsewhere_is_not_blamed_on_the_folder(tmp_path):
    refusal = PermissionError(errno.EACCES, "Permission denied", "/elsewhere/archive.zip")

    with pytest.raises(PermissionError, match="elsewhere"), download.writing(tmp_path):
        raise refusal


def test_two_processes_at_once_fetch_once(remote, server, tmp_path):
    code = (
        "import sys; from pathlib import Path; from vistext.data.download import Remote, download\n"
        "url, size, digest, folder = sys.argv[1:]\n"
        "print(download(Remote(url, 'thing.bin', int(size), digest), Path(folder), pause=0.01))"
    )
    server.answers = ["cut"]
    both = [in_another_process(code, remote.url, remote.size, remote.sha256, tmp_path) for _ in range(2)]
    said = [process.communicate(timeout=20)[0].strip() for process in both]

    assert said == [str(tmp_path / "thing.bin")] * 2
    assert len(server.asked) == 2  # one that was cut, and its continuation


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


def test_a_folder_appears_whole(tmp_path):
    with download.whole_or_nothing(tmp_path / "made") as making:
        (making / "a").write_text("1")
        assert not (tmp_path / "made").exists()

    assert (tmp_path / "made" / "a").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


@pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt])
def test_an_interrupted_folder_does_not_appear(tmp_path, interruption):
    def make():
        with download.whole_or_nothing(tmp_path / "made") as making:
            (making / "a").write_text("1")
            raise interruption

    with pytest.raises(interruption):
        make()
    assert not list(tmp_path.iterdir())


def test_what_a_dead_process_left_half_made_is_removed(tmp_path):
    (tmp_path / ".made.making").mkdir()
    (tmp_path / ".made.making" / "half").write_text("")

    with download.whole_or_nothing(tmp_path / "made") as making:
        (making / "a").write_text("1")

    assert [path.name for path in (tmp_path / "made").iterdir()] == ["a"]
