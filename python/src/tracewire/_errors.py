"""Errors of queries, in the server's words."""

from __future__ import annotations

import json
from typing import Any


class TracewireError(Exception):
    """A query, or its server, failed.

    `code` is the server's (`FILTER_SYNTAX`, `UNKNOWN_SOURCE` …; docs/protocol.md), `status` its HTTP status where it
    has one, `start` and `end` the place in `text`, and `expected` what could stand there.

    >>> print(TracewireError("expected a value", code="FILTER_SYNTAX", text="ret < ", start=6, end=6))
    FILTER_SYNTAX: expected a value
      ret <
            ^
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "CLIENT",
        status: int | None = None,
        text: str | None = None,
        start: int | None = None,
        end: int | None = None,
        expected: tuple[str, ...] = (),
    ) -> None:
        self.code = code
        self.message = message
        self.status = status
        self.text = text
        self.start = start
        self.end = end
        self.expected = expected
        # Most of the server's messages show the place themselves.
        shown = "" if "\n" in message else _caret(text, start, end)
        super().__init__(f"{code}: {message}{shown}")


class ConnectionLost(TracewireError, ConnectionError):
    """The connection broke before the end of the result. What came is not the whole result."""

    def __init__(self, message: str, code: str = "CONNECTION_LOST") -> None:
        super().__init__(message, code=code)


class NoServer(ConnectionLost):
    """Nobody answers at the server's address."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="NO_SERVER")


class QueryTimeout(TracewireError, TimeoutError):
    """The server sent nothing for the query's time-out."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="TIMEOUT")


def error_from_report(report: Any, text: str | None, status: int | None = None) -> TracewireError:
    """`{"code", "message", "start"?, "end"?, "expected"?}`, whatever else it may be → an error."""
    if not isinstance(report, dict):
        return TracewireError(f"expected an error of tracewire, got {report!r:.80}", status=status)
    expected = report.get("expected")
    return TracewireError(
        str(report.get("message", "")),
        code=str(report.get("code", "UNKNOWN")),
        status=status,
        text=text,
        start=_int(report.get("start")),
        end=_int(report.get("end")),
        expected=tuple(map(str, expected)) if isinstance(expected, list) else (),
    )


def error_from_body(body: bytes, status: int, text: str | None = None) -> TracewireError:
    """The answer of a refused request → an error."""
    try:
        report = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        shown = body[:200].decode(errors="replace")
        return TracewireError(f"expected an answer of tracewire, got HTTP status {status}: {shown}", code="HTTP", status=status)
    return error_from_report(report, text, status)


def _int(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _caret(text: str | None, start: int | None, end: int | None) -> str:
    if text is None or start is None:
        return ""
    # Places count UTF-16 code units.
    before = _units(text, 0, start)
    marked = _units(text, start, max(start, end if end is not None else start))
    line_start = before.rfind("\n") + 1
    line = text[line_start:].split("\n", 1)[0]
    marks = "^" * max(1, len(marked.split("\n", 1)[0]))
    return f"\n  {line}\n  {' ' * (len(before) - line_start)}{marks}"


def _units(text: str, start: int, end: int) -> str:
    return text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end].decode("utf-16-le", "replace")
