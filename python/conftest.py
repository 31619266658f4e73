"""Traces and servers for the tests: the real program over the project's demo trace, recorded and live."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import tracewire as tw
from tracewire._local import find_node

PROJECT = Path(__file__).parents[1]
MAIN = PROJECT / "build/bin/main.js"
COLUMNS = ["timestamp", "event", "cpu_id", "tid", "ret"]
UNPACK = 'import(process.argv[1]).then(async ({ unpackTrace }) => console.log((await unpackTrace(process.argv[2])).path))'


def unpacked(name: str) -> str:
    module = (PROJECT / "build/src/replay/unpack.js").as_uri()
    command = [find_node(), "-e", UNPACK, module, str(PROJECT / name)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="session")
def small() -> Iterator[str]:
    path = unpacked("demo/small")
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def lossy() -> Iterator[str]:
    path = unpacked("test/data/traces/lossy")
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def recorded(small: str) -> Iterator[tw.Connection]:
    with tw.open(small, program=MAIN) as connection:
        yield connection


class Replay:
    """`tracewire replay`: a relay daemon over a recorded trace."""

    def __init__(self, trace: str, *options: str, port: int = 0) -> None:
        command = [find_node(), str(MAIN), "replay", trace, "--listen", f"127.0.0.1:{port}", *options]
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        if not self.url.startswith("net://"):
            self.close()
            raise AssertionError(f"replay: expected a URL, got {self.url!r}")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()


class Session:
    """A live session that begins when a query waits for it, so that the query gets it from its first event."""

    def __init__(self, trace: str, *options: str) -> None:
        self.trace = trace
        self.options = options
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        url = f"net://127.0.0.1:{self.port}/host/*/*"
        self.connection = tw.open(url, program=MAIN, options=("--wait", "--from", "beginning", "--retain", "16MiB"))
        self.replay: Replay | None = None

    def begin(self, after: float = 0.0) -> None:
        threading.Timer(after, self._begin).start() if after > 0 else self._begin()

    def _begin(self) -> None:
        self.replay = Replay(self.trace, *self.options, port=self.port)

    def close(self) -> None:
        self.connection.close()
        if self.replay is not None:
            self.replay.close()


@pytest.fixture()
def session(small: str) -> Iterator[Session]:
    """The demo trace as a session that is written at once."""
    live = Session(small, "--speed", "max")
    yield live
    live.close()


@pytest.fixture(autouse=True)
def _doctest_trace(doctest_namespace: dict[str, object], request: pytest.FixtureRequest) -> None:
    if request.node.__class__.__name__ == "DoctestItem" and "demo_trace" not in doctest_namespace:
        doctest_namespace["demo_trace"] = request.getfixturevalue("small")


def tail(source: str, *options: str) -> str:
    """What the command line prints."""
    command = [find_node(), str(MAIN), "tail", source, *options]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout


def metrics(connection: tw.Connection) -> dict[str, float]:
    """What a server says of itself, without labels."""
    address = urllib.request.Request(f"{connection.url}/metrics")
    address.add_header("Authorization", f"Bearer {connection.place.token}")
    with urllib.request.urlopen(address, timeout=10) as answer:
        lines = [line.split() for line in answer.read().decode().splitlines() if line.startswith("tracewire_")]
    return {name: float(value) for name, value in lines if "{" not in name}
