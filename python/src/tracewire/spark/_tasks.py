"""What a task does with its part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
from pyspark.sql.datasource import InputPartition

from .._errors import TracewireError
from .._loss_log import HOST_BEHIND, RANGE_GONE, LossLog
from .._parts import UNREACHABLE, Part, Question, RangeGone
from .._plain import plain_batch
from ._pushed import PushedFilters


class PartPartition(InputPartition):
    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self.part = part


@dataclass(frozen=True)
class TaskReader:
    """What a task does with its part."""

    question: Question
    schema: pa.Schema
    #: Where what is gone is counted; an error if there is none.
    gone: LossLog | None = None
    #: Where a server is counted that cannot be reached; an error if there is none.
    behind: LossLog | None = None
    may_be_gone: bool = False
    pushed: PushedFilters = PushedFilters()

    def read(self, part: Part) -> Iterator[pa.RecordBatch]:
        has_rows = False
        # What is left of a part is read where the rest may be lost.
        asked = part if self.gone is None else replace(part, packets=0)
        try:
            for batch in self.question.read(asked, self.may_be_gone):
                has_rows = True
                yield self.pushed.passing(plain_batch(batch, self.schema))
            if self.gone is not None:
                self.question.check_there(part)
        except RangeGone as missing:
            if self.gone is None:
                raise
            self.gone.add(part, RANGE_GONE, missing.missing, str(missing))
            return
        except TracewireError as lost:
            # Behind rows, the task fails and runs again: a part of a range cannot be counted.
            if self.behind is None or has_rows or lost.code not in UNREACHABLE:
                raise
            self.behind.add(part, HOST_BEHIND, part.packets, str(lost))
            return
        if self.gone is not None:
            self.gone.take_back(part, RANGE_GONE)
        if self.behind is not None:
            self.behind.take_back(part, HOST_BEHIND)
