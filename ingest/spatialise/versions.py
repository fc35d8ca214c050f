# SPDX-License-Identifier: Apache-2.0
"""Versions of business layers: one for each load that changed a row, and for each that was taken back."""

from __future__ import annotations

from twin.database import Connection


def note_version(
    connection: Connection, layer_code: str, *, load_id: int | None = None, withdraws: int | None = None
) -> int | None:
    """Number what this transaction has done to a layer; None where it changed nothing.

    It is to be the last that the transaction writes, so that its time is not before that of anything else.
    """
    row = connection.execute("SELECT make_layer_version(%s, %s, %s)", (layer_code, load_id, withdraws)).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def note_withdrawal(connection: Connection, load_id: int) -> None:
    """The versions that taking a load back makes, of every layer that it had to do with."""
    rows = connection.execute(
        """
        SELECT DISTINCT layer_code FROM business_feature WHERE recorded_at = now()
        UNION SELECT DISTINCT layer_code FROM business_feature_history WHERE recorded_to = now()
        """
    ).fetchall()
    for row in sorted(rows):
        note_version(connection, str(row[0]), withdraws=load_id)
