"""Processor seconds of a count over many servers in Spark, beside one process, and what happens when something is killed.

    python bench/scale_out.py TRACE [--copies 8] [--servers 1,2,4,8] [--turns 3] [--kill]

Copies TRACE with other UUIDs, serves the copies by 1, 2, 4 and 8 processes, and counts them by container and event.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import tracewire as tw
from tracewire._local import find_program

TOKEN = "bench-bench-bench"
Q = "|> count() by container, event"
TICK = os.sysconf("SC_CLK_TCK")


def copy_with_new_uuids(trace: Path, to: Path) -> None:
    shutil.copytree(trace, to)
    found: set[bytes] = set()
    for path in to.rglob("metadata"):
        text = path.read_bytes()
        at = text.find(b'uuid = "')
        if at >= 0:
            found.add(text[at + 8 : at + 44])
    renamed = {old: str(uuid.uuid4()).encode() for old in found}
    for path in to.rglob("*"):
        if path.is_file() and path.suffix != ".idx":
            data = path.read_bytes()
            for old, new in renamed.items():
                data = data.replace(old, new).replace(uuid.UUID(old.decode()).bytes, uuid.UUID(new.decode()).bytes)
            path.write_bytes(data)


class Server:
    """One that is started again on its port."""

    def __init__(self, sources: list[str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.sources = sources
        self.start()

    def start(self) -> None:
        command = ["node", str(find_program()), "serve", *self.sources, "--listen", f"127.0.0.1:{self.port}"]
        environment = {**os.environ, "TRACEWIRE_TOKEN": TOKEN}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        assert self.process.stdout is not None
        self.process.stdout.readline()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill_and_start(self) -> None:
        self.process.kill()
        self.process.wait()
        time.sleep(1)
        self.start()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def processes() -> dict[int, tuple[int, float, str]]:
    """Parent, processor seconds (with those of children that ended) and command of each process."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "stat").read_text()
            command = (entry / "cmdline").read_text()
        except (OSError, ValueError):
            continue
        fields = text[text.rindex(")") + 2 :].split()
        found[int(entry.name)] = (int(fields[1]), sum(map(int, fields[11:15])) / TICK, command)
    return found


def processor_seconds(servers: list[Server]) -> float:
    """Of this process, all below it, and so the servers."""
    return sum(seconds for _, seconds, _ in below(os.getpid()).values())


def below(root: int) -> dict[int, tuple[int, float, str]]:
    everything = processes()
    tree = {root: everything[root]}
    grew = True
    while grew:
        more = {pid: one for pid, one in everything.items() if one[0] in tree and pid not in tree}
        tree.update(more)
        grew = bool(more)
    return tree


def one_process(sources: list[str], turns: int) -> Counter[Any]:
    """Rows of all traces from one server into DuckDB, as often as Spark is asked."""
    import duckdb

    server = Server(sources)
    connection = tw.connect(server.url, token=TOKEN)
    rows: list[Any] = []
    for turn in range(1, turns + 1):
        began, cpu = time.monotonic(), processor_seconds([])
        query = connection.query(select=["container", "event"])
        rows = duckdb.sql("select container, event, count(*) from query group by all").fetchall()
        seconds, used = time.monotonic() - began, processor_seconds([]) - cpu
        print(f"one process and DuckDB, turn {turn}: {seconds:.1f} s, {used:.1f} processor s", flush=True)
    server.close()
    return Counter({(container, event): n for container, event, n in rows})


