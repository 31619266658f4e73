"""Errors are the server's, with the place."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

import tracewire as tw
from conftest import MAIN


def test_shows_where_a_filter_is_wrong(recorded: tw.Connection) -> None:
    with pytest.raises(tw.TracewireError) as caught:
        pa.table(recorded.query(where="ret < && tid"))
    assert caught.value.code == "FILTER_SYNTAX"
    assert caught.value.start == 6
    assert "ret < && tid\n" in str(caught.value)
    assert str(caught.value).endswith("\n      ^~")


def test_shows_where_a_query_is_wrong(recorded: tw.Connection) -> None:
    with pytest.raises(tw.TracewireError, match="there are count, sum"):
        recorded.query("ret < 0 |> conut()").table()


def test_names_what_there_is_instead(recorded: tw.Connection) -> None:
    with pytest.raises(tw.TracewireError, match="SELECT_UNKNOWN_FIELD.*filenam"):
        recorded.query(select="filenam").table()
    with pytest.raises(tw.TracewireError) as caught:
        recorded.query(source="elsewhere").table()
    assert (caught.value.code, caught.value.status) == ("UNKNOWN_SOURCE", None)


def test_says_that_a_token_is_missing(recorded: tw.Connection) -> None:
    stranger = tw.connect(recorded.url)
    with pytest.raises(tw.TracewireError) as caught:
        stranger.query().table()
    assert (caught.value.code, caught.value.status) == ("TOKEN_MISSING", 401)
    with pytest.raises(tw.TracewireError, match="TOKEN_WRONG"):
        tw.connect(recorded.url, token="another").sources()


def test_says_that_there_is_no_server() -> None:
    with pytest.raises(tw.ConnectionLost):
        tw.connect("http://127.0.0.1:9").query().table()
    with pytest.raises(tw.TracewireError, match="NO_SERVER"):
        tw.connect("http://127.0.0.1:9").sources()


def test_says_what_is_wrong_with_a_trace(tmp_path: Path) -> None:
    with pytest.raises(tw.TracewireError, match="expected a CTF trace"):
        tw.open(tmp_path, program=MAIN)


def test_says_which_nodes_it_looked_at(small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEWIRE_NODE", "/bin/false")
    with pytest.raises(tw.TracewireError, match="NO_NODE.*/bin/false"):
        tw.open(small)


@pytest.mark.parametrize("url", ["localhost:7447", "ftp://x", "http://", ""])
def test_refuses_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match="url: expected http"):
        tw.connect(url)


def test_takes_the_link_that_serve_prints(recorded: tw.Connection) -> None:
    linked = tw.connect(f"{recorded.url}/#token={recorded.place.token}")
    assert linked.sources() == recorded.sources()
    assert recorded.place.token not in repr(linked.query())


@pytest.mark.parametrize("options", [("--token", "chosen-by-me"), ("--token=chosen-by-me",), ("--listen", "127.0.0.1:0")])
def test_opens_with_the_token_and_address_that_options_say(small: str, options: tuple[str, ...]) -> None:
    with tw.open(small, program=MAIN, options=options) as trace:
        assert trace.query(events="sched_switch", limit=1).table().num_rows == 1


def test_says_which_program_is_wrong(small: str, tmp_path: Path) -> None:
    with pytest.raises(tw.TracewireError, match="NO_PROGRAM.*main.js, got '/nowhere/main.js'"):
        tw.open(small, program="/nowhere/main.js")
    broken, other = tmp_path / "broken.cjs", tmp_path / "other.cjs"
    broken.write_text("throw new TypeError('is no server')\n")
    with pytest.raises(tw.TracewireError) as caught:
        tw.open(small, program=broken)
    assert str(caught.value) == f"START: serve: {broken} ended: TypeError: is no server"
    other.write_text("console.log('hello'); setInterval(() => {}, 1000)\n")
    with pytest.raises(tw.TracewireError, match="expected the URL of a server from .*other.cjs, got 'hello'"):
        tw.open(small, program=other)


def test_says_that_its_own_server_has_been_ended(small: str) -> None:
    with tw.open(small, program=MAIN) as trace:
        query = trace.query()
    for ask in (trace.sources, query.table):
        with pytest.raises(tw.TracewireError, match="CLOSED.*close\\(\\) has ended"):
            ask()
