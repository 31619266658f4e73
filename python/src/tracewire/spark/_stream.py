"""Stream readers: batches between two watermarks of all servers."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import DataSourceStreamReader, InputPartition
from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadLimit, ReadMaxBytes, SupportsTriggerAvailableNow

from .._errors import TracewireError
from .._loss_log import HOST_BEHIND, RANGE_GONE, LossLog
from .._parts import UNREACHABLE, Part, flat
from ._options import Options
from ._tasks import PartPartition, TaskReader

LOG = logging.getLogger("tracewire.spark")


class StreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Offsets are times: a batch has the events of `[start, end)`, `end` being what the last server has reached."""

    def __init__(self, tasks: TaskReader, options: Options) -> None:
        self.tasks = tasks
        self.question = tasks.question
        self.log = options.loss_log()
        self.starting_ns = options.get("startingNs")
        max_bytes = options.get("maxBytesPerTrigger")
        self.max_bytes = None if max_bytes is None else int(max_bytes)
        self.max_lag = options.get("maxLag") or "5s"
        #: After how many seconds an unreachable server is left behind; never by default.
        host_lag = options.get("hostLag")
        self.host_lag = None if host_lag is None else float(host_lag)
        self.target_ns: int | None = None
        self.unreachable_since: dict[str, float] = {}
        if self.host_lag is not None:
            self.tasks = replace(tasks, behind=self.log, question=replace(tasks.question, patience=self.host_lag))
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
