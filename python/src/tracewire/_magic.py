"""`%%tracewire CONNECTION [--into NAME] [--as KIND] [--live]`: a cell in the query language."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from ._connection import Connection
from ._errors import TracewireError
from ._pandas import pandas_frame


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise ValueError(f"%%tracewire: {message}")


def _parser() -> _Parser:
    parser = _Parser(prog="%%tracewire", add_help=False)
    parser.add_argument("connection", nargs="?", help="a variable that connect() or open() gave, or a URL")
    parser.add_argument("--into", help="a variable for the rows")
    parser.add_argument("--as", dest="kind", choices=["table", "polars", "pandas"], help="default: what is installed")
    parser.add_argument("--rows", type=int, help="at most so many")
    parser.add_argument("--seconds", type=float, help="of a live session: so long")
    parser.add_argument("--live", action="store_true", help="a widget that shows rows as they come")
    return parser


def register(shell: Any) -> None:
    def tracewire(line: str, cell: str) -> Any:
        return run_cell(shell, line, cell)

    shell.register_magic_function(tracewire, "cell", "tracewire")


def run_cell(shell: Any, line: str, cell: str) -> Any:
    """Errors of the query are printed with their place, without a traceback."""
    options = _parser().parse_args(shlex.split(line))
    query = _connection(shell.user_ns, options.connection).query(cell.strip())
    try:
        if options.live:
            result: Any = query.live()
        else:
            result = _as(options.kind, query.table(rows=options.rows, seconds=options.seconds))
    except TracewireError as wrong:
        print(wrong)
        return None
    if query.losses:
        print(f"incomplete: {query.losses}")
    if options.into is None:
        return result
    shell.user_ns[options.into] = result
    return None


def _connection(variables: dict[str, Any], name: str | None) -> Connection:
    if name is not None and name.startswith(("http://", "https://")):
        from ._connection import connect

        return connect(name)
    if name is None:
        found = [value for value in variables.values() if isinstance(value, Connection)]
        if found:
            return found[-1]
        raise ValueError("%%tracewire: expected a variable that tracewire.open() or connect() gave, found none")
    value = variables.get(name)
    if isinstance(value, Connection):
        return value
    raise ValueError(f"%%tracewire: expected {name} to be what tracewire.open() or connect() gave, got {type(value).__name__}")


def _as(kind: str | None, table: Any) -> Any:
    for name in (kind,) if kind is not None else ("pandas", "polars", "table"):
        try:
            if name == "pandas":
                return pandas_frame(table)
            if name == "polars":
                import polars

                return polars.from_arrow(table)
        except ImportError:
            if kind is not None:
                raise
    return table
