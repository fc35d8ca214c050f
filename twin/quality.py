# SPDX-License-Identifier: Apache-2.0
"""Quality issues: what a check found, kept until a later check no longer finds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import shapely
from psycopg.types.json import Jsonb

from twin.database import Connection
from twin.model.table import STORAGE_SRID
from twin.text import Text

Severity = Literal["error", "warning", "notice"]


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong: of which kind, how bad, where, and its geometry in the storage CRS."""

    kind: str
    severity: Severity
    where: str
    message: Text
    geometry: Any | None = None

    def as_feature(self) -> dict[str, Any]:
        """As GeoJSON, for a report."""
        geometry = None if self.geometry is None else shapely.geometry.mapping(shapely.set_precision(self.geometry, 0))
        return {
            "type": "Feature",
            "geometry": geometry,
            "properties": {
                "kind": self.kind, "severity": self.severity, "where": self.where, "message": self.message.as_dict(),
            },
        }  # fmt: skip


def keep_issues(
    connection: Connection,
    issues: Sequence[Issue],
    *,
    checked: Sequence[str],
    kinds: Sequence[str],
    load_id: int | None,
) -> None:
    """Put down what a check of the places `checked` for `kinds` found.

    What was found there before and is found again stays as it is; what is not found again is resolved.
    """
    found = {(issue.kind, issue.where, issue.message.en) for issue in issues}
    known = connection.execute(
        "SELECT id, kind, \"where\", message ->> 'en' FROM quality_issue "
        'WHERE resolved_at IS NULL AND "where" = ANY(%s) AND kind = ANY(%s)',
        (list(checked), list(kinds)),
    ).fetchall()
    gone = [row[0] for row in known if (row[1], row[2], row[3]) not in found]
    connection.execute("UPDATE quality_issue SET resolved_at = now() WHERE id = ANY(%s)", (gone,))
    stay = {(row[1], row[2], row[3]) for row in known}
    rows = [
        (
            load_id, issue.kind, issue.severity, issue.where, Jsonb(issue.message.as_dict()),
            None if issue.geometry is None
            else shapely.to_wkb(shapely.set_srid(issue.geometry, STORAGE_SRID), include_srid=True),
        )
        for issue in issues
        if (issue.kind, issue.where, issue.message.en) not in stay
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(
            'INSERT INTO quality_issue (load_id, kind, severity, "where", message, geometry) '
            "VALUES (%s, %s, %s, %s, %s, %s)",
            rows,
        )
