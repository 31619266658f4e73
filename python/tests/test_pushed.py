"""Filters that Spark leaves to its source: the same rows pass, and no others. No JVM: Spark's filters are made here."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pyarrow as pa
import pytest

import tracewire as tw

datasource = pytest.importorskip("pyspark.sql.datasource")
from tracewire._parts import Question
from tracewire._plain import plain_batch, plain_schema
from tracewire.spark._pushed import PushedFilters

RET = ("ret",)
ROWS = pa.record_batch(
    {
        "timestamp": pa.array([1, 2, None], pa.timestamp("us", "UTC")),
        "ret": pa.array([-(1 << 31), None, 5], pa.int32()),
        "event": ["read", "open", None],
    }
)


@pytest.mark.parametrize(
    ("one", "passing"),
    [
        (datasource.EqualTo(RET, 5), [5]),
        (datasource.LessThan(RET, 1 << 40), [-(1 << 31), 5]),
        (datasource.GreaterThanOrEqual(RET, -(1 << 63)), [-(1 << 31), 5]),
        (datasource.In(RET, (5, None, 1 << 40)), None),
        (datasource.In(RET, (5, 1 << 40)), [5]),
        (datasource.IsNotNull(RET), [-(1 << 31), 5]),
        (datasource.IsNull(RET), None),
        (datasource.Not(datasource.EqualTo(RET, 5)), None),
        (datasource.EqualTo(RET, True), None),
        (datasource.EqualTo(RET, 5.0), None),
        (datasource.EqualTo(("event",), 5), None),
        (datasource.StringStartsWith(("event",), "re"), [-(1 << 31)]),
        (datasource.EqualTo(("event",), 'a"*\\'), []),
        (datasource.EqualTo(("other",), 5), None),
        (datasource.EqualTo(("event", "length"), 5), None),
        (datasource.GreaterThan(("timestamp",), datetime.fromtimestamp(0, timezone.utc)), [-(1 << 31), None]),
        (datasource.GreaterThan(("timestamp",), datetime.fromtimestamp(0)), None),
    ],
)
def test_decides_as_spark_does(one: object, passing: list[int | None] | None) -> None:
    pushed = PushedFilters.of([one], ROWS.schema)  # type: ignore[list-item]
    if passing is None:
        assert pushed.taken == (), "Spark keeps it"
    else:
        assert pushed.passing(ROWS)["ret"].to_pylist() == passing


def test_servers_give_every_row_that_passes_and_few_others(recorded: tw.Connection) -> None:
    asked = Question.of(recorded.url, token=recorded.place.token, select="timestamp,event,ret,tid")
    schema = plain_schema(asked.schema())
    whole = [plain_batch(batch, schema) for part in asked.parts() for batch in asked.read(part)]
    middle = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(
        microseconds=sorted(ns for batch in whole for ns in batch["ts_ns"].to_pylist())[16_000] // 1000
    )
    filters = [
        datasource.LessThanOrEqual(("timestamp",), middle),
        datasource.LessThan(RET, 0),
        datasource.StringStartsWith(("event",), "syscall_exit_"),
        datasource.GreaterThan(("tid",), 1),
        datasource.IsNotNull(("tid",)),
    ]
    pushed = PushedFilters.of(filters, schema)
    assert pushed.taken == tuple(filters)
    expected = sum(pushed.passing(batch).num_rows for batch in whole)
    narrowed = pushed.narrowed(asked, schema, lambda: {"tid"})
    sent = [plain_batch(batch, schema) for part in narrowed.parts() for batch in narrowed.read(part)]
    assert sum(batch.num_rows for batch in sent) == expected > 0
    assert sum(pushed.passing(batch).num_rows for batch in sent) == expected


def test_keeps_conditions_and_times_that_were_given(recorded: tw.Connection) -> None:
    asked = Question.of(recorded.url, where="ret < 0", begin="+1s", select="timestamp,ret")
    schema = pa.schema([("timestamp", pa.timestamp("us", "UTC")), ("ts_ns", pa.int64()), ("ret", pa.int64())])
    filters = [datasource.EqualTo(RET, -2), datasource.GreaterThan(("ts_ns",), 5), datasource.LessThan(("ts_ns",), 9)]
    narrowed = PushedFilters.of(filters, schema).narrowed(asked, schema, set)
    assert narrowed.parameters["where"] == "(ret < 0) && (ret == -2)"
    assert (narrowed.parameters["begin"], narrowed.parameters["end"]) == ("+1s", "0.000000008")
