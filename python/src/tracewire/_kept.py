"""The newest rows of a live query, within a span of time and a number of bytes."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class _Piece:
    batch: pa.RecordBatch
    #: Of its newest row, or when it came, where rows have no time.
    end_ns: int
    bytes: int


class KeptRows:
    """A ring of record batches. What is forgotten is counted; used from several threads."""

    def __init__(self, span_ns: int, max_bytes: int) -> None:
        self._span_ns = span_ns
        self._max_bytes = max_bytes
        self._pieces: deque[_Piece] = deque()
        self._bytes = 0
        self._newest_ns = 0
        self._lock = threading.Lock()
        self.schema: pa.Schema | None = None
        #: All that came, and those of them that are not kept any more.
        self.total = 0
        self.forgotten = 0

    def add(self, batch: pa.RecordBatch, arrived_ns: int) -> None:
        end_ns = _newest(batch, arrived_ns)
        with self._lock:
            if self.schema is not None and not self.schema.equals(batch.schema):
                self._forget_all()
            self.schema = batch.schema
            self._pieces.append(_Piece(batch, end_ns, batch.nbytes))
            self._bytes += batch.nbytes
            self.total += batch.num_rows
            self._newest_ns = max(self._newest_ns, end_ns)
            while len(self._pieces) > 1 and self._is_old(self._pieces[0]):
                self._forget_oldest()

    def clear(self) -> None:
        """Forgets all, and counts from 0."""
        with self._lock:
            self._pieces.clear()
            self._bytes = self._newest_ns = self.total = self.forgotten = 0
            self.schema = None

    @property
    def nbytes(self) -> int:
        return self._bytes

    def table(self) -> pa.Table:
        with self._lock:
            return pa.Table.from_batches([piece.batch for piece in self._pieces], self.schema or pa.schema([]))

    def newest(self, rows: int) -> list[dict[str, Any]]:
        """The last rows as texts, for a screen."""
        with self._lock:
            batches: list[pa.RecordBatch] = []
            left = rows
            for piece in reversed(self._pieces):
                taken = piece.batch.slice(max(0, piece.batch.num_rows - left))
                batches.insert(0, taken)
                left -= taken.num_rows
                if left <= 0:
                    break
        return [{name: _shown(value) for name, value in row.items()} for batch in batches for row in _rows(batch)]

    def _is_old(self, piece: _Piece) -> bool:
        return piece.end_ns < self._newest_ns - self._span_ns or self._bytes > self._max_bytes

    def _forget_oldest(self) -> None:
        piece = self._pieces.popleft()
        self._bytes -= piece.bytes
        self.forgotten += piece.batch.num_rows

    def _forget_all(self) -> None:
        while self._pieces:
            self._forget_oldest()


def _rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    # Times as whole numbers: Python's have microseconds only.
    columns = [column.cast(pa.string()) if pa.types.is_timestamp(column.type) else column for column in batch.columns]
    shown: list[dict[str, Any]] = pa.RecordBatch.from_arrays(columns, names=_unique(batch.schema.names)).to_pylist()
    return shown


def _unique(names: list[str]) -> list[str]:
    return [name if name not in names[:i] else f"{name}_{i}" for i, name in enumerate(names)]


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _newest(batch: pa.RecordBatch, arrived_ns: int) -> int:
    for name in ("timestamp", "window"):
        at = batch.schema.get_field_index(name)
        if at >= 0 and batch.num_rows > 0 and pa.types.is_timestamp(batch.schema.field(at).type):
            newest = pc.max(batch.column(at).cast(pa.int64())).as_py()
            if newest is not None:
                return int(newest)
    return arrived_ns
