# SPDX-License-Identifier: Apache-2.0
"""The API's longer statements, one a file."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def read_sql(name: str) -> bytes:
    """The statement of `<name>.sql`, as psycopg takes it."""
    return (Path(__file__).parent / f"{name}.sql").read_bytes()
