# SPDX-License-Identifier: Apache-2.0
"""How many streams one token may hold open in this process, or one address without a token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from api.http.errors import TooManyRequestsError
from twin.access import Actor
from twin.text import Text

_WAIT_S = 10.0


class StreamPlaces:
    """Counts the streams of each token, or address, as long as their connections are there."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[int | str] = Counter()

    @property
    def taken(self) -> int:
        """How many streams are open."""
        return self._taken.total()

    @contextmanager
    def take(self, actor: Actor, address: str) -> Generator[None]:
        """Hold a place until the end of the block. Raises TooManyRequestsError where all are taken."""
        key = address if actor.token_id is None else actor.token_id
        if self._taken[key] >= self._most:
            raise TooManyRequestsError(
                Text(
                    f"同时打开的变更流已达上限({self._most} 条)。请先关闭不用的页面。",
                    f"There are {self._most} streams open already, which is the most. Close pages that are not used.",
                ),
                _WAIT_S,
            )
        self._taken[key] += 1
        try:
            yield
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
