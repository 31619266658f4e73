"""Traces of many hosts as a Dask data frame: a partition for each range of each source of each server.

    from tracewire.dask import read_tracewire
    read_tracewire("http://web1:7447,http://web2:7447", where="ret < 0").groupby("container").size().compute()
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from ._pandas import pandas_frame
from ._parts import DEFAULT_PART_BYTES, Part, Question


def read_tracewire(
    urls: str | list[str],
    *,
    token: str | None = None,
    timeout: float = 60.0,
    part_bytes: int = DEFAULT_PART_BYTES,
    partial: bool = False,
    **arguments: Any,
) -> Any:
    """`arguments` are those of `Connection.query`; `partial` as in `tracewire.spark`. Returns a `dask.dataframe.DataFrame`."""
    import dask.dataframe

    question = Question.of(urls, token=token, timeout=timeout, part_bytes=part_bytes, partial=partial, **arguments)
    schema = question.schema()
    return dask.dataframe.from_map(
        _frame, question.parts(), question=question, schema=schema, meta=pandas_frame(schema.empty_table())
    )


def _frame(part: Part, *, question: Question, schema: pa.Schema) -> Any:
    batches = [batch.cast(schema) for batch in question.read(part)]
    return pandas_frame(pa.Table.from_batches(batches, schema))
