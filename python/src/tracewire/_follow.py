"""A query's batches in an event loop: the same frames over asyncio."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from . import _frames as frames
from ._account import CREDIT, Account, Accounted
from ._errors import ConnectionLost, NoServer, QueryTimeout, TracewireError, error_from_body
from ._place import CONNECT_SECONDS
from ._stream import CANCEL, RESUME_SECONDS

if TYPE_CHECKING:
    from types import TracebackType

    import pyarrow as pa

    from ._place import Place


class Following(Accounted):
    """Record batches as they come: an asynchronous iterator and context manager.

    Leaving it ends the query on the server; so does cancelling the task that waits for it.
    """

    def __init__(self, place: Place, parameters: dict[str, Any], timeout: float) -> None:
        super().__init__(Account(text=parameters.get("q") or parameters.get("where")))
        self._place = place
        self._parameters = parameters
        self._timeout = timeout
        self._ready: deque[pa.RecordBatch] = deque()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._is_closed = False
        self._owed = 0

    def __aiter__(self) -> Following:
        return self

    async def __anext__(self) -> pa.RecordBatch:
        try:
            if self._writer is None and not self._is_closed:
                await self._connect({**self._parameters, "credit": CREDIT})
            self._grant()
            while not self._ready:
                if self._is_closed or self._account.is_complete:
                    self.close()
                    raise StopAsyncIteration
                await self._read()
        except (asyncio.CancelledError, TracewireError):
            self.close()
            raise
        self._owed += 1
        return self._ready.popleft()

    async def __aenter__(self) -> Following:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the query."""
        self._is_closed = True
        writer, self._writer = self._writer, None
        if writer is None:
            return
        if self._account.name is not None and not self._account.is_complete:
            writer.write(frames.client_frame(frames.TEXT, CANCEL))
        writer.close()

    async def _connect(self, first: dict[str, Any]) -> None:
        self._place.check_open()
        context = self._place.tls_context
        host, port = self._place.address
        opening = asyncio.open_connection(host, port, ssl=context, limit=4 << 20)
        try:
            reader, writer = await asyncio.wait_for(opening, CONNECT_SECONDS)
        except asyncio.TimeoutError as late:
            raise NoServer(f"{self._place.url}: expected a connection within {CONNECT_SECONDS} s") from late
        except OSError as lost:
            raise NoServer(f"{self._place.url}: {lost}") from lost
        self._reader, self._writer = reader, writer
        try:
            await self._shake_hands(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as lost:
            raise ConnectionLost(f"{self._place.url}: expected an HTTP answer, got {lost}") from lost
        self._say(first)

    async def _shake_hands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key = frames.new_key()
        writer.write(frames.handshake(self._place.parts, "/v1/query", key, self._place.token))
        head = await self._within(reader.readuntil(b"\r\n\r\n"))
        status = frames.status_of(head)
        if status != 101:
            body = await self._within(reader.readexactly(frames.content_length(head)))
            raise error_from_body(body, status)
        frames.check_accept(head, key)

    def _say(self, message: dict[str, Any]) -> None:
        if self._writer is not None:
            self._writer.write(frames.client_frame(frames.TEXT, json.dumps(message).encode()))

    def _grant(self) -> None:
        if self._owed == 0:
            return
        name = self._account.name
        self._say({"credit": self._owed} if name is None else {"credit": self._owed, "seq": self._account.seq})
        self._owed = 0

    async def _read(self) -> None:
        try:
            opcode, payload = await self._message()
        except QueryTimeout:
            raise
        except (OSError, asyncio.IncompleteReadError) as lost:
            await self._resume(lost)
            return
        if opcode == frames.TEXT:
            self._account.on_text(payload)
        else:
            self._ready.extend(self._account.on_binary(memoryview(payload)))

    async def _message(self) -> tuple[int, bytes]:
        parts: list[bytes] = []
        first = frames.CONTINUATION
        while True:
            head = frames.frame_head(await self._exactly(2))
            length = head.length
            if head.length_bytes:
                length = int.from_bytes(await self._exactly(head.length_bytes), "big")
            frames.checked_length(length + sum(map(len, parts)))
            payload = await self._exactly(length)
            if head.opcode == frames.PING and self._writer is not None:
                self._writer.write(frames.client_frame(frames.PONG, payload))
            elif head.opcode == frames.CLOSE:
                raise ConnectionLost(f"the server closed the connection: {payload[2:].decode(errors='replace')}")
            elif head.opcode not in (frames.PING, frames.PONG):
                first = head.opcode or first
                parts.append(payload)
                if head.is_final:
                    return first, parts[0] if len(parts) == 1 else b"".join(parts)

    async def _resume(self, lost: Exception) -> None:
        account = self._account
        shown = lost.message if isinstance(lost, TracewireError) else lost
        if self._writer is not None:
            self._writer.close()
        until = time.monotonic() + RESUME_SECONDS
        pause = 0.1
        while account.name is not None and not self._is_closed and time.monotonic() < until:
            try:
                return await self._connect({"resume": account.name, "seq": account.seq, "credit": CREDIT})
            except OSError:
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
                pause = min(pause * 2, 5.0)
        if self._is_closed:
            return
        raise ConnectionLost(f"{self._place.url}: the connection broke before the end of the result: {shown}") from lost

    async def _exactly(self, length: int) -> bytes:
        if self._reader is None:
            raise ConnectionLost("the connection ended")
        return await self._within(self._reader.readexactly(length))

    async def _within(self, waiting: Any) -> bytes:
        try:
            result: bytes = await asyncio.wait_for(waiting, self._timeout)
            return result
        except asyncio.TimeoutError as late:
            message = f"{self._place.url}: expected something within {self._timeout} s, got nothing"
            raise QueryTimeout(message) from late
