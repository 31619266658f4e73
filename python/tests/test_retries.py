"""A server that restarts costs time, not rows."""

from __future__ import annotations

import socket
import threading
import time

import tracewire as tw
from conftest import MAIN
from tracewire._parts import Question


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_waits_for_a_server_that_restarts(small: str) -> None:
    port = free_port()
    question = Question.of(f"http://127.0.0.1:{port}", token="again-and-again", select="timestamp")
    started: list[tw.Connection] = []

    def start() -> None:
        options = ("--token", "again-and-again", "--listen", f"127.0.0.1:{port}")
        started.append(tw.open(small, program=MAIN, options=options))

    thread = threading.Timer(0.5, start)
    thread.start()
    began = time.monotonic()
    rows = sum(batch.num_rows for part in question.parts() for batch in question.read(part))
    assert rows == 17_202
    assert time.monotonic() - began >= 0.5
    thread.join()
    started[0].close()
