"""Queries: what is asked, and the ways in which its rows are taken."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ._account import Accounted, Losses
from ._errors import TracewireError
from ._follow import Following
from ._parameters import Duration
from ._stream import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._place import Place
    from ._widget import LiveView

#: How long a run whose columns were asked for waits until its rows are.
ASIDE_SECONDS = 5.0
#: More rows are all of them.
MAX_LIMIT = (1 << 53) - 1


@dataclass(frozen=True)
class Query:
    """A query that has not run yet. Each way of taking its rows runs it anew.

    It has Arrow's C stream interface, so that `pyarrow.table(query)`, `polars.DataFrame(query)`,
    `pandas.DataFrame.from_arrow(query)` and DuckDB's `from query` take it as it stands.

    >>> import tracewire as tw
    >>> with tw.open(demo_trace) as trace:
    ...     query = trace.query(where='ret < 0', select=["timestamp", "event", "ret"])
    ...     table = query.table(rows=50)
    >>> table.num_rows, table.column_names
    (50, ['timestamp', 'event', 'ret'])
    """

    place: Place = field(repr=False)
    parameters: dict[str, Any]
    #: Seconds in which the server must send something; it reports once a second even if there are no rows.
    timeout: float = 60.0
    _runs: _Runs = field(default_factory=lambda: _Runs(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.timeout > 0:
            raise ValueError(f"timeout: expected seconds above 0, got {self.timeout}")

    def batches(self) -> Stream:
        """Runs it: an iterator of `pyarrow.RecordBatch`, at best in a `with`, which ends the query."""
        return self._run(self.parameters)

    def follow(self) -> Following:
        """Runs it in an event loop: `async for batch in query.follow()`."""
        return Following(self.place, self.parameters, self.timeout)

    def table(self, *, rows: int | None = None, seconds: float | None = None) -> pa.Table:
        """The rows as a `pyarrow.Table`: all of them, so many, or those of so many seconds.

        A query on live sessions ends when they end: it needs `rows` or `seconds`.
        """
        parameters = dict(self.parameters)
        if seconds is not None:
            parameters["duration"] = f"{round(seconds * 1000)}ms"
        if rows is not None and (not hasattr(rows, "__index__") or rows < 0):
            raise ValueError(f"rows: expected a whole number from 0, got {rows!r}")
        left = None if rows is None else min(rows, MAX_LIMIT)
        if left is not None and "q" not in parameters:
            parameters["limit"] = min(left, parameters.get("limit", left))
        taken: list[pa.RecordBatch] = []
        with self._run(parameters) as stream:
            for batch in stream:
                taken.append(batch if left is None else batch.slice(0, left))
                if left is not None:
                    left -= taken[-1].num_rows
                    if left <= 0 and "q" in parameters:
                        break
            else:
                check_whole(stream)
            return pa.Table.from_batches(taken, stream.schema)

    def to_polars(self, *, lazy: bool = False) -> Any:
        """The rows as a `polars.DataFrame`; lazily, a `polars.LazyFrame` that asks for the columns and rows it needs."""
        import polars

        return self._scan(polars) if lazy else polars.DataFrame(self)

    def to_pandas(self) -> Any:
        """The rows as a `pandas.DataFrame`, with times in nanoseconds, and integers that stay integers beside absent values."""
        from ._pandas import pandas_frame

        return pandas_frame(self.table())

    def live(self, keep: Duration = "5m", **options: Any) -> LiveView:
        """A widget for notebooks that shows the rows as they come and keeps those of the last `keep`."""
        from ._widget import LiveView

        return LiveView(self, keep=keep, **options)

    def where(self, condition: str) -> Query:
        """The same, and a condition more."""
        before = self.parameters.get("where")
        both = condition if before is None else f"({before}) && ({condition})"
        return self._with(where=both)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies, and queries of other processes, have runs of their own."""
        return Query, (self.place, self.parameters, self.timeout)

    def cancel(self) -> None:
        """Ends the runs of this query, from any thread. A table that is being taken is an error then, `CANCELLED`."""
        self._runs.cancel()

    @property
    def losses(self) -> Losses:
        """What the rows of the last run lack."""
        return self._runs.last.losses if self._runs.last is not None else Losses()

    @property
    def loss_events(self) -> list[dict[str, Any]]:
        """The losses of the last run one by one, with their times where those are known."""
        return self._runs.last.loss_events if self._runs.last is not None else []

    @property
    def dropped(self) -> int:
        """Rows that the last run was too slow for; only with `overflow="drop"` or beside other live queries."""
        return self._runs.last.dropped if self._runs.last is not None else 0

    @property
    def watermark(self) -> int | None:
        """Nanoseconds since the epoch before which the last run brings nothing more."""
        return self._runs.last.watermark if self._runs.last is not None else None

    @property
    def notes(self) -> list[str]:
        """What the server had to say about the last run."""
        return self._runs.last.notes if self._runs.last is not None else []

    @property
    def schema(self) -> pa.Schema:
        """The columns, as pyarrow describes them. Live, it waits for the first event that has them."""
        if self._runs.schema is None:
            stream = self._run(self.parameters)
            try:
                self._runs.schema = stream.schema
            except BaseException:
                stream.close()
                raise
            # DuckDB asks for the columns first: its rows are then those of this run, from the first on.
            self._runs.put_aside(stream)
        return self._runs.schema

    def reader(self) -> pa.RecordBatchReader:
        """Runs it as a `pyarrow.RecordBatchReader`."""
        stream = self.batches()
        try:
            return pa.RecordBatchReader.from_batches(stream.schema, _closing(stream))
        except BaseException:
            stream.close()
            raise

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.reader().__arrow_c_stream__(requested_schema)

    def _run(self, parameters: dict[str, Any]) -> Stream:
        waiting = self._runs.take_aside() if parameters is self.parameters else None
        stream = waiting if waiting is not None else Stream(self.place, parameters, self.timeout)
        self._runs.add(stream)
        return stream

    def _with(self, **parameters: Any) -> Query:
        return replace(self, parameters={**self.parameters, **parameters}, _runs=_Runs())

    def _scan(self, polars: Any) -> Any:
        from polars.io.plugins import register_io_source

        def source(columns: list[str] | None, predicate: Any, rows: int | None, batch_size: int | None) -> Iterator[Any]:
            narrowed = self
            if columns is not None and "q" not in self.parameters and names is not None:
                narrowed = self._with(select=[names[column] for column in columns])
                # The run that showed the columns has others.
                self._runs.close_aside()
            left = rows
            with narrowed.batches() as stream:
                for batch in stream:
                    frame = polars.from_arrow(batch)
                    if columns is not None:
                        frame = frame.select(columns)
                    if predicate is not None:
                        frame = frame.filter(predicate)
                    if left is not None:
                        frame = frame.head(left)
                        left -= frame.height
                    yield frame
                    if left is not None and left <= 0:
                        return
                check_whole(stream)

        schema = self.schema
        selected = self.parameters.get("select")
        # A selection stands for its columns one by one; without one, names are what is selected.
        if selected is None:
            names: dict[str, str] | None = {name: name for name in schema.names}
        else:
            names = dict(zip(schema.names, selected)) if len(selected) == len(schema.names) else None
        empty = polars.from_arrow(schema.empty_table())
        return register_io_source(source, schema=empty.schema)


