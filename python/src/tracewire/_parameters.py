"""Arguments of queries, as the protocol has them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: A text as `tracewire tail --begin` takes it, a datetime (one without a zone is local), a `numpy.datetime64`, or nanoseconds since the epoch.
Time = str | int | datetime
#: `10s`, `5m`, seconds, or a timedelta.
Duration = str | float | timedelta


def time_parameter(given: Time) -> str:
    """
    >>> time_parameter(1_700_000_000_123_456_789), time_parameter("08:55"), time_parameter(-5)
    ('1700000000.123456789', '08:55', '-0.000000005')
    >>> time_parameter(1.7e9)
    Traceback (most recent call last):
    TypeError: time: expected a text, a datetime or nanoseconds, got 1700000000.0
    """
    if isinstance(given, str):
        return given
    value = _nanoseconds(given)
    sign, ns = ("-", -value) if value < 0 else ("", value)
    return f"{sign}{ns // 10**9}.{ns % 10**9:09d}"


def _nanoseconds(given: Any) -> int:
    if isinstance(given, datetime):
        aware = given if given.tzinfo is not None else given.astimezone()
        # pandas' times are datetimes with nanoseconds.
        return (aware - EPOCH) // timedelta(microseconds=1) * 1000 + int(getattr(given, "nanosecond", 0))
    if type(given).__name__ == "datetime64" and hasattr(given, "astype"):
        # numpy's times are UTC.
        return int(given.astype("datetime64[ns]").astype("int64"))
    try:
        return operator.index(given)
    except TypeError:
        raise TypeError(f"time: expected a text, a datetime or nanoseconds, got {given!r}") from None


def duration_parameter(value: Duration) -> str:
    """
    >>> duration_parameter(1.5), duration_parameter("5m"), duration_parameter(timedelta(minutes=1))
    ('1500ms', '5m', '60000ms')
    """
    if isinstance(value, str):
        return value
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    return f"{round(seconds * 1000)}ms"


def names_parameter(value: str | Sequence[str]) -> list[str]:
    """`a,b`, or names one by one."""
    return split_names(value) if isinstance(value, str) else list(value)


def split_names(text: str) -> list[str]:
    """Commas between backquotes belong to a name.

    >>> split_names("a, `b,c`,d")
    ['a', '`b,c`', 'd']
    """
    names, current, quoted = [], "", False
    for char in text:
        if char == "`":
            quoted = not quoted
        if char == "," and not quoted:
            names.append(current.strip())
            current = ""
        else:
            current += char
    names.append(current.strip())
    return names


#: How each argument of `query()` becomes a parameter of the protocol.
READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "q": ("q", str),
    "where": ("where", str),
    "select": ("select", names_parameter),
    "events": ("events", names_parameter),
    "container": ("container", names_parameter),
    "source": ("source", str),
    "begin": ("begin", time_parameter),
    "end": ("end", time_parameter),
    "limit": ("limit", int),
    "order": ("order", str),
    "max_lag": ("maxLag", duration_parameter),
    "settle": ("settle", duration_parameter),
    "name_wait": ("nameWait", duration_parameter),
    "overflow": ("overflow", str),
}


def protocol_parameters(arguments: dict[str, Any]) -> dict[str, Any]:
    parameters: dict[str, Any] = {"dict": "plain"}
    for name, value in arguments.items():
        if value is not None:
            key, read = READERS[name]
            parameters[key] = read(value)
    return parameters
