"""Traces of many hosts in Apache Spark 4.2 or newer, by its Python Data Source API.

    from tracewire.spark import TracewireDataSource
    spark.dataSource.register(TracewireDataSource)
    spark.read.format("tracewire").option("urls", "http://web1:7447,http://web2:7447").option("where", "ret < 0").load()

Options: `urls`, or `hostsFile` with a URL on a line; `token`, `tokenFile` (default: the variable `TRACEWIRE_TOKEN` where tasks
run); the arguments of `Connection.query`; `partBytes`; `partial` for `q` whose rows Spark merges; `table=losses` for what is missing;
`pushFilters`, beside Spark's `spark.sql.python.filterPushdown.enabled`, for servers that leave out what `filter()` does:
`explain("formatted")` lists them as `PushedFilters`.
Streams: `startingNs`, `maxBytesPerTrigger`, `maxLag`, `hostLag`.
`gone=loss`: packets that were deleted before they were read are a loss instead of an error; `lossesTo`, the folder in which
those losses, and servers that a stream left behind, are listed (`spark.read.parquet(…)`).
"""

from ._source import TracewireDataSource
from ._stream import StreamReader

__all__ = ["StreamReader", "TracewireDataSource"]
