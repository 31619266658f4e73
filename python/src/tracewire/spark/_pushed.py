"""Filters of Spark that it leaves to its source: servers leave out most of what does not pass, and tasks the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.datasource import (
    EqualTo,
    Filter,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNotNull,
    LessThan,
    LessThanOrEqual,
    StringStartsWith,
)

from .._parameters import EPOCH, time_parameter
from .._parts import Question
from .._plain import nanoseconds_name

_COMPARISONS: dict[type[Filter], tuple[str, Callable[..., Any]]] = {
    EqualTo: ("==", pc.equal),
    GreaterThan: (">", pc.greater),
    GreaterThanOrEqual: (">=", pc.greater_equal),
    LessThan: ("<", pc.less),
    LessThanOrEqual: ("<=", pc.less_equal),
}
_FACTS = {"event": "$event.name", "container": "$container.name", "host": "$trace.hostname"}
_TIME = "timestamp"
_INT64 = 1 << 63


@dataclass(frozen=True)
class PushedFilters:
    """Filters that Spark does not look at any more."""

    taken: tuple[Filter, ...] = ()

    @staticmethod
    def of(filters: Sequence[Filter], schema: pa.Schema) -> PushedFilters:
        """Those that servers or tasks can decide."""
        return PushedFilters(tuple(one for one in filters if _is_decidable(one, schema)))

    def narrowed(self, question: Question, schema: pa.Schema, contexts: Callable[[], set[str]]) -> Question:
        """What servers are asked instead: no row that passes is missing.

        :param contexts: names that mean a context, where both a context and a field have them
        """
        parameters = dict(question.parameters)
        others = [one for one in self.taken if not _is_about_time(one)]
        known = contexts() if others else set()
        terms = [term for one in others if (term := filter_text(one, schema, known)) is not None]
        if terms:
            before = parameters.get("where")
            parameters["where"] = " && ".join(f"({text})" for text in (before, *terms) if text is not None)
        begin, end = _span([one for one in self.taken if _is_about_time(one)])
        # Times that were given may be relative: only a server could tell which is the narrower one.
        if begin is not None and "begin" not in parameters:
            parameters["begin"] = time_parameter(begin)
        if end is not None and "end" not in parameters:
            parameters["end"] = time_parameter(end - 1)
        return replace(question, parameters=parameters)

    def passing(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a batch that pass."""
        for one in self.taken:
            # What is null does not pass.
            batch = batch.filter(_mask(one, batch.column(one.attribute[0])))
        return batch


def _is_decidable(one: Filter, schema: pa.Schema) -> bool:
    column = getattr(one, "attribute", None)
    if column is None or len(column) != 1 or column[0] not in schema.names:
        return False
    kind = schema.field(column[0]).type
    if isinstance(one, IsNotNull):
        return True
    if isinstance(one, StringStartsWith):
        return bool(pa.types.is_string(kind))
    values = one.value if isinstance(one, In) else (getattr(one, "value", None),)
    is_known = isinstance(one, In) or type(one) in _COMPARISONS
    return is_known and all(_fits(value, kind) for value in values)


def _fits(value: Any, kind: pa.DataType) -> bool:
    """Whether a value can be compared with those of a column as it is."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return bool(pa.types.is_integer(kind)) and -_INT64 <= value < _INT64
    if isinstance(value, str):
        return bool(pa.types.is_string(kind))
    return isinstance(value, datetime) and value.tzinfo is not None and bool(pa.types.is_timestamp(kind))


def _mask(one: Filter, column: pa.Array) -> pa.Array:
    if isinstance(one, IsNotNull):
        return column.is_valid()
    if isinstance(one, StringStartsWith):
        return pc.starts_with(column, one.value)
    if isinstance(one, In):
        # A value may be more than the column's type holds.
        return pc.is_in(column.cast(_wide(column.type)), pa.array(one.value, _wide(column.type)), skip_nulls=True)
    _, compared = _COMPARISONS[type(one)]
    value: Any = one.value
    return compared(column, pa.scalar(value, _wide(column.type)))


def _wide(kind: pa.DataType) -> pa.DataType:
    return pa.int64() if pa.types.is_integer(kind) else kind


def _is_about_time(one: Filter) -> bool:
    return one.attribute[0] in (_TIME, nanoseconds_name(_TIME)) and type(one) in _COMPARISONS


def _span(filters: Sequence[Filter]) -> tuple[int | None, int | None]:
    """`[begin, end)` in ns, outside of which no event passes.

    >>> _span([GreaterThan(("ts_ns",), 5), LessThanOrEqual(("ts_ns",), 8), LessThan(("ts_ns",), 20)])
    (6, 9)
    >>> from datetime import timezone
    >>> _span([EqualTo(("timestamp",), datetime(1970, 1, 1, 0, 0, 1, 5, timezone.utc))])
    (1000005000, 1000006000)
    """
    begins, ends = [], []
    for one in filters:
        value: Any = one.value
        # Spark's times have no nanoseconds: each stands for all of its microsecond.
        first, step = (value, 1) if isinstance(value, int) else ((value - EPOCH) // timedelta(microseconds=1) * 1000, 1000)
        if isinstance(one, (EqualTo, GreaterThan, GreaterThanOrEqual)):
            begins.append(first + step if isinstance(one, GreaterThan) else first)
        if isinstance(one, (EqualTo, LessThan, LessThanOrEqual)):
            ends.append(first if isinstance(one, LessThan) else first + step)
    return max(begins, default=None), min(ends, default=None)


def filter_text(one: Filter, schema: pa.Schema, contexts: set[str]) -> str | None:
    """A filter of Spark as one of tracewire that leaves out nothing that passes.

    >>> filter_text(EqualTo(("ret",), -2), pa.schema([("ret", pa.int64())]), set())
    'ret == -2'
    >>> filter_text(In(("event",), ("a", "b")), pa.schema([("event", pa.string())]), set())
    '$event.name == "a" || $event.name == "b"'
    """
    name = one.attribute[0]
    kind = schema.field(name).type
    symbol = _FACTS.get(name) or (f"$ctx.{name}" if name in contexts else name)
    if not symbol.replace("$", "").replace(".", "").isidentifier():
        return None
    if isinstance(one, StringStartsWith):
        return f'{symbol} == "{one.value}*"' if _is_plain(one.value) else None
    if isinstance(one, In):
        terms = [_compared(symbol, "==", value, kind) for value in one.value]
        return " || ".join(term for term in terms if term is not None) if None not in terms and terms else None
    if type(one) not in _COMPARISONS:
        return None
    operator, _ = _COMPARISONS[type(one)]
    return _compared(symbol, operator, getattr(one, "value", None), kind)


def _compared(symbol: str, operator: str, value: Any, kind: pa.DataType) -> str | None:
    # The least number has no literal.
    if isinstance(value, int) and pa.types.is_integer(kind) and value > -_INT64:
        return f"{symbol} {operator} {value}"
    if isinstance(value, str) and operator == "==" and _is_plain(value):
        return f'{symbol} == "{value}"'
    return None


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and not set(value) & set('*\\"')
