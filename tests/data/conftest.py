"""Every test here starts on a machine that has no data, no cache, and a network that is only what the test serves."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cifar10_copies import Small, as_tar, as_zip, picture_files, python_2_files

from vistext.data import cifar10, download


@pytest.fixture(autouse=True)
def _bare_machine(tmp_path, monkeypatch):
    monkeypatch.delenv("VISTEXT_DATA", raising=False)
    monkeypatch.delenv("VISTEXT_OFFLINE", raising=False)
    monkeypatch.setenv("VISTEXT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(download, "checkout", lambda: None)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Server:
    """A file server on this machine that misbehaves as it is told to.

    Attributes:
        content: what it serves.
        answers: for each request to come, one of "whole", "cut" (closes the connection half-way), "stall" (stops
            half-way and says nothing), "page" (a web page instead, as networks give that one has to log in to), or a
            status code; afterwards "whole".
        requests: how many it has had.
        tunnels: what it was asked to connect to, as a proxy; it answers with the next status code.
    """

    def __init__(self):
        self.content, self.answers, self.requests, self.tunnels = b"", [], 0, []
        self.stop_stalling = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self)

            def do_CONNECT(self):
                server.tunnels.append(self.path)
                self.send_error(server.answers.pop(0))

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/file"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answer(self, request):
        self.requests += 1
        answer = self.answers.pop(0) if self.answers else "whole"
        if isinstance(answer, int):
            request.send_error(answer)
            return
        body = b"<!doctype html><title>Log in</title>" if answer == "page" else self.content
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: len(body) // 2] if answer in ("cut", "stall") else body)
        if answer == "stall":
            request.wfile.flush()
            self.stop_stalling.wait(10)

    def close(self):
        self.stop_stalling.set()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server():
    running = Server()
    yield running
    running.close()


@pytest.fixture
def offer(server, tmp_path, monkeypatch):
    """Call it with a `Small`, and the server has that in place of the official archive."""

    def put(small):
        server.content = as_tar(tmp_path / "original.tar.gz", python_2_files(small)).read_bytes()
        digest = hashlib.sha256(server.content).hexdigest()
        official = download.Remote(server.url, "cifar-10-python.tar.gz", len(server.content), digest)
        monkeypatch.setattr(cifar10, "OFFICIAL", official)
        monkeypatch.setattr(download.time, "sleep", lambda _: None)

    return put


@pytest.fixture
def small():
    return Small()


@pytest.fixture
def archive(tmp_path, small):
    return as_zip(tmp_path / "cifar10.zip", picture_files(small))
