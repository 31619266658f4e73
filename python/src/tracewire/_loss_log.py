"""What Spark's tasks could not read, a file for each loss: a table beside the rows, which other jobs read.

Spark 4.3 takes no metrics from data sources in Python, and accumulators do not reach their readers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from ._parts import LOSS_SCHEMA, Part, loss_batch

#: A server that was left behind: how many events its range had is not known.
HOST_BEHIND = "host-behind"
#: Packets that were deleted before they were read.
RANGE_GONE = "range-gone"


@dataclass(frozen=True)
class LossLog:
    """A folder, by a path or a URI that pyarrow knows (`file:`, `hdfs:`, `s3:`), which driver and executors share.

    A loss is written under a name that is made of its part and kind, so that a task that runs again writes it again
    instead of a second one.
    """

    uri: str

    def add(self, part: Part, kind: str, count: int | None, message: str) -> None:
        """:param count: of what `kind` says; `None` where it is not known"""
        loss: dict[str, Any] = {
            "kind": kind,
            "count": count,
            "begin_ns": part.begin_ns,
            "end_ns": part.end_ns,
            "message": message,
        }
        system, folder = self._place()
        system.create_dir(folder, recursive=True)
        path = self._path(folder, part, kind)
        # Under another name until it is whole: a name with an underscore in front is none that Spark reads.
        with system.open_output_stream(f"{folder}/_{path.rpartition('/')[2]}") as file:
            pq.write_table(pa.Table.from_batches([loss_batch(part, [loss])]), file)
        system.move(f"{folder}/_{path.rpartition('/')[2]}", path)

    def take_back(self, part: Part, kind: str) -> None:
        """For a part that was read after all."""
        system, folder = self._place()
        path = self._path(folder, part, kind)
        if system.get_file_info(path).type == fs.FileType.File:
            system.delete_file(path)

    def table(self) -> pa.Table:
        """All losses so far."""
        system, folder = self._place()
        chosen = fs.FileSelector(folder, allow_not_found=True)
        paths = sorted(one.path for one in system.get_file_info(chosen) if not one.base_name.startswith("_"))
        tables = [pq.read_table(path, filesystem=system) for path in paths]
        return pa.concat_tables([LOSS_SCHEMA.empty_table(), *tables])

    def _place(self) -> tuple[fs.FileSystem, str]:
        if "://" in self.uri or self.uri.startswith("file:"):
            system, folder = fs.FileSystem.from_uri(self.uri)
            return system, folder.rstrip("/")
        return fs.LocalFileSystem(), self.uri.rstrip("/")

    @staticmethod
    def _path(folder: str, part: Part, kind: str) -> str:
        key = json.dumps([part.url, part.source, part.begin_ns, part.end_ns, kind])
        return f"{folder}/{kind}-{hashlib.sha256(key.encode()).hexdigest()[:32]}.parquet"
