"""A hub on this machine: the two parts of its HTTP interface that its client asks."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Hub:
    """Serves commits of one repository from folders; can refuse, and can break off.

    Attributes:
        commits: Folder of each commit.
        main: The commit that `main` is.
        refusal: HTTP status and the hub's error code for every request, if any.
        breaks: File names whose next download ends after so many bytes.
        asked: (method, path, range) of each request.
    """

    def __init__(self, repo: str, commits: dict[str, Path], main: str) -> None:
        self.repo, self.commits, self.main = repo, commits, main
        self.refusal: tuple[int, str] | None = None
        self.breaks: dict[str, int] = {}
        self.asked: list[tuple[str, str, str]] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                hub.answer(self)

            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def downloads(self) -> list[str]:
        """Return the files whose bytes were asked for, in order."""
        return [
            p.split("/", 5)[5]
            for m, p, _ in self.asked
            if m == "GET" and "/resolve/" in p
        ]

    def answer(self, to: BaseHTTPRequestHandler) -> None:
        path, wants = to.path.partition("?")[0], to.headers.get("Range", "")
        self.asked.append((to.command, path, wants))
        parts = path.strip("/").split("/")
        if self.refusal is not None:
            return _send(to, self.refusal[0], {"X-Error-Code": self.refusal[1]}, b"")
        if parts[0] == "api" and "/".join(parts[2:4]) == self.repo:
            return self._facts(to, parts[5] if len(parts) > 5 else "main")
        if "/".join(parts[:2]) == self.repo and parts[2] == "resolve":
            return self._file(to, parts[3], "/".join(parts[4:]), wants)
        return _send(to, 404, {"X-Error-Code": "RepoNotFound"}, b"")

    def _facts(self, to: BaseHTTPRequestHandler, revision: str) -> None:
        commit = self.main if revision == "main" else revision
        folder = self.commits.get(commit)
        if folder is None:
            return _send(to, 404, {"X-Error-Code": "RevisionNotFound"}, b"")
        files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
        facts = {
            "id": self.repo,
            "sha": commit,
            "siblings": [
                {"rfilename": str(p.relative_to(folder)), "size": p.stat().st_size}
                for p in files
            ],
        }
        return _send(to, 200, {}, json.dumps(facts).encode())

    def _file(
        self, to: BaseHTTPRequestHandler, commit: str, name: str, wants: str
    ) -> None:
        content = (self.commits[commit] / name).read_bytes()
        headers = {
            "X-Repo-Commit": commit,
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
        }
        if not wants:
            end = self.breaks.pop(name, None) if to.command == "GET" else None
            return _send(to, 200, headers, content, end)
        start = int(wants.removeprefix("bytes=").partition("-")[0])
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return _send(to, 206, headers, content[start:])


def _send(
    to: BaseHTTPRequestHandler,
    status: int,
    headers: dict[str, str],
    content: bytes,
    end: int | None = None,
) -> None:
    to.send_response(status)
    for name, value in headers.items():
        to.send_header(name, value)
    to.send_header("Content-Length", str(len(content)))
    to.end_headers()
    if to.command != "HEAD":
        to.wfile.write(content[:end])
    if end is not None:
        to.close_connection = True
