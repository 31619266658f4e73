"""Columns of the types that Spark has: signed integers, microseconds, no dictionaries."""

from __future__ import annotations

import pyarrow as pa

from ._errors import TracewireError


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """A schema of the types that Spark has: signed integers, microseconds; `ts_ns` keeps the nanoseconds."""
    fields = []
    for column in schema:
        fields.append(pa.field(column.name, plain_type(column.type)))
        if pa.types.is_timestamp(column.type) and nanoseconds_name(column.name) not in schema.names:
            fields.append(pa.field(nanoseconds_name(column.name), pa.int64()))
    return pa.schema(fields)


def nanoseconds_name(name: str) -> str:
    return "ts_ns" if name == "timestamp" else f"{name}_ns"


def plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC")
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_list(kind):
        return pa.list_(plain_type(kind.value_type))
    if pa.types.is_null(kind):
        return pa.string()
    signed = {pa.uint8(): pa.int16(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64(), pa.uint64(): pa.decimal128(20, 0)}
    return signed.get(kind, kind)


def plain_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch with exactly the columns of a schema that `plain_schema` made; columns that it lacks are null.

    :raises TracewireError: `COLUMNS_CHANGED`, for values that the schema's types do not hold
    """
    columns: dict[str, pa.Array] = {}
    for name, column in zip(batch.schema.names, batch.columns):
        columns[name] = column
        if pa.types.is_timestamp(column.type) and nanoseconds_name(name) not in batch.schema.names:
            columns[nanoseconds_name(name)] = column.cast(pa.int64())
    arrays = []
    for wanted in schema:
        column = columns.get(wanted.name)
        if column is None:
            arrays.append(pa.nulls(batch.num_rows, wanted.type))
            continue
        try:
            # Times lose their nanoseconds, which stand in a column of their own.
            arrays.append(column.cast(wanted.type, safe=not pa.types.is_timestamp(wanted.type)))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as failed:
            message = f"{wanted.name}: expected {wanted.type}, got {column.type}: {failed}"
            raise TracewireError(message, code="COLUMNS_CHANGED") from failed
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
