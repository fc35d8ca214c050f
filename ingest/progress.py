# SPDX-License-Identifier: Apache-2.0
"""How a load tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

from twin.text import Text

OnProgress = Callable[[Text, float], None]


def ignore_progress(_step: Text, _fraction: float) -> None:
    """For callers that nobody watches."""
