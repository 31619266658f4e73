"""A widget over a live session for minutes: rows each second, memory, and what was lost or dropped.

    python bench/live_view.py TRACE [--rate 20000] [--seconds 600] [--keep 1m]

Replays TRACE in a loop, as fast as `--rate` asks, through a relay daemon's protocol and `tracewire serve`; pauses the drawing for a tenth
of the time; counts what the widget was sent. No browser: the widget's messages are counted where its kernel sends them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import tracewire as tw
from tracewire._local import find_node, find_program

TICK = os.sysconf("SC_CLK_TCK")
REPORT_SECONDS = 10.0


def span_of(trace: str) -> tuple[int, float]:
    """Events, and seconds from the first to the last."""
    with tw.open(trace) as recorded:
        events = recorded.query("|> count()").table()["count"][0].as_py()
        (source,) = recorded.place.get("/v1/watermark")["sources"]
    return int(events), (int(source["newest_ns"]) - int(source["oldest_ns"])) / 1e9


class Usage:
    """Processor seconds and memory of a process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.before = self.seconds()

    def seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def text(self, seconds: float) -> str:
        now = self.seconds()
        share, self.before = (now - self.before) / seconds, now
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        resident = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
        return f"{share:4.0%} cpu {resident / 1024:4.0f} MiB"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("trace")
    arguments.add_argument("--rate", type=float, default=20_000)
    arguments.add_argument("--seconds", type=float, default=600)
    arguments.add_argument("--keep", default="1m")
    given = arguments.parse_args()
    events, seconds = span_of(given.trace)
    speed = given.rate * seconds / events
    print(f"{events} events in {seconds:.1f} s: speed {speed:.2f}", flush=True)
    command = [find_node(), str(find_program()), "replay", given.trace, "--loop", "--now", "--speed", f"{speed:.3f}"]
    replay = subprocess.Popen([*command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        assert replay.stdout is not None
        with tw.open(replay.stdout.readline().strip()) as live:
            watch(live, replay.pid, given.seconds, given.keep)
    finally:
        replay.terminate()
        replay.wait()


def watch(live: tw.Connection, replay: int, seconds: float, keep: str) -> None:
    view = live.query(select=["timestamp", "event", "tid", "procname"]).live(keep=keep)
    frames = 0

    def count(*_: Any, **__: Any) -> None:
        nonlocal frames
        frames += 1

    view.send = count  # type: ignore[method-assign]
    server = live._server
    assert server is not None
    usages = {"kernel": Usage(os.getpid()), "server": Usage(server.pid), "replay": Usage(replay)}
    began = before = time.monotonic()
    rows, drawn = 0, 0
    while (now := time.monotonic()) - began < seconds:
        time.sleep(REPORT_SECONDS)
        view.paused = 0.5 < (now - began) / seconds < 0.6
        now = time.monotonic()
        status = view._account()
        each = "; ".join(f"{name} {usage.text(now - before)}" for name, usage in usages.items())
        lag = (time.time_ns() - int(status["watermark_ns"] or 0)) / 1e9
        print(
            f"{now - began:5.0f} s {(status['rows'] - rows) / (now - before):7.0f} rows/s, kept {status['kept']}"
            f" ({status['bytes'] >> 20} MiB), {frames - drawn} frames{' paused' if view.paused else ''}, lag {lag:.1f} s,"
            f" dropped {status['dropped']}, lost {status['lost_events']}+{status['lost_packets']}; {each}",
            flush=True,
        )
        rows, drawn, before = status["rows"], frames, now
    print(f"{view.table().num_rows} rows kept, {status['rows']} came in {now - began:.0f} s, error {view.error!r}")
    view.close()


if __name__ == "__main__":
    main()
