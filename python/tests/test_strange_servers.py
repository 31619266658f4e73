"""Where another program answers, or none, the error says so, and the token is sent to nobody."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import tracewire as tw

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n"
NO_JSON = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives every client an answer, and keeps what clients said."""
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    said.append(client.recv(65536))
                    client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", said
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def sources(connection: tw.Connection) -> object:
    return connection.sources()


def table(connection: tw.Connection) -> object:
    return connection.query().table()


def follow(connection: tw.Connection) -> object:
    async def first() -> object:
        async for batch in connection.query().follow():
            return batch
        return None

    return asyncio.run(first())


EVERY_WAY = pytest.mark.parametrize("ask", [sources, table, follow])


@EVERY_WAY
def test_where_nothing_listens_there_is_no_server(ask: Callable[[tw.Connection], object]) -> None:
    with pytest.raises(tw.ConnectionLost) as caught:
        ask(tw.connect("http://127.0.0.1:9"))
    assert caught.value.code == "NO_SERVER"


@EVERY_WAY
def test_another_server_is_none_of_tracewire(ask: Callable[[tw.Connection], object]) -> None:
    with answering(NOT_FOUND) as (url, _), pytest.raises(tw.TracewireError, match="of tracewire, got HTTP status 404: not here"):
        ask(tw.connect(url))


@EVERY_WAY
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200"])
def test_an_answer_that_breaks_off_is_a_lost_connection(ask: Callable[[tw.Connection], object], answer: bytes) -> None:
    with answering(answer) as (url, _), pytest.raises(tw.TracewireError):
        ask(tw.connect(url))


def test_an_answer_that_is_no_json_is_none_of_tracewire() -> None:
    with answering(NO_JSON) as (url, _), pytest.raises(tw.TracewireError, match="of tracewire, got HTTP status 200: hello"):
        tw.connect(url).sources()


def test_a_redirection_does_not_get_the_token() -> None:
    with answering(NO_JSON) as (elsewhere, said):
        moved = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}/v1/sessions\r\nContent-Length: 0\r\n\r\n".encode()
        with answering(moved) as (url, _), pytest.raises(tw.TracewireError, match="HTTP status 302"):
            tw.connect(url, token="a-secret-of-mine").sources()
        assert said == []


def test_a_silent_server_is_a_time_out_everywhere() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = tw.connect(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(tw.QueryTimeout):
            connection.query(timeout=0.3).table()
        with pytest.raises(tw.QueryTimeout):
            connection.place.get("/v1/sessions", timeout=0.3)
