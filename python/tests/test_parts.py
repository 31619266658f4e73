"""Parts of many servers, and Dask over them."""

from __future__ import annotations

import pickle
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

import tracewire as tw
from conftest import MAIN, metrics
from tracewire._parts import Part, Question, RangeGone, urls_in
from tracewire._plain import plain_batch, plain_schema

PART_BYTES = 300_000


def question(connection: tw.Connection, **arguments: object) -> Question:
    return Question.of(connection.url, token=connection.place.token, part_bytes=PART_BYTES, **arguments)  # type: ignore[arg-type]


def test_parts_have_every_row_once(recorded: tw.Connection) -> None:
    asked = question(recorded, select="timestamp,pid_ns,event")
    parts = asked.parts()
    assert len(parts) > 3
    assert pickle.loads(pickle.dumps((asked, parts))) == (asked, parts)
    assert sum(batch.num_rows for part in parts for batch in asked.read(part)) == 17_202
    schema = plain_schema(asked.schema())
    assert schema.names == ["timestamp", "ts_ns", "pid_ns", "event"]
    batch = next(asked.read(parts[0]))
    assert plain_batch(batch, schema).schema == schema


@pytest.mark.parametrize("times", [{"begin": "+200ms"}, {"end": "-300ms"}, {"begin": "+100ms", "end": "-300ms"}])
def test_parts_keep_within_the_times_asked_for(recorded: tw.Connection, times: dict[str, str]) -> None:
    whole = recorded.query(select="timestamp", **times).table().num_rows
    assert 0 < whole < 17_202
    asked = question(recorded, select="timestamp", **times)
    parts = asked.parts()
    assert len(parts) > 1
    assert sum(batch.num_rows for part in parts for batch in asked.read(part)) == whole


def test_a_range_that_is_empty_is_a_part_without_rows(recorded: tw.Connection) -> None:
    asked = question(recorded, select="timestamp", begin="2030-01-01", end="2020-01-01")
    assert [batch.num_rows for part in asked.parts() for batch in asked.read(part)] == []
    assert len(asked.parts()) == 1


def test_a_limit_is_of_no_part(recorded: tw.Connection) -> None:
    with pytest.raises(ValueError, match="limit: expected none"):
        question(recorded, limit=10)


def rows_sent(connection: tw.Connection) -> float:
    """By all queries, once none runs any more."""
    until = time.monotonic() + 10
    while (found := metrics(connection))["tracewire_queries_running"] > 0:
        assert time.monotonic() < until
        time.sleep(0.05)
    return found["tracewire_rows_total"]


@pytest.mark.parametrize("arguments", [{"q": "|> count() by event", "partial": True}, {"select": "timestamp"}])
def test_columns_are_known_without_an_event(recorded: tw.Connection, arguments: dict[str, object]) -> None:
    asked = question(recorded, **arguments)
    with asked.query(Part(recorded.url)).batches() as stream:
        assert asked.schema() == stream.schema
    before = rows_sent(recorded)
    asked.schema()
    assert rows_sent(recorded) == before


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"select": "timestamp,event,cpu_id,tid,ret,pid_ns:uint64,fd:uint32,vtids,v4addr,filename"},
        {"q": "|> syscalls |> select timestamp, syscall, dt, ret"},
        {"q": "|> count(), max(ret) by event every 100ms"},
    ],
)
def test_the_types_of_spark_are_what_casts_give(recorded: tw.Connection, arguments: dict[str, str]) -> None:
    exact = question(recorded, **arguments)
    spark = replace(exact, parameters={**exact.parameters, "types": "spark"})
    part = Part(recorded.url)
    schema = plain_schema(exact.schema())
    assert spark.schema().remove_metadata().equals(schema)
    wanted = pa.Table.from_batches([plain_batch(batch, schema) for batch in exact.read(part)], schema)
    got = pa.Table.from_batches(list(spark.read(part))).cast(schema)
    got.validate(full=True)
    assert got.equals(wanted)
    assert [plain_batch(batch, schema).num_rows for batch in spark.read(part)]


def test_only_arrow_has_other_types(recorded: tw.Connection) -> None:
    with pytest.raises(tw.TracewireError, match="types: expected exact"):
        recorded.place.get("/v1/query", {"types": "spark", "format": "csv"})


def test_lists_the_losses_of_each_source(lossy: str, small: str) -> None:
    with tw.open(small, lossy, program=MAIN) as trace:
        sources = question(trace).sources()
        assert sorted(part.source or "" for part in sources) == sorted([small, lossy])
        losses = [loss for part in sources for loss in question(trace).losses(part)]
        query = trace.query(select="timestamp")
        query.table()
        discarded = sum(loss["count"] for loss in losses if loss["kind"] == "discarded-events")
        assert discarded == query.losses.events > 0


def test_says_when_a_part_is_gone(small: str, tmp_path: Path) -> None:
    copy = tmp_path / "trace"
    shutil.copytree(small, copy)
    with tw.open(copy, program=MAIN) as trace:
        asked = question(trace, select="timestamp")
        part = max(asked.parts(), key=lambda one: one.packets)
        asked.check_there(part)
        for path in (copy / "kernel").rglob("*_1*"):
            path.unlink()
        with pytest.raises(RangeGone) as caught:
            list(asked.read(part, may_be_gone=True))
        assert caught.value.status == 410


def test_a_query_over_whole_servers_has_a_part_for_each(recorded: tw.Connection) -> None:
    asked = question(recorded, q="|> syscalls |> p99(dt) by syscall")
    assert asked.parts() == [Part(recorded.url)]
    with pytest.raises(ValueError, match="partial: expected"):
        question(recorded, q="|> syscalls |> p99(dt) by syscall", partial=True)


def test_reads_servers_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("# rack 1\nhttp://web1:7447\nhttp://web2:7447 # slow\n\n")
    assert urls_in(tmp_path / "hosts") == ["http://web1:7447", "http://web2:7447"]


def test_dask_counts_as_one_process_does(recorded: tw.Connection) -> None:
    pytest.importorskip("dask.dataframe")
    from tracewire.dask import read_tracewire

    frame = read_tracewire(
        recorded.url, token=recorded.place.token, part_bytes=PART_BYTES, select="timestamp,container,event,ret"
    )
    assert frame.npartitions > 3
    for part in (frame.get_partition(0), frame.get_partition(frame.npartitions - 1)):
        assert part.compute().dtypes.to_dict() == frame.dtypes.to_dict(), "as announced"
    counts = frame.groupby(["container", "event"]).size().compute().to_dict()
    table = recorded.query("|> count() by container, event").table().to_pylist()
    assert counts == {(row["container"], row["event"]): row["count"] for row in table}
    nothing = read_tracewire(recorded.url, token=recorded.place.token, begin="2030-01-01", end="2020-01-01", select="ret")
    assert nothing.compute().shape == (0, 1)
