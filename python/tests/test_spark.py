"""Spark over two servers gives what one process gives: batches, streams, partial aggregates, losses."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import tracewire as tw
from conftest import MAIN, metrics

pytest.importorskip("pyspark")
if os.environ.get("TRACEWIRE_REQUIRE") != "all" and os.environ.get("TRACEWIRE_SPARK") is None:
    pytest.skip("TRACEWIRE_SPARK=1 runs it", allow_module_level=True)

#: Small enough for several ranges of each source.
PART_BYTES = str(1_000_000)


TOKEN = "spark-spark-spark"
#: Java compiles for a minute of work, not for days of it.
QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"


@pytest.fixture(scope="module")
def connections(small: str, lossy: str) -> Iterator[Sequence[tw.Connection]]:
    os.environ["TRACEWIRE_TOKEN"] = TOKEN
    both = [tw.open(trace, program=MAIN, options=("--token", TOKEN)) for trace in (small, lossy)]
    yield both
    for one in both:
        one.close()
    del os.environ["TRACEWIRE_TOKEN"]


@pytest.fixture(scope="module")
def servers(connections: Sequence[tw.Connection]) -> dict[str, str]:
    return {"urls": ",".join(one.url for one in connections), "partBytes": PART_BYTES}


@pytest.fixture(scope="module")
def spark(servers: dict[str, str]) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    from tracewire.spark import TracewireDataSource

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    folders = [str(Path(tw.__file__).parents[1]), str(Path(__file__).parent / "support"), os.environ.get("PYTHONPATH")]
    path = os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.extraJavaOptions", QUICK_START)
        .config("spark.executor.extraJavaOptions", QUICK_START)
        .config("spark.python.daemon.module", "warm_daemon")
        .config("spark.task.maxFailures", "1")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.python.filterPushdown.enabled", "true")
        .config("spark.executorEnv.PYTHONPATH", path)
        .config("spark.executorEnv.TRACEWIRE_TOKEN", os.environ["TRACEWIRE_TOKEN"])
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    session.dataSource.register(TracewireDataSource)
    yield session
    session.stop()


@pytest.fixture(scope="module")
def one_process(small: str, lossy: str) -> Iterator[tw.Connection]:
    with tw.open(small, lossy, program=MAIN) as connection:
        yield connection


def counted(rows: Any) -> Counter[tuple[Any, ...]]:
    counts: Counter[tuple[Any, ...]] = Counter()
    for *key, count in rows:
        counts[tuple(key)] += int(count)
    return counts


@pytest.fixture(scope="module")
def expected(one_process: tw.Connection) -> Counter[tuple[Any, ...]]:
    table = one_process.query("|> count() by container, event |> select container, event, count").table()
    return counted(zip(*(table[name].to_pylist() for name in ("container", "event", "count"))))


def test_counts_as_one_process_does(spark: Any, servers: dict[str, str], expected: Counter[Any]) -> None:
    frame = spark.read.format("tracewire").options(**servers, select="container,event").load()
    assert frame.rdd.getNumPartitions() > 2
    assert counted(frame.groupBy("container", "event").count().collect()) == expected


def test_merges_partial_aggregates(spark: Any, servers: dict[str, str], expected: Counter[Any]) -> None:
    frame = spark.read.format("tracewire").options(**servers, q="|> count() by container, event", partial="true").load()
    merged = frame.groupBy("container", "event").sum("count").collect()
    assert counted(merged) == expected


def test_keeps_nanoseconds(spark: Any, servers: dict[str, str], one_process: tw.Connection) -> None:
    frame = spark.read.format("tracewire").options(**servers, select="timestamp,event").load()
    import pyarrow as pa

    times = one_process.query(select="timestamp").table()["timestamp"].cast(pa.int64()).to_pylist()
    assert sorted(row[0] for row in frame.select("ts_ns").collect()) == sorted(times)


def rows_sent(connections: Sequence[tw.Connection]) -> int:
    """By all queries of some servers so far."""
    return sum(int(metrics(connection)["tracewire_rows_total"]) for connection in connections)


def plan_of(frame: Any) -> str:
    """What `explain("formatted")` prints."""
    jvm = frame.sparkSession._jvm
    mode = jvm.org.apache.spark.sql.execution.ExplainMode.fromString("formatted")
    return str(frame._jdf.queryExecution().explainString(mode))


def test_pushes_filters_down(
    spark: Any, servers: dict[str, str], connections: Sequence[tw.Connection], one_process: tw.Connection
) -> None:
    times = one_process.query(select="timestamp").table()["timestamp"].cast("int64").to_pylist()
    begin = sorted(times)[1000] // 1000 * 1000
    where = 'ret < 0 && ($event.name == "syscall_exit_read" || $event.name == "syscall_exit_openat") && $ctx.tid > 1'
    expected = one_process.query(where=where, begin=begin).table().num_rows
    assert expected > 0
    sent, plans = {}, {}
    for pushes in ("false", "true"):
        frame = spark.read.format("tracewire").options(**servers, select="timestamp,event,ret,tid", pushFilters=pushes).load()
        found = frame.filter("ret < 0 and event in ('syscall_exit_read', 'syscall_exit_openat') and tid > 1")
        found = found.filter(f"timestamp >= timestamp_micros({begin // 1000})")
        before = rows_sent(connections)
        assert found.count() == expected
        sent[pushes] = rows_sent(connections) - before
        plans[pushes] = plan_of(found)
    assert sent["true"] == expected, "servers leave out what does not pass"
    assert sent["false"] > 10 * expected, "Spark leaves it out"
    assert "* Filter" in plans["false"] and "LessThan(ret,0)" not in plans["false"]
    (shown,) = [line for line in plans["true"].splitlines() if line.startswith("PushedFilters: ")]
    for one in ("LessThan(ret,0)", "GreaterThan(tid,1)", "In(event", "GreaterThanOrEqual(timestamp,"):
        assert one in shown
    assert "* Filter" not in plans["true"], "nothing is left for Spark to decide"


def test_a_range_that_is_empty_has_no_rows(spark: Any, servers: dict[str, str]) -> None:
    reader = spark.read.format("tracewire").options(**servers, select="timestamp,ret")
    assert reader.options(begin="2030-01-01", end="2020-01-01").load().count() == 0


def test_what_is_gone_is_counted_beside_the_rows(spark: Any, small: str, tmp_path: Path) -> None:
    copy = tmp_path / "trace"
    shutil.copytree(small, copy)
    with tw.open(copy, program=MAIN, options=("--token", TOKEN)) as server:
        options = {"urls": server.url, "partBytes": PART_BYTES, "select": "timestamp"}
        losses = str(tmp_path / "losses")
        counting = spark.read.format("tracewire").options(**options, gone="loss", lossesTo=losses).load().rdd
        strict = spark.read.format("tracewire").options(**options).load().rdd
        # Spark plans when it is asked for the partitions: what goes behind that is gone.
        assert counting.getNumPartitions() > 1 and strict.getNumPartitions() > 1
        for path in (copy / "kernel").rglob("*_1*"):
            path.unlink()
        assert 0 < counting.count() < 17_202
        with pytest.raises(Exception, match="RANGE_GONE"):
            strict.count()
        rows = spark.read.parquet(losses).collect()
        assert {row["kind"] for row in rows} == {"range-gone"}
        assert sum(row["count"] for row in rows) > 0


def test_lists_losses_once(spark: Any, servers: dict[str, str], one_process: tw.Connection) -> None:
    rows = spark.read.format("tracewire").options(**servers, table="losses").load().collect()
    query = one_process.query(select="timestamp")
    query.table()
    discarded = sum(row["count"] for row in rows if row["kind"] == "discarded-events")
    assert discarded == query.losses.events > 0


def test_streams_each_row_once_over_a_restart(
    spark: Any, servers: dict[str, str], one_process: tw.Connection, tmp_path: Path
) -> None:
    def run(trigger: dict[str, Any]) -> Any:
        stream = spark.readStream.format("tracewire").options(**servers, select="timestamp,event")
        return (
            stream.option("maxBytesPerTrigger", "1500000")
            .load()
            .writeStream.format("parquet")
            .option("path", str(tmp_path / "rows"))
            .option("checkpointLocation", str(tmp_path / "checkpoint"))
            .trigger(**trigger)
            .start()
        )

    first = run({"processingTime": "0 seconds"})
    while first.lastProgress is None:
        first.awaitTermination(0.2)
    first.stop()
    run({"availableNow": True}).awaitTermination()
    written = spark.read.parquet(str(tmp_path / "rows"))
    import pyarrow as pa

    times = one_process.query(select="timestamp").table()["timestamp"].cast(pa.int64()).to_pylist()
    assert sorted(row[0] for row in written.select("ts_ns").collect()) == sorted(times)


def test_an_error_of_a_server_is_an_error_of_the_job(spark: Any, servers: dict[str, str]) -> None:
    with pytest.raises(Exception, match="FILTER_SYNTAX"):
        spark.read.format("tracewire").options(**servers, where="ret <").load().count()
    with pytest.raises(Exception, match="expected FILTER .> count"):
        spark.read.format("tracewire").options(**servers, q="|> syscalls |> p99(dt)", partial="true").load()
    with pytest.raises(Exception, match="option: expected one of"):
        spark.read.format("tracewire").options(**servers, wher="x").load()
