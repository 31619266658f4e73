"""Queries over many servers: ranges of their recorded sources, read one by one by whoever has time for one.

Knows neither Spark nor Dask. Everything here can be pickled.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from ._errors import TracewireError
from ._parameters import protocol_parameters, split_names
from ._partial import check_partial
from ._place import Place
from ._query import Query

if TYPE_CHECKING:
    from ._stream import Stream

DEFAULT_PART_BYTES = 96 << 20
MAX_ASKED_AT_ONCE = 64
#: No answer came from it.
UNREACHABLE = ("NO_SERVER", "CONNECTION_LOST", "TIMEOUT")
#: What may be over soon.
_MAY_PASS = ("CONNECTION_LOST", "NO_SERVER", "CLOSING", "TOO_MANY_QUERIES", "NO_MEMORY", "THREAD_LOST")
T = TypeVar("T")
TOKEN_VARIABLE = "TRACEWIRE_TOKEN"


@dataclass(frozen=True)
class Part:
    """A range of one server's source, `[begin_ns, end_ns)`; `None` is open. All of a server's sources if `source` is `None`."""

    url: str
    source: str | None = None
    begin_ns: int | None = None
    end_ns: int | None = None
    bytes: int = 0
    packets: int = 0


class RangeGone(TracewireError):
    """What a part had when it was planned has been deleted since."""

    def __init__(self, part: Part, packets: int) -> None:
        message = f"{part.url} {part.source}: expected {part.packets} packets from {part.begin_ns} to {part.end_ns}, got {packets}"
        super().__init__(message, code="RANGE_GONE", status=410)
        self.part = part
        #: How many packets are missing.
        self.missing = part.packets - packets


@dataclass(frozen=True)
class Question:
    """What is asked of every server."""

    urls: tuple[str, ...]
    parameters: dict[str, Any] = field(default_factory=dict)
    #: Default: `TRACEWIRE_TOKEN`, where the part is read.
    token: str | None = field(default=None, repr=False)
    timeout: float = 60.0
    part_bytes: int = DEFAULT_PART_BYTES
    #: For how many seconds a server that cannot be reached, or has no room, is asked again.
    patience: float = 30.0
    #: Whether the rows of parts of one source can be merged: events, or partial aggregates.
    is_divisible: bool = True

    @staticmethod
    def of(
        urls: str | list[str] | tuple[str, ...],
        *,
        token: str | None = None,
        timeout: float = 60.0,
        part_bytes: int = DEFAULT_PART_BYTES,
        partial: bool = False,
        **arguments: Any,
    ) -> Question:
        """`arguments` are those of `Connection.query`.

        A query with `q` is asked of each server as a whole. With `partial`, it is asked of each part: its rows are to be merged.
        """
        listed = tuple(split_names(urls) if isinstance(urls, str) else urls)
        if not listed or "" in listed:
            raise ValueError(f"urls: expected http://HOST:PORT, with commas between them, got {urls!r}")
        if arguments.get("limit") is not None:
            # Each part would have as many: which of them are the first ones, none knows.
            raise ValueError(f"limit: expected none over the parts of several sources, got {arguments['limit']}")
        q = arguments.get("q")
        if partial:
            check_partial(q)
        parameters = protocol_parameters(arguments)
        return Question(listed, parameters, token, timeout, part_bytes, is_divisible=q is None or partial)

    def query(self, part: Part) -> Query:
        parameters = dict(self.parameters)
        if part.source is not None:
            parameters["source"] = part.source
        for name, value in (("begin", part.begin_ns), ("end", part.end_ns)):
            if value is not None:
                # It was planned within the times that are asked for.
                parameters.pop(name, None)
                parameters[f"{name}_ns"] = str(value)
        if part.packets > 0:
            parameters["packets"] = part.packets
        return Query(self.place(part.url), parameters, self.timeout)

    def place(self, url: str) -> Place:
        return Place.of(url, self.token if self.token is not None else os.environ.get(TOKEN_VARIABLE))

    def parts(self, begin_ns: int | None = None, end_ns: int | None = None) -> list[Part]:
        """All parts of all servers; one without rows where there is none, since neither Spark nor Dask reads no part."""
        if not self.is_divisible:
            return [Part(url) for url in self.urls]
        planned = flat(self.of_all(lambda url: self.parts_of(url, begin_ns, end_ns)))
        return planned or [self._nothing(self.urls[0])]

    def of_all(self, ask: Callable[[str], T]) -> list[T]:
        """What each server answers, many asked at once: a thousand one after the other would take seconds."""
        with ThreadPoolExecutor(min(MAX_ASKED_AT_ONCE, len(self.urls))) as pool:
            return list(pool.map(ask, self.urls))

    def parts_of(
        self, url: str, begin_ns: int | None = None, end_ns: int | None = None, part_bytes: int | None = None
    ) -> list[Part]:
        asked = {"bytes": str(part_bytes if part_bytes is not None else self.part_bytes)}
        for name, value in (("begin", begin_ns), ("end", end_ns)):
            if value is not None:
                asked[f"{name}_ns"] = str(value)
        for name in ("source", "begin", "end"):
            if name in self.parameters and f"{name}_ns" not in asked:
                asked[name] = str(self.parameters[name])
        planned = self._patiently(lambda: self.place(url).get("/v1/plan", asked, self.timeout))["partitions"]
        return [
            Part(url, one["source"], _int(one["begin_ns"]), _int(one["end_ns"]), one["bytes"], one["packets"])
            for one in planned
        ]

    def schema(self) -> pa.Schema:
        """The columns, of the first server that answers."""
        return self.of_any(self._schema_of)

    def of_any(self, ask: Callable[[str], T]) -> T:
        """What the first server answers that can be reached."""
        for url in self.urls[:-1]:
            try:
                return ask(url)
            except (OSError, TracewireError) as lost:
                if isinstance(lost, TracewireError) and lost.code not in UNREACHABLE:
                    raise
        return ask(self.urls[-1])

    def _schema_of(self, url: str) -> pa.Schema:
        with self.query(self._nothing(url)).batches() as stream:
            return stream.schema

    def _nothing(self, url: str) -> Part:
        """A range without events: the server reads none."""
        return Part(url, begin_ns=0, end_ns=0)

    def read(self, part: Part, may_be_gone: bool = False) -> Iterator[pa.RecordBatch]:
        """The rows of a part, all of them or an error.

        :param may_be_gone: whether packets may be deleted while it is read, so that it is looked at afterwards, too
        :raises RangeGone: packets of it were deleted
        """
        try:
            opened = self._opened(part)
        except TracewireError as refused:
            if refused.code == "RANGE_GONE":
                self.check_there(part)
            raise
        with opened as stream:
            yield from stream
            if not stream.is_complete:
                raise TracewireError(f"{part.url}: expected a whole result, got a part of one", code="INCOMPLETE")
        if may_be_gone:
            self.check_there(part)

    def _opened(self, part: Part) -> Stream:
        def open_it() -> Stream:
            stream = self.query(part).batches()
            stream.confirm()
            return stream

        return self._patiently(open_it)

    def _patiently(self, ask: Callable[[], T]) -> T:
        """A server that restarts, or has no room, is asked again for a while. Only before its first row."""
        until = time.monotonic() + self.patience
        pause = 0.2
        while True:
            try:
                return ask()
            except TracewireError as refused:
                if refused.code not in _MAY_PASS or time.monotonic() > until:
                    raise
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, 5.0)

    def check_there(self, part: Part) -> None:
        """:raises RangeGone: packets of a part were deleted since it was planned"""
        asked = replace(self, parameters={"source": part.source})
        packets = sum(one.packets for one in asked.parts_of(part.url, part.begin_ns, part.end_ns, 1 << 33))
        if packets < part.packets:
            raise RangeGone(part, packets)

    def sources(self) -> list[Part]:
        """All sources of all servers, each as one part."""
        return flat(self.of_all(lambda url: self.parts_of(url, part_bytes=1 << 34)))

    def losses(self, part: Part) -> list[dict[str, Any]]:
        """What is missing in a source. Losses show between packets, so that parts would miss those at their borders."""
        counted = replace(self, parameters={"dict": "plain", "q": "|> count()"})
        with counted.query(part).batches() as stream:
            for _ in stream:
                pass
            return stream.loss_events

    def losses_between(self, part: Part) -> list[pa.RecordBatch]:
        """What tracers lost in a range of a server's sources, each loss in the range in which it ends. No event is read."""
        named = (
            ("source", part.source if part.source is not None else self.parameters.get("source")),
            ("begin_ns", part.begin_ns),
            ("end_ns", part.end_ns),
        )
        asked = {name: str(value) for name, value in named if value is not None}
        answer = self._patiently(lambda: self.place(part.url).get("/v1/losses", asked, self.timeout))
        return [loss_batch(replace(part, source=one["source"]), [one]) for one in answer["losses"]]


def flat(lists: list[list[T]]) -> list[T]:
    return [one for each in lists for one in each]


def urls_in(path: str | os.PathLike[str]) -> list[str]:
    """A file of servers, a URL on a line; `#` begins a comment."""
    lines = [line.split("#", 1)[0].strip() for line in Path(path).read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line]


LOSS_SCHEMA = pa.schema(
    [
        ("url", pa.string()),
        ("source", pa.string()),
        ("kind", pa.string()),
        ("stream", pa.string()),
        ("count", pa.int64()),
        ("begin_ns", pa.int64()),
        ("end_ns", pa.int64()),
        ("message", pa.string()),
    ]
)


def loss_batch(part: Part, losses: list[dict[str, Any]]) -> pa.RecordBatch:
    rows = [
        {
            **{name: loss.get(name) for name in ("kind", "stream", "count", "message")},
            "url": part.url,
            "source": part.source,
            "begin_ns": _int(loss.get("begin_ns")),
            "end_ns": _int(loss.get("end_ns")),
        }
        for loss in losses
    ]
    return pa.RecordBatch.from_pylist(rows, schema=LOSS_SCHEMA)


def _int(value: Any) -> int | None:
    return None if value is None else int(value)