def session(executors: int = 2) -> Any:
    from pyspark.sql import SparkSession

    from tracewire.spark import TracewireDataSource

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    spark = (
        SparkSession.builder.master(f"local-cluster[{executors},1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.task.maxFailures", "8")
        .config("spark.executorEnv.PYTHONPATH", os.environ.get("PYTHONPATH", ""))
        .config("spark.executorEnv.TRACEWIRE_TOKEN", TOKEN)
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    spark.dataSource.register(TracewireDataSource)
    return spark


def counted(spark: Any, servers: list[Server], **options: str) -> Counter[Any]:
    frame = spark.read.format("tracewire").options(urls=",".join(one.url for one in servers), **options).load()
    grouped = frame.groupBy("container", "event")
    rows = (grouped.sum("count") if "q" in options else grouped.count()).collect()
    return Counter({(row[0], row[1]): int(row[2]) for row in rows})


def costs(spark: Any, sources: list[str], counts: list[int], turns: int, expected: Counter[Any]) -> None:
    for count in counts:
        servers = [Server(sources[i::count]) for i in range(count)]
        ways = {"rows": {"select": "container,event"}, "partial": {"q": Q, "partial": "true"}}
        for name, options in ways.items():
            for turn in range(1, turns + 1):
                began, cpu = time.monotonic(), processor_seconds(servers)
                result = counted(spark, servers, **options)
                seconds, used = time.monotonic() - began, processor_seconds(servers) - cpu
                same = "same" if result == expected else "DIFFERENT"
                print(f"{count} servers, {name}, turn {turn}: {seconds:.1f} s, {used:.1f} processor s, {same}", flush=True)
        for server in servers:
            server.close()


def kills(spark: Any, sources: list[str], expected: Counter[Any]) -> None:
    servers = [Server(sources[::2]), Server(sources[1::2])]
    options = {"select": "container,event,payload", "partBytes": "4000000"}

    def kill_executor() -> None:
        executors = [pid for pid, one in below(os.getpid()).items() if "CoarseGrainedExecutorBackend" in one[2]]
        os.kill(executors[0], signal.SIGKILL)

    for name, kill in {"a server": servers[0].kill_and_start, "an executor": kill_executor}.items():
        began = time.monotonic()
        timer = threading.Timer(3, kill)
        timer.start()
        result = counted(spark, servers, **options)
        timer.join()
        same = "same" if result == expected else "DIFFERENT"
        print(f"{name} killed after 3 s: {time.monotonic() - began:.1f} s, {same}", flush=True)
    for server in servers:
        server.close()


#: A driver of its own, so that it can be killed.
DRIVER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from scale_out import session
urls, folder = sys.argv[2], sys.argv[3]
spark = session()
stream = spark.readStream.format("tracewire").options(urls=urls, select="timestamp,host", maxBytesPerTrigger="1500000").load()
(stream.writeStream.format("parquet").option("path", folder + "/rows").option("checkpointLocation", folder + "/checkpoint")
    .trigger(availableNow=True).start().awaitTermination())
"""


def killed_driver(sources: list[str], folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.dataset

    servers = [Server(sources[:1]), Server(sources[1:2])]
    urls = ",".join(one.url for one in servers)
    command = [sys.executable, "-c", DRIVER, str(Path(__file__).parent), urls, str(folder)]
    # A checkpoint knows when it may be read: commits are what is kept.
    commits = folder / "checkpoint/commits"
    killed = 0
    while True:
        driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        before = len(list(commits.glob("[0-9]*"))) if commits.exists() else 0
        while driver.poll() is None:
            done = len(list(commits.glob("[0-9]*"))) if commits.exists() else 0
            if killed < 2 and done >= before + 3:
                for pid in below(driver.pid):
                    os.kill(pid, signal.SIGKILL)
                killed += 1
            time.sleep(0.05)
        if driver.returncode == 0:
            break
        if driver.returncode != -signal.SIGKILL:
            raise RuntimeError(f"the driver ended with {driver.returncode}")
    log = {path.split("/")[-1] for path in committed_files(folder / "rows")}
    files = [str(path) for path in (folder / "rows").glob("*.parquet") if path.name in log]
    written = sorted(pa.dataset.dataset(files).to_table(columns=["ts_ns"])["ts_ns"].to_pylist())
    expected: list[int] = []
    for server in servers:
        table = tw.connect(server.url, token=TOKEN).query(select="timestamp").table()
        expected += table["timestamp"].cast(pa.int64()).to_pylist()
        server.close()
    batches = len(list(commits.glob("[0-9]*")))
    same = "each once" if written == sorted(expected) else "DIFFERENT"
    print(f"driver killed {killed} times: {len(written)} rows of {len(expected)} in {batches} batches, {same}", flush=True)


def committed_files(rows: Path) -> set[str]:
    """What the sink's log says is part of the table; files of batches that were not committed are not."""
    found: set[str] = set()
    for path in (rows / "_spark_metadata").iterdir():
        if not path.name.startswith("."):
            found |= {json.loads(line)["path"] for line in path.read_text().splitlines()[1:]}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--copies", type=int, default=8)
    parser.add_argument("--servers", default="1,2,4,8")
    parser.add_argument("--turns", type=int, default=3, help="Java compiles for the first dozen queries")
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    os.environ["TRACEWIRE_TOKEN"] = TOKEN
    with tempfile.TemporaryDirectory() as folder:
        sources = [str(Path(folder) / f"trace-{i}") for i in range(options.copies)]
        for source in sources:
            copy_with_new_uuids(options.trace, Path(source))
        expected = one_process(sources, options.turns)
        print(f"{expected.total()} events", flush=True)
        spark = session()
        counts = [int(count) for count in options.servers.split(",") if count]
        costs(spark, sources, counts, options.turns, expected)
        if options.kill:
            kills(spark, sources, expected)
        one_process(sources, options.turns)
        spark.stop()
        if options.kill:
            killed_driver(sources, Path(folder) / "stream")


if __name__ == "__main__":
    main()
