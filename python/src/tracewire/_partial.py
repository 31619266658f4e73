"""Queries over parts whose answers can be merged to the answer about the whole."""

from __future__ import annotations

import re

#: Aggregates of parts that can be merged by themselves: sums of sums, least of least.
_MERGEABLE = r"(?:[A-Za-z_]\w*\s*=\s*)?(?:count|sum|min|max)\((?:[^()]|\([^()]*\))*\)(?:\s+if\s+\((?:[^()]|\([^()]*\))*\))?(?:\s+as\s+\w+)?"
_AGGREGATE = re.compile(rf"^{_MERGEABLE}(?:\s*,\s*{_MERGEABLE})*(?:\s+by\s+[^|]+?)?(?:\s+every\s+\w+)?$")


def check_partial(q: str | None) -> None:
    """Whether the answers to a query about parts can be merged to the answer about the whole.

    >>> check_partial("ret < 0 |> count(), max(ret) by container, event every 1s")
    >>> check_partial("|> syscalls |> p99(dt)")
    Traceback (most recent call last):
    ValueError: partial: expected FILTER |> count(), sum(x), min(x) or max(x) by NAMES, got |> syscalls |> p99(dt)
    """
    stages = [stage.strip() for stage in (q or "").split("|>")[1:]]
    if len(stages) == 1 and _AGGREGATE.match(stages[0]):
        return
    raise ValueError(f"partial: expected FILTER |> count(), sum(x), min(x) or max(x) by NAMES, got {q}")