class _Runs:
    """The runs of a query: those that go on, the last one, and one that has only shown its columns so far."""

    def __init__(self) -> None:
        self.last: Accounted | None = None
        self.schema: pa.Schema | None = None
        # Whoever lets go of a run ends it: a query holds none but the one aside.
        self._going: weakref.WeakSet[Stream] = weakref.WeakSet()
        self._aside: Stream | None = None
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def add(self, stream: Stream) -> None:
        with self._lock:
            self._going.add(stream)
            self.last = stream.alone

    def put_aside(self, stream: Stream) -> None:
        """It ends if its rows are not asked for soon."""
        with self._lock:
            before, self._aside = self._aside, stream
            self._timer = threading.Timer(ASIDE_SECONDS, self._drop, [stream])
            self._timer.daemon = True
            self._timer.start()
        if before is not None:
            before.close()

    def take_aside(self) -> Stream | None:
        with self._lock:
            stream, self._aside = self._aside, None
            if self._timer is not None:
                self._timer.cancel()
            return stream

    def close_aside(self) -> None:
        stream = self.take_aside()
        if stream is not None:
            stream.close()

    def cancel(self) -> None:
        self.close_aside()
        with self._lock:
            going = list(self._going)
            self._going.clear()
        for stream in going:
            stream.close()

    def _drop(self, stream: Stream) -> None:
        with self._lock:
            if self._aside is not stream:
                return
            self._aside = None
        stream.close()


def _closing(stream: Stream) -> Iterator[pa.RecordBatch]:
    with stream:
        yield from stream
        check_whole(stream)


def check_whole(stream: Stream) -> None:
    """:raises TracewireError: `CANCELLED`, where a stream was closed before its end: what came would look like all of it"""
    if not stream.is_complete:
        raise TracewireError("the query was cancelled before the end of its result", code="CANCELLED")
