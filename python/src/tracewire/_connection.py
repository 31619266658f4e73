"""A server, and what one can ask of it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from ._place import Place
from ._parameters import Duration, Time, protocol_parameters
from ._query import Query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from ._local import LocalServer


class Connection:
    """A tracewire server. Made by `tracewire.connect` and `tracewire.open`.

    A context manager; a server that `open` started ends with it.
    """

    def __init__(self, place: Place, server: LocalServer | None = None) -> None:
        self._place = place
        self._server = server

    @property
    def place(self) -> Place:
        """:raises TracewireError: `CLOSED`, where its own server has been ended"""
        self._place.check_open()
        return self._place

    @property
    def url(self) -> str:
        return self._place.url

    def sources(self) -> list[dict[str, Any]]:
        """What is served: `source`, and `kind`, live or recorded.

        >>> import tracewire as tw
        >>> with tw.open(demo_trace) as trace:
        ...     [source["kind"] for source in trace.sources()]
        ['recorded']
        """
        listed: list[dict[str, Any]] = self.place.get("/v1/sessions")["sources"]
        return listed

    def containers(self, source: str | None = None) -> list[dict[str, Any]]:
        """The containers in the sources, with their instances by time.

        >>> import tracewire as tw
        >>> with tw.open(demo_trace) as trace:
        ...     sorted(one["name"] for one in trace.containers() if one["name"])
        ['[HOST]', 'ample-adder', 'coherent-macaque', 'goofy_habit', 'master-cheetah', 'some-redis', 'thirsty_meninsky']
        """
        found: list[dict[str, Any]] = self.place.get("/v1/containers", _source(source))["containers"]
        return found

    def schema(self, source: str | None = None) -> dict[str, dict[str, list[dict[str, str]]]]:
        """Event classes by name, each with the `fields` and `contexts` that it declares.

        >>> import tracewire as tw
        >>> with tw.open(demo_trace) as trace:
        ...     [field["name"] for field in trace.schema()["sched_switch"]["fields"]]
        ['prev_comm', 'prev_tid', 'prev_prio', 'prev_state', 'next_comm', 'next_tid', 'next_prio']
        """
        events = self.place.get("/v1/schema", _source(source))["events"]
        return {event["name"]: {"fields": event["fields"], "contexts": event["contexts"]} for event in events}

    def complete(self, prefix: str, source: str | None = None) -> list[dict[str, Any]]:
        """What may follow a filter or a query that is being typed."""
        items: list[dict[str, Any]] = self.place.get("/v1/complete", {"prefix": prefix, **_source(source)})["items"]
        return items

    def explain(self, q: str, source: str | None = None) -> str:
        """What a filter or a query reads, decides and gives.

        >>> import tracewire as tw
        >>> with tw.open(demo_trace) as trace:
        ...     print(trace.explain("ret < 0 |> count() by event"))
        Reads the events
        ...
        """
        text: str = self.place.get("/v1/explain", {"q": q, **_source(source)})["text"]
        return text

    def watermark(self, source: str | None = None) -> dict[str, Any]:
        """Up to when each source is complete, and from when on it is kept, in ns since the epoch."""
        answer: dict[str, Any] = self.place.get("/v1/watermark", _source(source))
        return answer

    def query(
        self,
        q: str | None = None,
        *,
        where: str | None = None,
        select: str | Sequence[str] | None = None,
        events: str | Sequence[str] | None = None,
        container: str | Sequence[str] | None = None,
        source: str | None = None,
        begin: Time | None = None,
        end: Time | None = None,
        limit: int | None = None,
        order: str | None = None,
        max_lag: Duration | None = None,
        settle: Duration | None = None,
        name_wait: Duration | None = None,
        overflow: str | None = None,
        timeout: float = 60.0,
    ) -> Query:
        """A query, which runs when its rows are taken.

        `q` is the query language (`ret < 0 |> count() by container every 1s`), or the name of a query, `@cpu`;
        `where` and `select` ask for events. Times are texts, datetimes or ns since the epoch, both inclusive.

        >>> import tracewire as tw
        >>> with tw.open(demo_trace) as trace:
        ...     trace.query("|> count() by domain |> select domain, count").table().to_pylist()
        [{'domain': 'kernel', 'count': 16971}, {'domain': 'ust', 'count': 231}]
        """
        given = {name: value for name, value in locals().items() if name not in ("self", "timeout")}
        return Query(self.place, protocol_parameters(given), timeout)

    def close(self) -> None:
        """Ends the server, if `open` started it."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<tracewire {self.url}>"


def connect(url: str, *, token: str | None = None, tls: ssl.SSLContext | None = None) -> Connection:
    """A server that runs, by its URL or the link that it printed.

    `tls` is for certificates that the system does not know.
    """
    return Connection(Place.of(url, token, tls))


def _source(source: str | None) -> dict[str, str]:
    return {} if source is None else {"source": source}
