"""What Spark registers: `spark.read.format("tracewire")`, `spark.readStream.format("tracewire")`."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceReader, DataSourceStreamReader
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from .._parts import LOSS_SCHEMA
from .._plain import plain_schema
from ._batch import BatchReader, LossReader, PushingReader
from ._options import Options
from ._stream import LossStreamReader, StreamReader
from ._tasks import TaskReader


class TracewireDataSource(DataSource):
    """Traces of many hosts: rows in batches or as a stream, or what they lack."""

    #: Asked for once: Spark hands this object on to the process that plans.
    _columns: pa.Schema | None = None

    @classmethod
    def name(cls) -> str:
        return "tracewire"

    def schema(self) -> StructType:
        return from_arrow_schema(self._arrow_schema())

    def reader(self, schema: StructType) -> DataSourceReader:
        options = self._given()
        question = options.question()
        if options.are_losses:
            return LossReader(question)
        tasks = TaskReader(question, self._wanted(schema), options.log_of_gone())
        return PushingReader(tasks) if options.pushes_filters else BatchReader(tasks)

    def streamReader(self, schema: StructType) -> DataSourceStreamReader:
        options = self._given()
        question = options.question()
        if options.are_losses:
            return LossStreamReader(TaskReader(question, LOSS_SCHEMA, options.log_of_gone()), options)
        if not question.is_divisible:
            raise ValueError("readStream: expected a query on events, or q with partial=true, got another")
        times = [name for name in ("begin", "end") if name in question.parameters]
        if times:
            raise ValueError(f"readStream: expected startingNs instead of times, got {' and '.join(times)}")
        tasks = TaskReader(question, self._wanted(schema), options.log_of_gone(), may_be_gone=True)
        return StreamReader(tasks, options)

    def _given(self) -> Options:
        return Options(dict(self.options))

    def _arrow_schema(self) -> pa.Schema:
        if self._columns is None:
            options = self._given()
            self._columns = LOSS_SCHEMA if options.are_losses else plain_schema(options.question().schema())
        return self._columns

    def _wanted(self, schema: StructType) -> pa.Schema:
        """The columns that Spark wants, which may be some of those that there are."""
        known = self._arrow_schema()
        missing = [name for name in schema.names if name not in known.names]
        if missing:
            raise ValueError(f"schema: expected columns among {', '.join(known.names)}, got {missing[0]}")
        return pa.schema([known.field(name) for name in schema.names])
