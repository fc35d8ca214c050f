# SPDX-License-Identifier: Apache-2.0
"""Counts of requests as plain integers, which a scrape collects: a request takes no lock and makes no object.

One event loop runs a process, so nothing else counts at the same time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the histogram of durations."""

CLASSES: Final = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
"""The first: the client went before there was an answer."""

OTHER: Final = "other"
"""Whatever no route or method of ours is: what strangers make up must not become labels."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Cell:
    """What became of the requests of one method to one route."""

    __slots__ = ("buckets", "classes", "seconds")

    def __init__(self) -> None:
        self.classes = [0] * len(CLASSES)
        self.buckets = [0] * (len(BUCKETS_S) + 1)
        self.seconds = 0.0


class RequestCounts:
    """The cells of one process, by route template and method."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str], Cell] = {}
        self.active = 0
        """Requests that are being answered, streams among them."""
        self.streams = 0
        """Clients that follow the stream."""

    def add(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request; `status` 0: there was none."""
        cell = self._cells.get((route, method))
        if cell is None:
            cell = self._cells.setdefault((route, method if method in _METHODS else OTHER), Cell())
        cell.classes[status // 100] += 1
        cell.buckets[bisect_left(BUCKETS_S, seconds)] += 1
        cell.seconds += seconds

    def items(self) -> Iterator[tuple[str, str, Cell]]:
        """Route, method and cell."""
        for (route, method), cell in self._cells.items():
            yield route, method, cell
