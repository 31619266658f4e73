"""The notebooks of `examples/` in a real kernel, and the widget without one."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import tracewire as tw
from conftest import MAIN, PROJECT, Replay, Session

ROWS = 17_202


def execute(name: str, monkeypatch: pytest.MonkeyPatch, **environment: str) -> Any:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    notebook = nbformat.read(PROJECT / "examples" / name, as_version=4)
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return notebook


def printed(notebook: Any) -> str:
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(
        "".join(output.get("text", "")) + "".join(output.get("data", {}).get("text/plain", "")) for output in outputs
    )


def test_tails_a_container(small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(execute("tail-a-container.ipynb", monkeypatch, TRACEWIRE_TRACE=small))
    assert "('some-redis', 'docker')" in text or "some-redis" in text
    assert "openat" in text
    assert "Losses(events=0" in text


def test_studies_latencies(small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(execute("latency-study.ipynb", monkeypatch, TRACEWIRE_TRACE=small))
    assert "table syscalls" in text
    assert "p99_dt" in text


def test_shows_a_session(small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    replay = Replay(small, "--speed", "max", "--loop")
    try:
        text = printed(execute("live-dashboard.ipynb", monkeypatch, TRACEWIRE_LIVE=replay.url))
    finally:
        replay.close()
    assert "(True, 0, 0)" in text
    assert "FILTER_SYNTAX" in text
    # A session begins with the state dump: which events are the most depends on how far it has come.
    assert "count_all" in text and ("sched" in text or "statedump" in text)


def shown(view: Any) -> list[tuple[dict[str, Any], list[bytes]]]:
    frames: list[tuple[dict[str, Any], list[bytes]]] = []
    view.send = lambda content, buffers=None: frames.append((content, buffers))
    return frames


def wait_for(condition: Any) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_view_keeps_rows_and_draws_the_newest(session: Session) -> None:
    pytest.importorskip("anywidget")
    view = session.connection.query(select=["timestamp", "event"]).live(keep="5m")
    frames = shown(view)
    session.begin()
    wait_for(lambda: view.table().num_rows == ROWS)
    # The status may know of rows before the frame that shows them is drawn.
    wait_for(lambda: view.status["rows"] == ROWS and frames and json.loads(frames[-1][1][1]))
    content, (numbers, rows) = frames[-1]
    assert content == {"type": "frame"}
    assert len(numbers) == 16
    assert len(json.loads(rows)) == 40
    assert json.loads(rows)[-1]["timestamp"].startswith("2026-11-22")
    view.paused = True
    time.sleep(0.3)
    before = len(frames)
    time.sleep(0.6)
    assert len(frames) == before
    view.close()
    wait_for(lambda: session.connection.place.get("/v1/queries")["queries"] == [])


def test_a_view_changes_its_filter_and_keeps_the_old_one_when_the_new_is_wrong(small: str) -> None:
    pytest.importorskip("anywidget")
    with tw.open(small, program=MAIN) as trace:
        view = trace.query(select=["timestamp", "event", "ret"]).live(keep="5m")
        shown(view)
        wait_for(lambda: view.table().num_rows == ROWS)
        view.where = "ret < "
        wait_for(lambda: "FILTER_SYNTAX" in view.error)
        assert view.table().num_rows == ROWS
        view.where = "ret < 0"
        wait_for(lambda: view.table().num_rows == 65 and view.error == "")
        view.close()


def test_what_is_kept_has_bounds_and_counts_what_it_forgets() -> None:
    import pyarrow as pa

    from tracewire._kept import KeptRows

    def batch(second: int) -> pa.RecordBatch:
        times = pa.array([second * 10**9 + i for i in range(100)], pa.timestamp("ns", "UTC"))
        return pa.RecordBatch.from_arrays([times], ["timestamp"])

    kept = KeptRows(10 * 10**9, 1 << 30)
    for second in range(100):
        kept.add(batch(second), 0)
    assert kept.table().num_rows == 1100
    assert kept.total - kept.forgotten == 1100
    narrow = KeptRows(10**18, 4 * 800)
    for second in range(100):
        narrow.add(batch(second), 0)
    assert narrow.nbytes <= 4 * 800
    assert narrow.total == narrow.forgotten + narrow.table().num_rows == 10_000


def test_the_cell_magic_answers_and_shows_errors_without_a_traceback(recorded: tw.Connection, capsys: Any) -> None:
    from tracewire._magic import run_cell

    class Shell:
        user_ns: dict[str, Any] = {"trace": recorded}

    shell = Shell()
    run_cell(shell, "trace --into answer --as table", "ret < 0\n|> count() by event\n|> top 3 by count")
    assert shell.user_ns["answer"].num_rows == 3
    assert run_cell(shell, "--as table", "ret < 0 |> limit 7").num_rows == 7
    assert run_cell(shell, "trace", "ret <") is None
    assert "FILTER_SYNTAX" in capsys.readouterr().out
    with pytest.raises(ValueError, match="invalid choice"):
        run_cell(shell, "trace --as excel", "")
    with pytest.raises(ValueError, match="expected nothing to be what"):
        run_cell(shell, "nothing", "")
