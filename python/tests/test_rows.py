"""Five consumers get the rows that `tail` prints, to the nanosecond, recorded and live."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

import tracewire as tw
from conftest import COLUMNS, Session, tail

ROWS = 17_202

Rows = list[tuple[Any, ...]]


def by_pyarrow(query: tw.Query) -> Rows:
    return arrow_rows(pa.table(query))


def by_polars(query: tw.Query) -> Rows:
    polars = pytest.importorskip("polars")
    return arrow_rows(polars.DataFrame(query).to_arrow())


def by_polars_lazily(query: tw.Query) -> Rows:
    polars = pytest.importorskip("polars")
    return arrow_rows(polars.LazyFrame(query).select(COLUMNS).collect().to_arrow())


def by_pandas(query: tw.Query) -> Rows:
    pandas = pytest.importorskip("pandas")
    if not hasattr(pandas.DataFrame, "from_arrow"):
        pytest.skip("needs pandas 3")
    frame = pandas.DataFrame.from_arrow(query)
    return arrow_rows(pa.Table.from_pandas(frame, preserve_index=False))


def by_duckdb(query: tw.Query) -> Rows:
    duckdb = pytest.importorskip("duckdb")
    return arrow_rows(pa.table(duckdb.connect().sql("select * from query")))


def by_datafusion(query: tw.Query) -> Rows:
    datafusion = pytest.importorskip("datafusion")
    return arrow_rows(datafusion.SessionContext().from_arrow(query).to_arrow_table())


def arrow_rows(table: pa.Table) -> Rows:
    assert str(table.schema.field("timestamp").type).startswith("timestamp[ns")
    columns = [table[name] for name in COLUMNS]
    columns[0] = columns[0].cast(pa.int64())
    return sorted(zip(*(column.to_pylist() for column in columns)), key=key)


def key(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple((value is None, value) for value in row)


CONSUMERS = [by_pyarrow, by_polars, by_polars_lazily, by_pandas, by_duckdb, by_datafusion]


@pytest.fixture(scope="module")
def printed(small: str) -> Rows:
    """What `tail` prints as CSV."""
    text = tail(small, "--select", ",".join(COLUMNS), "--format", "csv", "--utc")
    number = lambda text: int(text) if text != "" else None  # noqa: E731
    rows = list(csv.reader(io.StringIO(text)))[1:]
    assert len(rows) == ROWS
    return sorted(((nanoseconds(t), event, number(c), number(tid), number(ret)) for t, event, c, tid, ret in rows), key=key)


def nanoseconds(text: str) -> int:
    """An ISO time with nine digits; datetime has six."""
    from datetime import datetime

    seconds, fraction = text.rstrip("Z").split(".")
    return int(datetime.fromisoformat(seconds + "+00:00").timestamp()) * 10**9 + int(fraction.ljust(9, "0"))


@pytest.mark.parametrize("consume", CONSUMERS)
def test_takes_a_recorded_trace_as_tail_prints_it(
    consume: Callable[[tw.Query], Rows], recorded: tw.Connection, printed: Rows
) -> None:
    assert consume(recorded.query(select=COLUMNS)) == printed


@pytest.mark.parametrize("consume", [by_pyarrow, by_polars, by_pandas, by_datafusion, by_duckdb])
def test_takes_a_live_session_as_tail_prints_it(
    consume: Callable[[tw.Query], Rows], session: Session, printed: Rows
) -> None:
    query = session.connection.query(select=["timestamp", "event", "cpu_id", "tid", "ret:int64"], limit=ROWS)
    session.begin(after=1.0)
    assert consume(query) == printed


def test_pandas_keeps_all_digits_beside_absent_values(recorded: tw.Connection) -> None:
    pytest.importorskip("pandas")
    query = recorded.query(select=["timestamp", "file_table_address"])
    column = query.to_pandas()["file_table_address"]
    assert column.dtype == "UInt64"
    exact = [value for value in query.table()["file_table_address"].to_pylist() if value is not None]
    assert max(exact) > 1 << 63 and 0 < len(exact) < ROWS
    assert column.dropna().to_list() == exact
    assert recorded.query(where="ret == 123456789", select="timestamp,file_table_address").to_pandas().dtypes.to_dict() == (
        query.to_pandas().dtypes.to_dict()
    ), "no rows have the same columns"


def test_takes_a_table_of_so_many_rows_or_seconds(recorded: tw.Connection) -> None:
    assert recorded.query().table(rows=10).num_rows == 10
    assert recorded.query("|> select event").table(rows=10).num_rows == 10
    assert recorded.query(limit=5).table(rows=10).num_rows == 5
    assert recorded.query(select="event").table(seconds=60).num_rows == ROWS


def test_a_lazy_frame_asks_for_the_columns_and_rows_that_it_needs(recorded: tw.Connection) -> None:
    polars = pytest.importorskip("polars")
    lazy = recorded.query().to_polars(lazy=True)
    frame = lazy.filter(polars.col("event") == "sched_switch").select("cpu_id").head(5).collect()
    assert frame.shape == (5, 1)
    assert lazy.select(polars.len()).collect().item() == ROWS


def test_an_empty_result_has_its_columns(recorded: tw.Connection) -> None:
    table = recorded.query(events="no_such_event", select="timestamp,event").table()
    assert table.num_rows == 0
    assert table.column_names == ["timestamp", "event"]


def test_counts_what_is_missing(lossy: str) -> None:
    from conftest import MAIN

    with tw.open(lossy, program=MAIN) as trace:
        query = trace.query(select="timestamp")
        query.table()
        assert query.losses
        assert query.losses.events > 0
        assert sum(loss["count"] or 0 for loss in query.loss_events if loss["kind"] == "discarded-events") == query.losses.events


def test_asks_about_times_to_the_nanosecond(recorded: tw.Connection) -> None:
    times = recorded.query(select="timestamp").table()["timestamp"].cast(pa.int64()).to_pylist()
    first, last = times[100], times[200]
    part = recorded.query(select="timestamp", begin=first, end=last).table()
    assert part.num_rows == sum(first <= time <= last for time in times)
