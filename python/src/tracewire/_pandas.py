"""Data frames of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def pandas_frame(table: pa.Table) -> Any:
    """A table whose integers are pandas' nullable ones: beside an absent value they would be floats, which lose digits."""
    return table.to_pandas(types_mapper=_nullable)


def _nullable(kind: pa.DataType) -> Any:
    import pandas

    known = {
        "int8": pandas.Int8Dtype,
        "int16": pandas.Int16Dtype,
        "int32": pandas.Int32Dtype,
        "int64": pandas.Int64Dtype,
        "uint8": pandas.UInt8Dtype,
        "uint16": pandas.UInt16Dtype,
        "uint32": pandas.UInt32Dtype,
        "uint64": pandas.UInt64Dtype,
    }
    dtype = known.get(str(kind))
    return None if dtype is None else dtype()
