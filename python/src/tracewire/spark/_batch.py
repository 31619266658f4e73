"""Batch readers: the rows of all parts, and what they lack."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
from pyspark.sql.datasource import DataSourceReader, Filter, InputPartition

from .._parts import Question, loss_batch
from ._pushed import PushedFilters
from ._tasks import PartPartition, TaskReader

LOG = logging.getLogger("tracewire.spark")


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
        """Spark's plan lists those that are taken, and filters by the others."""
        filters = list(filters)
        question, schema = self.tasks.question, self.tasks.schema
        if "q" in question.parameters:
            return filters
        pushed = PushedFilters.of(filters, schema)
        asked = pushed.narrowed(question, schema, lambda: _context_names(question))
        LOG.info("servers are asked for %s", {name: asked.parameters.get(name) for name in ("where", "begin", "end")})
        self.tasks = replace(self.tasks, question=asked, pushed=pushed)
        return [one for one in filters if not any(one is taken for taken in pushed.taken)]


def _context_names(question: Question) -> set[str]:
    events = question.of_any(lambda url: question.place(url).get("/v1/schema", None, question.timeout))["events"]
    return {context["name"] for event in events for context in event["contexts"]}


class LossReader(DataSourceReader):
    """What is missing, a row for each loss."""

    def __init__(self, question: Question) -> None:
        self.question = question

    def partitions(self) -> Sequence[InputPartition]:
        return [PartPartition(part) for part in self.question.sources()]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        yield loss_batch(partition.part, self.question.losses(partition.part))
