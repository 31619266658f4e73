"""Traces of many hosts in Apache Spark 4.2 or newer, by its Python Data Source API.

    from tracewire.spark import TracewireDataSource
    spark.dataSource.register(TracewireDataSource)
    spark.read.format("tracewire").option("urls", "http://web1:7447,http://web2:7447").option("where", "ret < 0").load()

Options: `urls`, or `hostsFile` with a URL on a line; `token`, `tokenFile` (default: the variable `TRACEWIRE_TOKEN` where tasks
run); the arguments of `Connection.query`; `partBytes`; `partial` for `q` whose rows Spark merges; `table=losses` for what is missing;
`pushFilters`, beside Spark's `spark.sql.python.filterPushdown.enabled`, for servers that leave out what `filter()` does.
Streams: `startingNs`, `maxBytesPerTrigger`, `maxLag`, `hostLag`.
`gone=loss`: packets that were deleted before they were read are a loss instead of an error; `lossesTo`, the folder in which
those losses, and servers that a stream left behind, are listed (`spark.read.parquet(…)`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import (
    DataSource,
    DataSourceReader,
    DataSourceStreamReader,
    EqualTo,
    Filter,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    InputPartition,
    LessThan,
    LessThanOrEqual,
    StringStartsWith,
)
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadLimit, ReadMaxBytes, SupportsTriggerAvailableNow
from pyspark.sql.types import StructType

from ._errors import TracewireError
from ._loss_log import HOST_BEHIND, RANGE_GONE, LossLog
from ._parts import LOSS_SCHEMA, Part, Question, RangeGone, flat, loss_batch, plain_batch, plain_schema, urls_in
from ._query import READERS

LOG = logging.getLogger("tracewire.spark")
UNREACHABLE = ("NO_SERVER", "CONNECTION_LOST")
_OWN = ("urls", "hostsfile", "token", "tokenfile", "timeout", "partbytes", "partial", "table", "pushfilters", "gone", "lossesto")
_STREAM = ("startingns", "maxbytespertrigger", "maxlag", "hostlag", "path")
#: Spark's options have no case.
_ARGUMENTS = {name.replace("_", ""): name for name in READERS}


def question_of(options: dict[str, str]) -> Question:
    """:raises ValueError: an option that there is not, or none that says where"""
    given = {key.lower().replace("_", ""): value for key, value in options.items()}
    unknown = [key for key in given if key not in (*_OWN, *_STREAM, *_ARGUMENTS)]
    if unknown:
        raise ValueError(f"option: expected one of {', '.join(sorted((*_OWN, *_STREAM, *_ARGUMENTS)))}, got {unknown[0]}")
    urls: list[str] = [url.strip() for url in given.get("urls", "").split(",") if url.strip()]
    if "hostsfile" in given:
        urls += urls_in(given["hostsfile"])
    if not urls:
        raise ValueError("option urls: expected http://HOST:PORT, with commas between them, got nothing")
    token = given.get("token")
    if "tokenfile" in given:
        with open(given["tokenfile"], encoding="utf-8") as file:
            token = file.read().strip()
    arguments: dict[str, Any] = {
        _ARGUMENTS[key]: value for key, value in given.items() if key in _ARGUMENTS and key not in _STREAM
    }
    for name in ("begin", "end"):
        if str(arguments.get(name, "")).lstrip("-").isdigit():
            arguments[name] = int(arguments[name])
    question = Question.of(
        urls,
        token=token,
        timeout=float(given.get("timeout", "60")),
        part_bytes=int(given.get("partbytes", str(96 << 20))),
        partial=given.get("partial", "false").lower() == "true",
        **arguments,
    )
    # Servers give Spark's types, so that tasks cast nothing.
    return replace(question, parameters={**question.parameters, "types": "spark"})


class TracewireDataSource(DataSource):
    """`spark.read.format("tracewire")`, `spark.readStream.format("tracewire")`"""

    @classmethod
    def name(cls) -> str:
        return "tracewire"

    def schema(self) -> StructType:
        return from_arrow_schema(self._arrow_schema())

    def reader(self, schema: StructType) -> DataSourceReader:
        question = question_of(dict(self.options))
        if self._is_losses():
            return LossReader(question)
        columns = _arrow_schema_of(schema, self._arrow_schema())
        tasks = TaskReader(question, columns, self._log_of_gone())
        return PushingReader(tasks) if self._option("pushFilters", "false").lower() == "true" else BatchReader(tasks)

    def streamReader(self, schema: StructType) -> DataSourceStreamReader:
        question = question_of(dict(self.options))
        given = {key.lower(): value for key, value in self.options.items()}
        if self._is_losses():
            return LossStreamReader(TaskReader(question, LOSS_SCHEMA, self._log_of_gone()), given, self._log())
        if not question.is_divisible:
            raise ValueError("readStream: expected a query on events, or q with partial=true, got another")
        columns = _arrow_schema_of(schema, self._arrow_schema())
        tasks = TaskReader(question, columns, self._log_of_gone(), may_be_gone=True)
        return StreamReader(tasks, given, self._log())

    def _option(self, name: str, default: str) -> str:
        return next((value for key, value in self.options.items() if key.lower() == name.lower()), default)

    def _log(self) -> LossLog | None:
        folder = self._option("lossesTo", "")
        return LossLog(folder) if folder else None

    def _log_of_gone(self) -> LossLog | None:
        """Where what is gone is counted; nowhere if it is an error."""
        gone = self._option("gone", "error")
        if gone not in ("error", "loss"):
            raise ValueError(f"option gone: expected error or loss, got {gone}")
        if gone == "error":
            return None
        log = self._log()
        if log is None:
            raise ValueError("option gone=loss: expected lossesTo, a folder in which losses are listed, got none")
        return log

    def _is_losses(self) -> bool:
        table = self._option("table", "rows")
        if table not in ("rows", "losses"):
            raise ValueError(f"option table: expected rows or losses, got {table}")
        return table == "losses"

    def _arrow_schema(self) -> pa.Schema:
        return LOSS_SCHEMA if self._is_losses() else plain_schema(question_of(dict(self.options)).schema())


def _arrow_schema_of(wanted: StructType, known: pa.Schema) -> pa.Schema:
    """The columns that Spark wants, which may be some of those that there are."""
    missing = [name for name in wanted.names if name not in known.names]
    if missing:
        raise ValueError(f"schema: expected columns among {', '.join(known.names)}, got {missing[0]}")
    return pa.schema([known.field(name) for name in wanted.names])


class PartPartition(InputPartition):
    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self.part = part


@dataclass(frozen=True)
class TaskReader:
    """What a task does with its part."""

    question: Question
    schema: pa.Schema
    #: Where what is gone is counted; an error if there is none.
    gone: LossLog | None = None
    #: Where a server is counted that cannot be reached; an error if there is none.
    behind: LossLog | None = None
    may_be_gone: bool = False

    def read(self, part: Part) -> Iterator[pa.RecordBatch]:
        has_rows = False
        # What is left of a part is read where the rest may be lost.
        asked = part if self.gone is None else replace(part, packets=0)
        try:
            for batch in self.question.read(asked, self.may_be_gone):
                has_rows = True
                yield plain_batch(batch, self.schema)
            if self.gone is not None:
                self.question.check_there(part)
        except RangeGone as missing:
            if self.gone is None:
                raise
            self.gone.add(part, RANGE_GONE, missing.missing, str(missing))
            return
        except TracewireError as lost:
            # Behind rows, the task fails and runs again: a part of a range cannot be counted.
            if self.behind is None or has_rows or lost.code not in UNREACHABLE:
                raise
            self.behind.add(part, HOST_BEHIND, part.packets, str(lost))
            return
        if self.gone is not None:
            self.gone.take_back(part, RANGE_GONE)
        if self.behind is not None:
            self.behind.take_back(part, HOST_BEHIND)


class BatchReader(DataSourceReader):
    """A task for each range of each source of each server."""

    def __init__(self, tasks: TaskReader) -> None:
        self.tasks = tasks

    def partitions(self) -> Sequence[InputPartition]:
        return [PartPartition(part) for part in self.tasks.question.parts()]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return self.tasks.read(partition.part)


class PushingReader(BatchReader):
    """The same for `pushFilters=true`: Spark refuses a reader that takes filters where its configuration does not allow them."""

    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:
        """Servers leave out what cannot pass; Spark still decides."""
        filters = list(filters)
        question = self.tasks.question
        if "q" not in question.parameters:
            contexts = _context_names(question)
            terms = [term for one in filters if (term := filter_text(one, self.tasks.schema, contexts)) is not None]
            before = question.parameters.get("where")
            conditions = [f"({text})" for text in (before, *terms) if text is not None]
            if terms:
                where = " && ".join(conditions)
                # Spark's own plan keeps its filter, and does not show what is taken.
                LOG.info("servers leave out what does not pass %s", where)
                pushed = replace(question, parameters={**question.parameters, "where": where})
                self.tasks = replace(self.tasks, question=pushed)
        return filters


class LossReader(DataSourceReader):
    """What is missing, a row for each loss."""

    def __init__(self, question: Question) -> None:
        self.question = question

    def partitions(self) -> Sequence[InputPartition]:
        return [PartPartition(part) for part in self.question.sources()]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        yield loss_batch(partition.part, self.question.losses(partition.part))


class StreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Offsets are times: a batch has the events of `[start, end)`, `end` being what the last server has reached."""

    def __init__(self, tasks: TaskReader, options: dict[str, str], log: LossLog | None) -> None:
        self.tasks = tasks
        self.question = tasks.question
        self.log = log
        self.starting_ns = options.get("startingns")
        self.max_bytes = int(options["maxbytespertrigger"]) if "maxbytespertrigger" in options else None
        self.max_lag = options.get("maxlag", "5s")
        #: After how many seconds an unreachable server is left behind; never by default.
        self.host_lag = float(options["hostlag"]) if "hostlag" in options else None
        self.target_ns: int | None = None
        self.unreachable_since: dict[str, float] = {}
        if self.host_lag is not None:
            self.tasks = replace(tasks, behind=log, question=replace(tasks.question, patience=self.host_lag))
            # What a server that may be left behind answers is waited for no longer than that.
            timeout = min(self.question.timeout, max(self.host_lag, 1.0))
            self.question = replace(self.question, patience=self.host_lag, timeout=timeout)

    def initialOffset(self) -> dict[str, str]:
        if self.starting_ns is not None:
            return {"ns": self.starting_ns}
        oldest = [int(one["oldest_ns"]) for _, one in self._watermarks() if one["oldest_ns"] is not None]
        # What was deleted before a stream began is not missing in it.
        return {"ns": str(min(oldest, default=0)), "is_first": "true"}

    def getDefaultReadLimit(self) -> ReadLimit:
        return ReadAllAvailable() if self.max_bytes is None else ReadMaxBytes(self.max_bytes)

    def prepareForTriggerAvailableNow(self) -> None:
        self.target_ns = self._complete_ns()

    def latestOffset(self, start: dict[str, str], limit: ReadLimit) -> dict[str, str]:
        start_ns = int(start["ns"])
        complete = self._complete_ns()
        if complete is None or complete <= start_ns:
            return start
        if self.target_ns is not None:
            complete = max(start_ns, min(complete, self.target_ns))
        if isinstance(limit, ReadMaxBytes):
            complete = self._limited(start_ns, complete, limit.max_bytes)
        return {"ns": str(complete)}

    def reportLatestOffset(self) -> dict[str, str] | None:
        complete = self._complete_ns()
        return None if complete is None else {"ns": str(complete)}

    def partitions(self, start: dict[str, str], end: dict[str, str]) -> Sequence[InputPartition]:
        begin_ns, end_ns = int(start["ns"]), int(end["ns"])
        if begin_ns >= end_ns:
            return []
        if "is_first" not in start:
            self._check_there(begin_ns)
        parts = flat(self.question.of_all(lambda url: self._parts_of(url, begin_ns, end_ns)))
        return [PartPartition(part) for part in parts]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        return self.tasks.read(partition.part)

    def commit(self, end: dict[str, str]) -> None:
        pass

    def stop(self) -> None:
        pass

    def _watermarks(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Of all sources of all servers that can be asked, or that may not be left behind."""
        for answer in self.question.of_all(self._watermarks_of):
            yield from answer

    def _watermarks_of(self, url: str) -> list[tuple[str, dict[str, Any]]]:
        asked = {"maxLag": self.max_lag}
        if "source" in self.question.parameters:
            asked["source"] = self.question.parameters["source"]
        try:
            answer = self.question.place(url).get("/v1/watermark", asked, self.question.timeout)
        except (OSError, TracewireError) as lost:
            if isinstance(lost, TracewireError) and lost.code not in UNREACHABLE:
                raise
            since = self.unreachable_since.setdefault(url, time.monotonic())
            if self.host_lag is None or time.monotonic() - since < self.host_lag:
                return [(url, {"complete_ns": None, "oldest_ns": None, "is_unreachable": True})]
            return []
        self.unreachable_since.pop(url, None)
        for source in answer["sources"]:
            if source["kind"] == "live":
                message = f"{url}: expected recorded sources, whose ranges can be read again, got {source['source']}"
                raise TracewireError(message, code="NOT_RECORDED", status=400)
        return [(url, source) for source in answer["sources"]]

    def _complete_ns(self) -> int | None:
        """Up to when all servers have everything; `None` while one does not say."""
        least: int | None = None
        for _, one in self._watermarks():
            if one.get("is_unreachable"):
                return None
            if one["complete_ns"] is not None:
                ns = int(one["complete_ns"])
                least = ns if least is None else min(least, ns)
        return least

    def _check_there(self, begin_ns: int) -> None:
        """What a source deleted before the stream came to it is an error, or a loss."""
        for url, one in self._watermarks():
            gone_ns = one.get("gone_ns")
            if gone_ns is None or int(gone_ns) <= begin_ns:
                continue
            part = Part(url, one["source"], begin_ns, int(gone_ns))
            message = f"{url} {one['source']}: expected events from {begin_ns} on, got those from {gone_ns} on: the others were deleted"
            if self.tasks.gone is None:
                raise TracewireError(message, code="RANGE_GONE", status=410)
            LOG.warning("%s", message)
            self.tasks.gone.add(part, RANGE_GONE, None, message)

    def _limited(self, start_ns: int, complete: int, max_bytes: int) -> int:
        share = max(1, max_bytes // len(self.question.urls))
        planned = self.question.of_all(lambda url: self.question.parts_of(url, start_ns, complete, share)[:1])
        ends = [part.end_ns for part in flat(planned) if part.end_ns is not None and part.end_ns > start_ns]
        return min([complete, *ends])

    def _parts_of(self, url: str, begin_ns: int, end_ns: int) -> list[Part]:
        self.unreachable_since.setdefault(url, time.monotonic())
        try:
            parts = self.question.parts_of(url, begin_ns, end_ns)
        except (OSError, TracewireError) as lost:
            if isinstance(lost, TracewireError) and lost.code not in UNREACHABLE:
                raise
            self._skip(Part(url, None, begin_ns, end_ns), lost)
            return []
        del self.unreachable_since[url]
        if self.log is not None:
            # A batch may be planned again, by a driver that starts again: the server is back then.
            self.log.take_back(Part(url, None, begin_ns, end_ns), HOST_BEHIND)
        return parts

    def _skip(self, part: Part, lost: Exception) -> None:
        since = self.unreachable_since[part.url]
        if self.host_lag is None or time.monotonic() - since < self.host_lag:
            raise lost
        LOG.warning("%s: left behind: rows from %d to %d are missing: %s", part.url, part.begin_ns, part.end_ns, lost)
        if self.log is not None:
            self.log.add(part, HOST_BEHIND, None, str(lost))


class LossStreamReader(StreamReader):
    """`readStream` with `table=losses`: what tracers lost between two watermarks, by the headers of packets."""

    def _parts_of(self, url: str, begin_ns: int, end_ns: int) -> list[Part]:
        # Asked for a plan, so that a server that is behind is waited for and counted as one of rows is.
        return [Part(url, None, begin_ns, end_ns)] if super()._parts_of(url, begin_ns, end_ns) else []

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        yield from self.tasks.question.losses_between(partition.part)


def _context_names(question: Question) -> set[str]:
    """Names that mean a context, where both a context and a field have them."""
    events = question.place(question.urls[0]).get("/v1/schema", None, question.timeout)["events"]
    return {context["name"] for event in events for context in event["contexts"]}


_COMPARISONS: dict[type[Filter], str] = {
    EqualTo: "==",
    GreaterThan: ">",
    GreaterThanOrEqual: ">=",
    LessThan: "<",
    LessThanOrEqual: "<=",
}
_FACTS = {"event": "$event.name", "container": "$container.name", "host": "$trace.hostname"}
_INT64 = 1 << 63


def filter_text(one: Filter, schema: pa.Schema, contexts: set[str]) -> str | None:
    """A filter of Spark as one of tracewire, if one means at most what the other does.

    >>> filter_text(EqualTo(("ret",), -2), pa.schema([("ret", pa.int64())]), set())
    'ret == -2'
    >>> filter_text(In(("event",), ("a", "b")), pa.schema([("event", pa.string())]), set())
    '$event.name == "a" || $event.name == "b"'
    """
    column = one.attribute if hasattr(one, "attribute") else None
    if column is None or len(column) != 1 or column[0] not in schema.names:
        return None
    name = column[0]
    kind = schema.field(name).type
    symbol = _FACTS.get(name) or (f"$ctx.{name}" if name in contexts else name)
    if not symbol.replace("$", "").replace(".", "").isidentifier():
        return None
    if isinstance(one, StringStartsWith) and pa.types.is_string(kind) and _is_plain(one.value):
        return f'{symbol} == "{one.value}*"'
    if isinstance(one, In):
        terms = [_compared(symbol, "==", value, kind) for value in one.value]
        return " || ".join(term for term in terms if term is not None) if None not in terms and terms else None
    operator = _COMPARISONS.get(type(one))
    return None if operator is None else _compared(symbol, operator, getattr(one, "value", None), kind)


def _compared(symbol: str, operator: str, value: Any, kind: pa.DataType) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int) and pa.types.is_integer(kind) and -_INT64 < value < _INT64:
        return f"{symbol} {operator} {value}"
    if isinstance(value, str) and pa.types.is_string(kind) and operator == "==" and _is_plain(value):
        return f'{symbol} == "{value}"'
    return None


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable() and not set(value) & set('*\\"')
