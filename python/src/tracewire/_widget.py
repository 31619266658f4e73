"""A widget for notebooks: the rows of a query as they come. Works wherever anywidget does."""

from __future__ import annotations

import json
import struct
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    import anywidget
    import traitlets
except ImportError as missing:  # pragma: no cover
    raise ImportError('live: expected anywidget; pip install "tracewire[notebook]"') from missing

from ._errors import TracewireError
from ._kept import KeptRows

if TYPE_CHECKING:
    import pyarrow as pa

    from ._parameters import Duration
    from ._query import Query
    from ._stream import Stream

#: How often the screen is drawn, and with how many rows.
FRAME_SECONDS = 0.25
SHOWN_ROWS = 40
DEFAULT_MAX_BYTES = 256 << 20


class LiveView(anywidget.AnyWidget):
    """Rows as they come: a chart of their rate, the newest ones, what is missing; a filter to type into, and a pause.

    `view.where = "ret < 0"` and the widget's own field change the filter, `view.paused` stops the drawing (rows
    still come), `view.table()` gives the rows that are kept, `view.stop()` ends the query.
    """

    _esm = Path(__file__).with_name("_widget.js")
    where = traitlets.Unicode("").tag(sync=True)
    paused = traitlets.Bool(False).tag(sync=True)
    #: What is wrong with the filter, or with the query.
    error = traitlets.Unicode("").tag(sync=True)
    #: Rows that came, are kept, were dropped; losses; the watermark in ns, as text.
    status = traitlets.Dict().tag(sync=True)
    has_filter = traitlets.Bool(True).tag(sync=True)

    def __init__(self, query: Query, *, keep: Duration = "5m", max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        super().__init__()
        self._query = query
        self._kept = KeptRows(_nanoseconds(keep), max_bytes)
        self._stream: Stream | None = None
        self._generation = 0
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self.has_filter = "q" not in query.parameters
        self.where = query.parameters.get("where", "")
        self.status = self._account()
        self.on_msg(self._on_message)
        self.observe(lambda _: self._restart(), "where")
        self._restart()
        threading.Thread(target=self._draw_until_over, daemon=True, name="tracewire-draw").start()

    def table(self) -> pa.Table:
        """The rows that are kept."""
        return self._kept.table()

    def stop(self) -> None:
        """Ends the query. What is kept stays."""
        self._is_over.set()
        with self._lock:
            self._generation += 1
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        self._draw()

    def close(self) -> None:
        self.stop()
        super().close()

    def _restart(self) -> None:
        """Runs the query with the filter as it is now; the run before goes on until this one stands."""
        if self._is_over.is_set():
            return
        with self._lock:
            self._generation += 1
            generation = self._generation
        threading.Thread(target=self._run, args=[generation], daemon=True, name="tracewire-read").start()

    def _run(self, generation: int) -> None:
        query = self._query if not self.has_filter else self._query._with(where=self.where)
        try:
            stream = query.batches()
            # A query that is wrong leaves the one before as it is.
            stream.confirm()
            with self._lock:
                if generation != self._generation:
                    stream.close()
                    return
                before, self._stream = self._stream, stream
            if before is not None:
                before.close()
            self._kept.clear()
            self.error = ""
            for batch in stream:
                if generation != self._generation:
                    break
                self._kept.add(batch, time.time_ns())
        except (TracewireError, OSError) as failed:
            if generation == self._generation:
                self.error = str(failed)

    def _on_message(self, _: object, content: Any, __: object) -> None:
        if isinstance(content, dict) and content.get("type") == "ready":
            self._draw()

    def _draw_until_over(self) -> None:
        drawn = (-1, "")
        while not self._is_over.wait(FRAME_SECONDS):
            state = (self._kept.total, self.error)
            if not self.paused and (state != drawn or self._stream is not None):
                drawn = state
                self._draw()

    def _draw(self) -> None:
        """One message a frame: numbers and rows as two binary buffers."""
        self.status = self._account()
        numbers = struct.pack("<dd", time.time(), float(self._kept.total))
        rows = json.dumps(self._kept.newest(SHOWN_ROWS), ensure_ascii=False).encode("utf-8", "replace")
        self.send({"type": "frame"}, buffers=[numbers, rows])

    def _account(self) -> dict[str, Any]:
        stream, kept = self._stream, self._kept
        losses = None if stream is None else stream.losses
        return {
            "rows": kept.total,
            "kept": kept.total - kept.forgotten,
            "bytes": kept.nbytes,
            "dropped": 0 if stream is None else stream.dropped,
            "lost_events": 0 if losses is None else losses.events,
            "lost_packets": 0 if losses is None else losses.packets,
            "gaps": 0 if losses is None else losses.gaps,
            "watermark_ns": None if stream is None or stream.watermark is None else str(stream.watermark),
            "live": stream is not None and not stream.is_closed,
        }


def _nanoseconds(keep: Duration) -> int:
    from datetime import timedelta

    if isinstance(keep, timedelta):
        return keep // timedelta(microseconds=1) * 1000
    if isinstance(keep, (int, float)):
        return round(keep * 1e9)
    units = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
    number = keep.rstrip("msh")
    unit = keep[len(number) :]
    try:
        return round(float(number) * units[unit or "s"])
    except (ValueError, KeyError):
        raise ValueError(f"keep: expected a duration such as 30s, 5m or 1h, got {keep!r}") from None
