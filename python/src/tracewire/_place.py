"""Where a server is, and how one connects to it."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ._errors import ConnectionLost, NoServer, QueryTimeout, TracewireError, error_from_body

if TYPE_CHECKING:
    from ._local import LocalServer

#: Seconds until a connection must stand, and a small answer be there.
CONNECT_SECONDS = 10.0
MAX_ANSWER_BYTES = 64 << 20
MAX_ERROR_BYTES = 64 << 10


@dataclass(frozen=True)
class Place:
    """A server's address, and what it asks of a client."""

    url: str
    token: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False, compare=False)
    #: What is kept for as long as somebody may connect: a server that was started for it.
    owner: LocalServer | None = field(default=None, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return Place, (self.url, self.token, self.tls)

    def __deepcopy__(self, memo: dict[int, Any]) -> Place:
        return self

    @staticmethod
    def of(url: str, token: str | None, tls: ssl.SSLContext | None = None) -> Place:
        """A link as the server prints it has its token behind `#token=`."""
        bare, _, fragment = url.partition("#")
        linked = urllib.parse.parse_qs(fragment).get("token", [None])[0]
        parts = urllib.parse.urlsplit(bare)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url: expected http://HOST:PORT or https://HOST:PORT, got {url!r}")
        place = Place(bare.rstrip("/"), token if token is not None else linked, tls)
        if place.token is not None and not (place.token.isascii() and place.token.isprintable()):
            raise ValueError("token: expected printable ASCII, got something else")
        return place

    @property
    def parts(self) -> urllib.parse.SplitResult:
        return urllib.parse.urlsplit(self.url)

    @property
    def address(self) -> tuple[str, int]:
        parts = self.parts
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def tls_context(self) -> ssl.SSLContext | None:
        if self.parts.scheme != "https":
            return None
        return self.tls if self.tls is not None else ssl.create_default_context()

    def check_open(self) -> None:
        """:raises TracewireError: `CLOSED`, where its own server has been ended: its port may be another's by now"""
        if self.owner is not None and self.owner.is_closed:
            raise TracewireError(f"{self.url}: expected a server, got one that close() has ended", code="CLOSED")

    def dial(self, timeout: float) -> socket.socket:
        """A connected socket, with TLS where the URL says so."""
        self.check_open()
        plain = socket.create_connection(self.address, min(timeout, CONNECT_SECONDS))
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            context = self.tls_context
            ready = plain if context is None else context.wrap_socket(plain, server_hostname=self.address[0])
            ready.settimeout(timeout)
            return ready
        except BaseException:
            plain.close()
            raise

    def get(self, path: str, parameters: dict[str, str] | None = None, timeout: float = 60.0) -> Any:
        """The JSON that a path answers."""
        self.check_open()
        search = urllib.parse.urlencode(parameters or {})
        request = urllib.request.Request(f"{self.url}{path}{'?' if search else ''}{search}")
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.tls_context), _NoRedirects()
        )
        try:
            with opener.open(request, timeout=timeout) as answer:
                body = answer.read(MAX_ANSWER_BYTES + 1)
        except urllib.error.HTTPError as refused:
            with refused:
                raise error_from_body(refused.read(MAX_ERROR_BYTES), refused.code) from None
        except TimeoutError as late:
            raise QueryTimeout(f"{self.url}: expected an answer within {timeout} s, got none") from late
        except urllib.error.URLError as lost:
            if isinstance(lost.reason, TimeoutError):
                raise QueryTimeout(f"{self.url}: expected an answer within {timeout} s, got none") from lost
            raise NoServer(f"{self.url}: {lost.reason}") from lost
        except (OSError, http.client.HTTPException) as lost:
            raise ConnectionLost(f"{self.url}: expected an answer, got {lost!r}") from lost
        if len(body) > MAX_ANSWER_BYTES:
            raise TracewireError(f"{path}: expected at most {MAX_ANSWER_BYTES} bytes, got more", code="HTTP")
        try:
            return json.loads(body)
        except ValueError:
            raise error_from_body(body, 200) from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Another address would get the token."""

    def redirect_request(self, *_: Any) -> None:
        return None
