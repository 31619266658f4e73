"""One run of a query: batches as they come, over a WebSocket, with credit and resumption."""

from __future__ import annotations

import json
import os
import random
import socket
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from . import _frames as frames
from ._account import CREDIT, Account, Accounted
from ._errors import ConnectionLost, NoServer, QueryTimeout, TracewireError, error_from_body

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from ._place import Place

#: How long a server keeps a query for a client that comes back.
RESUME_SECONDS = 60.0
#: Sent instead of a credit to a server that would keep the query: it ends the query.
CANCEL = b'{"cancel": true}'


class Stream(Accounted):
    """The record batches of a running query: an iterator and a context manager.

    Leaving it, by whatever way, ends the query on the server, and so does letting go of it.
    """

    def __init__(self, place: Place, parameters: dict[str, Any], timeout: float) -> None:
        super().__init__(Account(text=parameters.get("q") or parameters.get("where")))
        self._place = place
        self._timeout = timeout
        self._ready: deque[pa.RecordBatch] = deque()
        self._socket: _Socket | None = None
        self._is_closed = False
        self._owed = 0
        self._connect({**parameters, "credit": CREDIT})

    @property
    def schema(self) -> pa.Schema:
        """The columns. Waits for them, live until the first event that has them."""
        while self._account.schema is None:
            if not self._read():
                return pa.schema([])
        return self._account.schema

    @property
    def is_closed(self) -> bool:
        return self._socket is None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        if self._owed > 0:
            self._grant()
        while not self._ready:
            if not self._read():
                self.close()
                raise StopIteration
        self._owed += 1
        return self._ready.popleft()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_socket", None) is not None:
            self.close()

    def confirm(self) -> None:
        """Waits until the server says that the query runs.

        :raises TracewireError: it does not
        """
        self._read()

    def close(self) -> None:
        """Ends the query. May be called from another thread."""
        self._is_closed = True
        channel, self._socket = self._socket, None
        if channel is not None:
            channel.close(None if self._account.name is None or self._account.is_complete else CANCEL)

    def _connect(self, first: dict[str, Any]) -> None:
        try:
            channel = _Socket(self._place, self._timeout)
            self._socket = channel
            channel.send(json.dumps(first).encode())
        except TimeoutError as late:
            raise self._late() from late

    def _late(self) -> QueryTimeout:
        return QueryTimeout(f"{self._place.url}: expected something within {self._timeout} s, got nothing")

    def _grant(self) -> None:
        """The batches that were taken may be followed by as many."""
        credit: dict[str, Any] = {"credit": self._owed}
        if self._account.name is not None:
            credit["seq"] = self._account.seq
        self._owed = 0
        try:
            if self._socket is not None:
                self._socket.send(json.dumps(credit).encode())
        except OSError:
            # Reading finds out, and what has come is read first.
            pass

    def _read(self) -> bool:
        """Takes one frame; false at the end."""
        channel = self._socket
        if channel is None or self._account.is_complete:
            return False
        try:
            opcode, payload = channel.receive()
            if opcode == frames.TEXT:
                self._account.on_text(payload)
            else:
                self._ready.extend(self._account.on_binary(payload))
        except TimeoutError as late:
            self.close()
            raise self._late() from late
        except OSError as lost:
            if self._is_closed:
                return False
            self._resume(lost)
        except BaseException as failed:
            if self._is_closed and isinstance(failed, TracewireError):
                # Another thread has ended it, and this is the server's answer to that.
                return False
            self.close()
            raise
        return True

    def _resume(self, lost: OSError) -> None:
        account = self._account
        name = account.name
        shown = lost.message if isinstance(lost, TracewireError) else lost
        if self._socket is not None:
            self._socket.close()
        until = time.monotonic() + RESUME_SECONDS
        pause = 0.1
        while name is not None and not self._is_closed and time.monotonic() < until:
            try:
                return self._connect({"resume": name, "seq": account.seq, "credit": CREDIT - len(self._ready)})
            except OSError:
                time.sleep(pause * random.uniform(0.5, 1.5))
                pause = min(pause * 2, 5.0)
        self.close()
        raise ConnectionLost(f"{self._place.url}: the connection broke before the end of the result: {shown}") from lost


class _Socket:
    """A WebSocket over a blocking socket."""

    def __init__(self, place: Place, timeout: float) -> None:
        self._socket = _dialled(place, timeout)
        self._dialled_by = os.getpid()
        try:
            self._open(place)
        except BaseException:
            self._socket.close()
            raise

    def _open(self, place: Place) -> None:
        key = frames.new_key()
        self._socket.sendall(frames.handshake(place.parts, "/v1/query", key, place.token))
        head = bytearray()
        while not head.endswith(b"\r\n\r\n"):
            # One by one: what follows are frames.
            byte = self._socket.recv(1)
            if not byte or len(head) > frames.MAX_HEAD_BYTES:
                raise ConnectionLost(f"{place.url}: expected an HTTP answer, got {bytes(head[:60])!r}")
            head += byte
        status = frames.status_of(bytes(head))
        if status != 101:
            raise error_from_body(bytes(self._exactly(frames.content_length(bytes(head)))), status)
        frames.check_accept(bytes(head), key)

    def send(self, text: bytes) -> None:
        self._socket.sendall(frames.client_frame(frames.TEXT, text))

    def receive(self) -> tuple[int, memoryview]:
        """The next text or binary message; other frames are answered.

        :raises ConnectionLost: the connection ended
        """
        parts: list[memoryview] = []
        first = frames.CONTINUATION
        while True:
            head = frames.frame_head(self._exactly(2))
            length = head.length
            if head.length_bytes:
                length = int.from_bytes(self._exactly(head.length_bytes), "big")
            payload = self._exactly(frames.checked_length(length + sum(map(len, parts))) - sum(map(len, parts)))
            if head.opcode == frames.PING:
                self._socket.sendall(frames.client_frame(frames.PONG, bytes(payload)))
            elif head.opcode == frames.CLOSE:
                code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
                raise ConnectionLost(f"the server closed the connection with {code} {bytes(payload[2:]).decode(errors='replace')}")
            elif head.opcode != frames.PONG:
                first = head.opcode or first
                if head.is_final and not parts:
                    return first, payload
                parts.append(payload)
                if head.is_final:
                    return first, memoryview(b"".join(parts))

    def close(self, last: bytes | None = None) -> None:
        try:
            if last is not None and self._is_own:
                self._socket.settimeout(1.0)
                self.send(last)
            if self._is_own:
                self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    @property
    def _is_own(self) -> bool:
        """Not one of a process of which this one is a fork, and which goes on reading."""
        return self._dialled_by == os.getpid()

    def _exactly(self, length: int) -> memoryview:
        view = memoryview(bytearray(length))
        filled = 0
        while filled < length:
            got = self._socket.recv_into(view[filled:])
            if got == 0:
                raise ConnectionLost("the connection ended")
            filled += got
        return view


def _dialled(place: Place, timeout: float) -> socket.socket:
    try:
        return place.dial(timeout)
    except OSError as lost:
        raise NoServer(f"{place.url}: {lost}") from lost
