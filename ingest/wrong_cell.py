# SPDX-License-Identifier: Apache-2.0
"""Why a row of a table is turned away."""

from __future__ import annotations

from twin.text import Text


class WrongCellError(Exception):
    """Why a row is turned away, and for which field; never what it said."""

    def __init__(self, field: str, reason: Text) -> None:
        self.field, self.reason = field, reason
