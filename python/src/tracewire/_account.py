"""What a running query has brought: batches, and what is missing among them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from ._errors import TracewireError, error_from_report

#: Batches that may be on their way: some for the network, few enough to stop soon.
CREDIT = 8
MAX_KEPT_NOTES = 1000
MAX_KEPT_LOSSES = 10_000


@dataclass(frozen=True)
class Losses:
    """What a query's rows lack, as counts since the query began. False when nothing is missing.

    >>> bool(Losses()), bool(Losses(events=3))
    (False, True)
    """

    #: Events that tracers discarded.
    events: int = 0
    #: Packets that are missing or cannot be decoded.
    packets: int = 0
    #: Places where an unknown amount is missing.
    gaps: int = 0
    #: Times that a session was cleared.
    clears: int = 0
    #: Connections that were lost and re-established.
    reconnects: int = 0
    #: Rows that came after later ones had left; they are there.
    late: int = 0
    #: Rows that a condition on containers left out because their container had no name.
    unnamed_rows: int = 0

    def __bool__(self) -> bool:
        return any((self.events, self.packets, self.gaps, self.clears, self.unnamed_rows))


@dataclass
class Account:
    """State of one run. Fed with frames; knows nothing of sockets."""

    text: str | None = None
    schema: pa.Schema | None = None
    #: The name under which the server keeps the query for a client that comes back.
    name: str | None = None
    seq: int = -1
    rows: int = 0
    watermark: int | None = None
    dropped: int = 0
    losses: Losses = field(default_factory=Losses)
    #: Each loss as the server describes it, with its time where that is known.
    loss_events: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_complete: bool = False
    _head: bytes = b""

    def on_text(self, payload: bytes | memoryview) -> None:
        """:raises TracewireError: the query failed"""
        frame = json.loads(bytes(payload))
        kind = frame.get("type")
        if kind in ("status", "end"):
            self._on_totals(frame)
            self.name = frame.get("query", self.name)
            self.is_complete = kind == "end"
        elif kind == "loss":
            if len(self.loss_events) < MAX_KEPT_LOSSES:
                self.loss_events.append({key: value for key, value in frame.items() if key != "type"})
        elif kind == "note":
            if len(self.notes) < MAX_KEPT_NOTES:
                self.notes.append(str(frame.get("text", "")))
        elif kind == "error":
            raise error_from_report(frame.get("error"), self.text)

    def on_binary(self, payload: memoryview) -> list[pa.RecordBatch]:
        """The batches of a frame. `payload` is theirs afterwards."""
        buffer = pa.py_buffer(payload)
        batches: list[pa.RecordBatch] = []
        at = 0
        while at < buffer.size:
            start = at
            kind, at = _next_message(buffer, at)
            if kind == "schema":
                self._on_schema(buffer, start, at)
            elif kind == "record batch":
                batches.extend(self._on_batch(buffer, start, at))
        return batches

    def _on_schema(self, buffer: pa.Buffer, start: int, end: int) -> None:
        head = buffer.slice(start, end - start).to_pybytes()
        schema = pa.ipc.read_schema(pa.py_buffer(head))
        if self.schema is not None and not self.schema.equals(schema):
            raise _changed(self.schema, schema)
        self._head, self.schema = head, schema

    def _on_batch(self, buffer: pa.Buffer, start: int, end: int) -> list[pa.RecordBatch]:
        source = _Joined(self._head, buffer.slice(start, end - start))
        with pa.ipc.open_stream(source) as reader:
            batch, metadata = reader.read_next_batch_with_custom_metadata()
        facts = {key.decode(): value for key, value in (metadata or {}).items()}
        seq = int(facts.get("seq", self.seq + 1))
        self._on_totals(facts)
        # What a server sends again after a lost connection.
        if seq <= self.seq:
            return []
        self.seq = seq
        self.rows += batch.num_rows
        return [batch]

    def _on_totals(self, facts: dict[str, Any]) -> None:
        def count(name: str, before: int) -> int:
            return max(before, int(facts.get(name, before)))

        old = self.losses
        self.losses = Losses(
            events=count("lost_events", old.events),
            packets=count("lost_packets", old.packets),
            gaps=count("gaps", old.gaps),
            clears=count("clears", old.clears),
            reconnects=count("reconnects", old.reconnects),
            late=count("late", old.late),
            unnamed_rows=count("unnamed_rows", old.unnamed_rows),
        )
        self.dropped = count("dropped", self.dropped)
        watermark = facts.get("watermark_ns")
        if watermark is not None and watermark not in (b"", ""):
            self.watermark = int(watermark)


class Accounted:
    """What every run of a query shows of its account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    @property
    def alone(self) -> Accounted:
        """The account of this run by itself: it stays when the run ends."""
        return Accounted(self._account)

    @property
    def losses(self) -> Losses:
        return self._account.losses

    @property
    def loss_events(self) -> list[dict[str, Any]]:
        return list(self._account.loss_events)

    @property
    def dropped(self) -> int:
        """Rows that this client was too slow for."""
        return self._account.dropped

    @property
    def watermark(self) -> int | None:
        """Nanoseconds since the epoch before which nothing more comes, but for late rows."""
        return self._account.watermark

    @property
    def rows(self) -> int:
        return self._account.rows

    @property
    def notes(self) -> list[str]:
        return list(self._account.notes)

    @property
    def is_complete(self) -> bool:
        """Whether the server has said that the result is whole."""
        return self._account.is_complete



class _Joined:
    """Two buffers as one file, without a copy of the second."""

    closed = False

    def __init__(self, head: bytes, rest: pa.Buffer) -> None:
        self._parts = [memoryview(head), memoryview(rest)]

    def read(self, size: int = -1) -> memoryview:
        while self._parts and len(self._parts[0]) == 0:
            self._parts.pop(0)
        if not self._parts:
            return memoryview(b"")
        first = self._parts[0]
        # Arrow reads within messages, and a message is within a part.
        taken = first if size < 0 else first[:size]
        self._parts[0] = first[len(taken) :]
        return taken

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self._parts = []


_CONTINUATION = b"\xff\xff\xff\xff"


def _next_message(buffer: pa.Buffer, at: int) -> tuple[str, int]:
    """The kind of the message at a place (`end` for an end-of-stream marker), and where it ends."""
    view = memoryview(buffer)
    if bytes(view[at : at + 4]) != _CONTINUATION or at + 8 > buffer.size:
        raise TracewireError("Arrow: expected a message, got something else", code="BAD_ARROW")
    length = int.from_bytes(view[at + 4 : at + 8], "little")
    if length == 0:
        return "end", at + 8
    # The message is read only to learn its kind and length.
    reader = pa.BufferReader(buffer.slice(at))
    message = pa.ipc.read_message(reader)
    return message.type, at + reader.tell()


def _changed(old: pa.Schema, new: pa.Schema) -> TracewireError:
    names = [name for name in new.names if name not in old.names or old.field(name).type != new.field(name).type]
    declared = ", ".join(f"{name}:TYPE" for name in names)
    return TracewireError(
        f"columns: expected one layout, got another type of {', '.join(names)} after the first rows; "
        f"select={declared!r} declares it, or settle= waits longer for it",
        code="COLUMNS_CHANGED",
    )
