"""Every test here starts on a machine that has no data, no cache, and a network that is only what the test serves."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cifar10_copies import Small, as_zip, picture_files

from vistext.data import download


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
        answers: for each request to come, one of "whole", "cut" (closes the connection half-way), "no ranges" (ignores
            what part was asked for), "stall" (stops half-way and says nothing), "page" (gives a web page instead, as
            networks do that one has to log in to), or a status code; afterwards "whole".
        asked: the Range header of each request so far, or None.
        tunnels: what it was asked to connect to, as a proxy; it answers with the next status code.
    """

    def __init__(self):
        self.content, self.answers, self.asked, self.tunnels = b"", [], [], []
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
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        how = self.answers.pop(0) if self.answers else "whole"
        if isinstance(how, int):
            request.send_error(how)
            return
        if how == "page":
            page = b"<!doctype html><title>Log in</title>"
            request.send_response(200)
            request.send_header("Content-Type", "text/html; charset=utf-8")
            request.send_header("Content-Length", str(len(page)))
            request.end_headers()
            request.wfile.write(page)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and how != "no ranges" else 0
        if wanted and start >= len(self.content):
            request.send_error(416)
            return
        body = self.content[start:]
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body if how in ("whole", "no ranges") else body[: len(body) // 2])
        if how == "stall":
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
def small():
    return Small()


@pytest.fixture
def archive(tmp_path, small):
    return as_zip(tmp_path / "cifar10.zip", picture_files(small))
