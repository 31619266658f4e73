"""Queries end on the server as soon as their client is done with them, however that comes about."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import tracewire as tw
from conftest import MAIN, Session

SOON = 5.0
#: Columns that make a batch of few rows.
MANY_BATCHES = ["timestamp", *["payload"] * 12]


def running(connection: tw.Connection) -> int:
    return len(connection.place.get("/v1/queries")["queries"])


def wait_until_none_runs(connection: tw.Connection) -> float:
    began = time.monotonic()
    while running(connection) > 0:
        assert time.monotonic() - began < SOON, "a query goes on without its client"
        time.sleep(0.01)
    return time.monotonic() - began


def slow(session: Session) -> tw.Query:
    """Waits for a session that does not come."""
    return session.connection.query(select="timestamp:int64", timeout=30)


def test_ends_with_its_stream(recorded: tw.Connection) -> None:
    with recorded.query().batches() as batches:
        next(batches)
    wait_until_none_runs(recorded)


def test_ends_with_a_consumer_that_stops_in_the_middle(recorded: tw.Connection) -> None:
    reader = recorded.query().reader()
    reader.read_next_batch()
    del reader
    wait_until_none_runs(recorded)


def test_a_lazy_frame_of_other_columns_leaves_no_run_behind(recorded: tw.Connection) -> None:
    pytest.importorskip("polars")
    query = recorded.query()
    frame = query.to_polars(lazy=True)
    assert frame.select("timestamp").collect().height == 17_202
    assert query._runs.take_aside() is None


def test_ends_when_nobody_holds_its_run_any_more(recorded: tw.Connection) -> None:
    query = recorded.query()
    stream = query.batches()
    next(stream)
    del stream
    wait_until_none_runs(recorded)
    # The query still has its account.
    assert query.losses.events == 0

    async def first() -> int:
        async for batch in query.follow():
            return batch.num_rows
        return 0

    assert asyncio.run(first()) > 0
    wait_until_none_runs(recorded)


def test_ends_when_it_is_cancelled_from_another_thread(session: Session) -> None:
    query = slow(session)
    threading.Timer(0.3, query.cancel).start()
    began = time.monotonic()
    assert list(query.batches()) == []
    assert time.monotonic() - began < SOON
    wait_until_none_runs(session.connection)


def cancel_once_it_runs(session: Session, query: tw.Query) -> None:
    while running(session.connection) == 0:
        time.sleep(0.02)
    query.cancel()


def test_a_cancelled_table_is_no_table(session: Session) -> None:
    takes = [lambda query: query.table(), lambda query: query.reader().read_all(), lambda query: query.to_polars()]
    for take in takes:
        query = slow(session)
        canceller = threading.Thread(target=cancel_once_it_runs, args=(session, query))
        canceller.start()
        with pytest.raises(Exception, match="cancelled before the end of its result"):
            take(query)
        canceller.join()
        wait_until_none_runs(session.connection)


def test_ends_with_ctrl_c(session: Session) -> None:
    script = (
        "import tracewire as tw, sys, polars as pl\n"
        f"c = tw.connect({session.connection.url!r}, token={session.connection.place.token!r})\n"
        "print('ready', flush=True)\n"
        "c.query(select='timestamp').table()\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    child.stdout.readline()
    while running(session.connection) == 0:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=10)
    assert "KeyboardInterrupt" in errors
    wait_until_none_runs(session.connection)


def test_ends_with_the_task_that_follows(session: Session) -> None:
    async def follow() -> None:
        async for _ in slow(session).follow():
            pass

    async def cancelled() -> None:
        task = asyncio.create_task(follow())
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    wait_until_none_runs(session.connection)


def test_a_silent_server_is_a_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = tw.connect(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(tw.QueryTimeout):
            connection.query(timeout=0.3).table()


def test_a_result_that_breaks_off_is_no_result(small: str) -> None:
    connection = tw.open(small, program=MAIN)
    # Of fewer bytes all might be on their way already.
    stream = connection.query(select=MANY_BATCHES).batches()
    next(stream)
    assert connection._server is not None
    os.kill(connection._server.pid, signal.SIGKILL)
    with pytest.raises(tw.ConnectionLost):
        for _ in stream:
            pass
    assert not stream.is_complete
    connection.close()


def test_the_server_ends_with_the_process_that_started_it(small: str) -> None:
    script = (
        "import tracewire as tw, time, sys\n"
        f"c = tw.open({small!r}, program={str(MAIN)!r}); print(c._server.pid, flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    pid = int(child.stdout.readline())
    child.kill()
    child.communicate()
    began = time.monotonic()
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() - began < 2 * SOON, "the server goes on"
        time.sleep(0.02)


def test_follows_over_a_lost_connection_without_losing_a_row(session: Session) -> None:
    query = session.connection.query(select=MANY_BATCHES, limit=17_202)
    breaks = 0

    async def follow() -> int:
        nonlocal breaks
        rows = 0
        async with query.follow() as following:
            async for batch in following:
                rows += batch.num_rows
                if breaks < 2 and following._writer is not None:
                    breaks += 1
                    following._writer.transport.abort()
        assert following.is_complete
        assert following.dropped == 0
        return rows

    session.begin(after=0.5)
    assert asyncio.run(follow()) == 17_202
    assert breaks == 2


def test_reads_on_over_a_lost_connection(session: Session) -> None:
    query = session.connection.query(select=MANY_BATCHES, limit=17_202)
    session.begin(after=0.5)
    rows = 0
    with query.batches() as stream:
        for i, batch in enumerate(stream):
            rows += batch.num_rows
            if i == 0 and stream._socket is not None:
                stream._socket._socket.shutdown(socket.SHUT_RDWR)
        assert stream.is_complete
    assert rows == 17_202


def is_there(pid: int) -> bool:
    """Whether a process runs; one that has ended may wait for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_server_ends_with_the_last_that_knows_it(small: str) -> None:
    query = tw.open(small, program=MAIN).query("|> count()")
    assert query.table().num_rows == 1, "its query keeps it"
    connection = tw.open(small, program=MAIN)
    assert connection._server is not None
    pid = connection._server.pid
    stream = connection.query().batches()
    del connection
    assert sum(batch.num_rows for batch in stream) == 17_202
    assert is_there(pid)
    del stream
    gc.collect()
    assert not is_there(pid)


def test_a_fork_ends_nothing_of_its_parent(small: str) -> None:
    with tw.open(small, program=MAIN) as connection:
        streams = [connection.query(select=MANY_BATCHES).batches()]
        rows = next(streams[0]).num_rows
        child = os.fork()
        if child == 0:
            streams.clear()
            connection.close()
            gc.collect()
            os._exit(0)
        os.waitpid(child, 0)
        assert rows + sum(batch.num_rows for batch in streams[0]) == 17_202
        assert connection.query("|> count()").table().num_rows == 1
