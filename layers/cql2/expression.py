# SPDX-License-Identifier: Apache-2.0
"""A filter expression as a statement takes it: SQL over the columns of a layer's SELECT, and what that binds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg.sql import Composable


@dataclass(frozen=True)
class Expression:
    """A condition. `key` is equal for equal ones and short, whatever the expression's length; it stands for all."""

    key: str
    text: Composable = field(compare=False, repr=False)
    values: Mapping[str, Any] = field(compare=False, repr=False)
    names: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """The properties it asks about."""
