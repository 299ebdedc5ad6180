"""A server that speaks OpenAI's protocol, in a thread of the tests."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest


class Handler(BaseHTTPRequestHandler):
    """A server that speaks OpenAI's protocol and says what the test has written."""

    asked: ClassVar[list[dict[str, Any]]] = []
    says: ClassVar[list[str | dict[str, Any]]] = []  # texts, and calls of tools
    streams: ClassVar[tuple[str, ...]] = ("It ", "is ", "round.")
    status: ClassVar[int] = 200
    holds: ClassVar[threading.Event] = threading.Event()  # set: no answer comes
    left: ClassVar[threading.Event] = threading.Event()  # the other side hung up

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self.asked.append(json.loads(self.rfile.read(size)))
        if self.holds.is_set():
            self.connection.settimeout(20)
            if not self.connection.recv(1):
                self.left.set()
            self.close_connection = True
            return
        said = self.says.pop(0) if self.says else "It is round."
        if self.asked[-1].get("stream"):
            self.write_in_pieces(*self.streams)
            return
        message: dict[str, Any] = {"role": "assistant", "content": said}
        if isinstance(said, dict):
            call = {"id": "1", "type": "function", "function": said}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice = {
            "index": 0,
            "finish_reason": "tool_calls" if isinstance(said, dict) else "stop",
            "message": message,
        }
        body = json.dumps(
            {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": "m",
                "choices": [choice],
            }
        ).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def write_in_pieces(self, *pieces: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for piece, ends in [(piece, None) for piece in pieces] + [("", "stop")]:
            delta = {"role": "assistant", "content": piece}
            choice = {"index": 0, "delta": delta, "finish_reason": ends}
            chunk = {
                "id": "x",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": "m",
                "choices": [choice],
            }
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()
            time.sleep(0.2)
        # What was counted comes last, where it is asked for, as OpenAI's servers do it.
        usage = {"prompt_tokens": 812, "completion_tokens": 95, "total_tokens": 907}
        counted = {**chunk, "choices": [], "usage": usage}
        self.wfile.write(f"data: {json.dumps(counted)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Handler.asked.clear()
    Handler.says.clear()
    Handler.status = 200
    Handler.holds.clear()
    Handler.left.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/v1"
        http.shutdown()


def says(*said: str | dict[str, Any]) -> None:
    Handler.says[:] = said


def draft(**fields: Any) -> str:
    return json.dumps(fields)
