"""Arguments of queries that mean something in Python: times of other libraries, numbers, what cannot be one."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime
from typing import Any

import pytest

import tracewire as tw
from conftest import MAIN


@pytest.fixture(scope="module")
def third_last(recorded: tw.Connection) -> tuple[int, int]:
    """A time with nanoseconds, and how many rows are of it or later."""
    times = recorded.query(select="timestamp").table()["timestamp"].cast("int64").to_pylist()
    ns = next(ns for ns in sorted(times)[-100:] if ns % 1000 > 1)
    return ns, sum(time >= ns for time in times)


def test_times_of_pandas_and_numpy_keep_their_nanoseconds(recorded: tw.Connection, third_last: tuple[int, int]) -> None:
    pandas, numpy = pytest.importorskip("pandas"), pytest.importorskip("numpy")
    ns, rows = third_last
    utc = pandas.Timestamp(ns, tz="UTC")
    times: list[Any] = [ns, utc, utc.tz_convert("Asia/Tokyo"), utc.to_datetime64(), numpy.int64(ns)]
    assert [recorded.query(select="timestamp", begin=time).table().num_rows for time in times] == [rows] * len(times)


def test_a_datetime_without_a_zone_is_local(
    recorded: tw.Connection, third_last: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    ns, _ = third_last
    rows = recorded.query(select="timestamp", begin=ns // 1000 * 1000).table().num_rows
    for zone in ("UTC", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        local = datetime.fromtimestamp(ns // 1000 / 1e6)
        assert recorded.query(select="timestamp", begin=local).table().num_rows == rows
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("time", [1.5, b"08:55", (2026, 11, 22), object()])
def test_says_what_is_no_time(recorded: tw.Connection, time: Any) -> None:
    with pytest.raises(TypeError, match="time: expected a text, a datetime or nanoseconds, got"):
        recorded.query(begin=time)


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_refuses_a_timeout_that_is_none(recorded: tw.Connection, seconds: float) -> None:
    with pytest.raises(ValueError, match="timeout: expected seconds above 0"):
        recorded.query(timeout=seconds)


def test_more_rows_than_there_can_be_are_all_of_them(recorded: tw.Connection) -> None:
    assert recorded.query(select="timestamp").table(rows=1 << 70).num_rows == 17_202
    assert recorded.query(select="timestamp").table(rows=0).num_rows == 0
    for rows in (-1, "10", 2.5):
        with pytest.raises(ValueError, match=f"rows: expected a whole number from 0, got {rows!r}"):
            recorded.query(select="timestamp").table(rows=rows)  # type: ignore[arg-type]


def test_a_query_can_be_copied_and_sent_to_another_process(recorded: tw.Connection) -> None:
    query = recorded.query(select="timestamp", limit=3, timeout=30)
    for other in (copy.deepcopy(query), pickle.loads(pickle.dumps(query))):
        assert other == query
        assert other.table() == query.table()


def test_a_connection_whose_server_has_ended_says_so(small: str) -> None:
    connection = tw.open(small, program=MAIN)
    connection.close()
    connection.close()
    for ask in (connection.sources, connection.query):
        with pytest.raises(tw.TracewireError, match="CLOSED"):
            ask()
