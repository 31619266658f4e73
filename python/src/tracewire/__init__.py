"""Queries over live LTTng sessions and recorded CTF traces.

>>> import tracewire as tw
>>> with tw.open(demo_trace) as trace:
...     trace.query("|> count() by container |> top 3 by count").table().num_rows
3
"""

from ._account import Losses
from ._connection import Connection, connect
from ._errors import ConnectionLost, QueryTimeout, TracewireError
from ._follow import Following
from ._local import open  # noqa: A004
from ._query import Query
from ._stream import Stream
from ._version import __version__

__all__ = [
    "Connection",
    "ConnectionLost",
    "Following",
    "Losses",
    "Query",
    "QueryTimeout",
    "Stream",
    "TracewireError",
    "__version__",
    "connect",
    "open",
]


def load_ipython_extension(shell: object) -> None:
    """`%load_ext tracewire`: the cell magic `%%tracewire`."""
    from ._magic import register

    register(shell)
