"""Streams of Spark where a server cannot be reached, and where what they come to is gone: the reader, against real servers.

No JVM: what Spark calls is called here, in its order.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path


import pytest

import tracewire as tw
from conftest import MAIN

pytest.importorskip("pyspark.sql.streaming.datasource")
from tracewire._errors import TracewireError
from tracewire._loss_log import LossLog
from tracewire.spark import StreamReader, TracewireDataSource

TOKEN = "stream-stream-stream"
HOST_LAG = 1.5


def served(trace: str | Path) -> tw.Connection:
    return tw.open(trace, program=MAIN, options=("--token", TOKEN))


@pytest.fixture()
def copies(small: str, tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "web1", tmp_path / "web2"]
    for path in paths:
        shutil.copytree(small, path)
        for file in path.rglob("*"):
            # They are not written to any more: all that they have is complete.
            os.utime(file, (1, 1))
    return paths


@pytest.fixture()
def servers(copies: list[Path]) -> Iterator[list[tw.Connection]]:
    both = [served(copy) for copy in copies]
    yield both
    for one in both:
        one.close()


def reader(servers: list[tw.Connection], **options: str) -> StreamReader:
    given = {"urls": ",".join(one.url for one in servers), "token": TOKEN, "select": "timestamp", **options}
    source = TracewireDataSource(given)
    made = source.streamReader(source.schema())
    assert isinstance(made, StreamReader)
    return made


def rows_of(stream: StreamReader, start: dict[str, str], end: dict[str, str]) -> int:
    return sum(batch.num_rows for part in stream.partitions(start, end) for batch in stream.read(part))


def next_offset(stream: StreamReader, start: dict[str, str]) -> dict[str, str]:
    return stream.latestOffset(start, stream.getDefaultReadLimit())


def kinds(log: Path) -> list[str]:
    return LossLog(str(log)).table()["kind"].to_pylist()


def test_waits_for_a_server_and_leaves_it_behind_after_its_lag(servers: list[tw.Connection], tmp_path: Path) -> None:
    log = tmp_path / "losses"
    stream = reader(servers, hostLag=str(HOST_LAG), lossesTo=str(log))
    start = stream.initialOffset()
    servers[1].close()
    began = time.monotonic()
    assert next_offset(stream, start) == start, "it is waited for"
    while (end := next_offset(stream, start)) == start:
        assert time.monotonic() - began < HOST_LAG + 5
        time.sleep(0.1)
    assert time.monotonic() - began >= HOST_LAG
    assert rows_of(stream, start, end) == 17_202, "of the other one"
    # The end of a batch waits for it no longer than that, either.
    assert time.monotonic() - began < 3 * HOST_LAG + 5
    (loss,) = LossLog(str(log)).table().to_pylist()
    assert (loss["kind"], loss["url"]) == ("host-behind", servers[1].url)
    assert (loss["begin_ns"], loss["end_ns"]) == (int(start["ns"]), int(end["ns"]))
    stream.partitions(start, end)
    assert kinds(log) == ["host-behind"], "planned again, it is the same loss"


def test_a_server_that_answers_nothing_is_left_behind_too(servers: list[tw.Connection], tmp_path: Path) -> None:
    stream = reader(servers, hostLag=str(HOST_LAG), lossesTo=str(tmp_path / "losses"))
    start = stream.initialOffset()
    pid: int = servers[1]._server.pid  # type: ignore[union-attr]
    os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        while (end := next_offset(stream, start)) == start:
            assert time.monotonic() - began < 4 * HOST_LAG + 5
        assert rows_of(stream, start, end) == 17_202
        assert time.monotonic() - began < 6 * HOST_LAG + 10
        assert kinds(tmp_path / "losses") == ["host-behind"]
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_server_that_is_lost_between_plan_and_read_is_counted_by_packets(
    servers: list[tw.Connection], tmp_path: Path
) -> None:
    log = tmp_path / "losses"
    stream = reader(servers, hostLag=str(HOST_LAG), lossesTo=str(log))
    start = stream.initialOffset()
    end = next_offset(stream, start)
    parts = list(stream.partitions(start, end))
    servers[1].close()
    assert sum(batch.num_rows for part in parts for batch in stream.read(part)) == 17_202
    losses = LossLog(str(log)).table()
    packets = sum(part.part.packets for part in parts if part.part.url == servers[1].url)
    assert sum(losses["count"].to_pylist()) == packets > 0


def test_without_a_lag_an_unreachable_server_holds_the_stream_up(servers: list[tw.Connection]) -> None:
    stream = reader(servers)
    start = stream.initialOffset()
    servers[1].close()
    assert next_offset(stream, start) == start
    time.sleep(HOST_LAG)
    assert next_offset(stream, start) == start


def test_a_part_that_is_gone_is_an_error_or_a_counted_loss(
    servers: list[tw.Connection], copies: list[Path], tmp_path: Path
) -> None:
    log = tmp_path / "losses"
    strict, counting = reader(servers[:1]), reader(servers[:1], gone="loss", lossesTo=str(log))
    start = strict.initialOffset()
    end = next_offset(strict, start)
    parts = list(strict.partitions(start, end))
    for path in (copies[0] / "kernel").rglob("*_1*"):
        path.unlink()
    with pytest.raises(TracewireError, match="RANGE_GONE") as caught:
        for part in parts:
            list(strict.read(part))
    assert caught.value.status == 410
    for part in parts:
        list(counting.read(part))
        list(counting.read(part))
    losses = LossLog(str(log)).table()
    assert set(losses["kind"].to_pylist()) == {"range-gone"}
    assert losses.num_rows == len({(one["begin_ns"], one["end_ns"]) for one in losses.to_pylist()}), "each once"
    assert sum(losses["count"].to_pylist()) > 0


def test_what_is_deleted_before_a_stream_comes_to_it_is_gone(small: str, tmp_path: Path) -> None:
    copy = tmp_path / "web"
    shutil.copytree(small, copy)
    server = served(copy)
    try:
        strict = reader([server], maxBytesPerTrigger="500000")
        first = strict.initialOffset()
        second = next_offset(strict, first)
        assert first != second
        third = next_offset(strict, second)
        strict.partitions(second, third)
        drop_first_packets(copy)
        with pytest.raises(TracewireError, match="RANGE_GONE.*expected events from .* on, got those from .* on"):
            strict.partitions(second, third)
        # A stream that begins now misses nothing.
        anew = reader([server], maxBytesPerTrigger="500000")
        begin = anew.initialOffset()
        anew.partitions(begin, next_offset(anew, begin))
        counting = reader([server], gone="loss", lossesTo=str(tmp_path / "losses"))
        counting.partitions(second, third)
        assert kinds(tmp_path / "losses") == ["range-gone"]
    finally:
        server.close()


def drop_first_packets(trace: Path) -> None:
    """All packets but the last of each stream, as a ring of files forgets them."""
    for stream in (trace / "kernel").glob("*_[0-9]"):
        index = stream.parent / "index" / f"{stream.name}.idx"
        data = index.read_bytes()
        length = int.from_bytes(data[12:16], "big")
        entries = [data[at : at + length] for at in range(16, len(data), length)]
        last = int.from_bytes(entries[-1][:8], "big")
        stream.write_bytes(stream.read_bytes()[last:])
        index.write_bytes(data[:16] + (0).to_bytes(8, "big") + entries[-1][8:])


def test_losses_are_a_stream_in_which_each_is_once(lossy: str, tmp_path: Path) -> None:
    copy = tmp_path / "lossy"
    shutil.copytree(lossy, copy)
    for file in copy.rglob("*"):
        os.utime(file, (1, 1))
    server = served(copy)
    try:
        query = tw.connect(server.url, token=TOKEN).query(select="timestamp")
        query.table()
        expected = sorted((one["stream"], one["count"], one["end_ns"]) for one in query.loss_events)
        assert expected
        stream = reader([server], table="losses", maxBytesPerTrigger="100000")
        offset = stream.initialOffset()
        stream.prepareForTriggerAvailableNow()
        found, batches = [], 0
        while (end := next_offset(stream, offset)) != offset:
            batches += 1
            for part in stream.partitions(offset, end):
                for batch in stream.read(part):
                    found += [(row["stream"], row["count"], str(row["end_ns"])) for row in batch.to_pylist()]
            offset = end
        assert batches > 3
        assert sorted(found) == expected
    finally:
        server.close()


def test_gone_as_a_loss_needs_a_place_for_it(servers: list[tw.Connection]) -> None:
    with pytest.raises(ValueError, match="gone=loss: expected lossesTo"):
        reader(servers, gone="loss")
    with pytest.raises(ValueError, match="gone: expected error or loss"):
        reader(servers, gone="maybe")


def test_a_stream_begins_by_its_own_option(servers: list[tw.Connection]) -> None:
    with pytest.raises(ValueError, match="expected startingNs instead of times, got begin"):
        reader(servers, begin="+1s")
