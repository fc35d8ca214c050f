# SPDX-License-Identifier: Apache-2.0
"""The statements of the address search, one a file."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def read_sql(name: str) -> bytes:
    """The statement of `<name>.sql`, as psycopg takes it."""
    return (Path(__file__).parent / f"{name}.sql").read_bytes()
