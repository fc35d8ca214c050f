# SPDX-License-Identifier: Apache-2.0
"""What the values of an identity provider's role claim stand for here. A table that the administrator keeps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from twin.account import Rights, add_rights, change_rights
from twin.database import Connection
from twin.errors import ConflictError, InvalidRequestError, NotFoundError
from twin.text import Text

LONGEST_VALUE: Final = 200

MOST_VALUES: Final = 1_000
"""So many values of a claim are looked at."""


def add_mapping(connection: Connection, value: str, position: int, rights: Rights) -> int:
    """Say what a value stands for; returns the mapping's number. Sessions of the provider end: it may come first.

    Raises InvalidRequestError, and ConflictError where it is said already.
    """
    value = _check_value(connection, value, None)
    mapping_id = add_rights(connection, "mapping", value, rights)
    connection.execute(
        "INSERT INTO oidc_mapping (token_id, position, value) VALUES (%s, %s, %s)", (mapping_id, position, value)
    )
    _end_provider_sessions(connection)
    return mapping_id


def change_mapping(connection: Connection, mapping_id: int, value: str, position: int, rights: Rights) -> None:
    """Say it anew. Sessions of the provider end, so that nobody keeps what he has no more.

    Raises InvalidRequestError, ConflictError, NotFoundError.
    """
    _find(connection, mapping_id)
    value = _check_value(connection, value, mapping_id)
    change_rights(connection, mapping_id, rights)
    connection.execute(
        "UPDATE oidc_mapping SET value = %s, position = %s WHERE token_id = %s", (value, position, mapping_id)
    )
    connection.execute("UPDATE access_token SET label = %s WHERE id = %s", (value, mapping_id))
    _end_provider_sessions(connection)


def remove_mapping(connection: Connection, mapping_id: int) -> None:
    """Take a mapping away; sessions of the provider end. Raises NotFoundError."""
    _find(connection, mapping_id)
    connection.execute("DELETE FROM access_token WHERE id = %s AND kind = 'mapping'", (mapping_id,))
    _end_provider_sessions(connection)


def find_values(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The texts of a claim; `path` may lead into objects, as `realm_access.roles` does.

    >>> find_values({"realm_access": {"roles": ["steward", "other"]}}, "realm_access.roles")
    ('steward', 'other')
    >>> find_values({"https://city.example/role": "leader"}, "https://city.example/role")
    ('leader',)
    """
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list | tuple):
        return ()
    return tuple(value for value in found[:MOST_VALUES] if isinstance(value, str))


def decide_rights(connection: Connection, values: Collection[str]) -> Rights | None:
    """The rights that the values of a claim stand for; None where they stand for nothing.

    The first mapping in the administrator's order says role, class and purpose. Further ones of the same role and
    class add their blocks and organisations; one of these without a limit takes the limit away.
    """
    rows = connection.execute(
        """
        SELECT token.role, token.access_class, token.purpose, token.is_limited,
               ARRAY(SELECT block_code::text FROM role_grant WHERE token_id = token.id ORDER BY block_code),
               ARRAY(SELECT organisation FROM organisation_grant WHERE token_id = token.id ORDER BY organisation)
        FROM oidc_mapping AS mapping JOIN access_token AS token ON token.id = mapping.token_id
        WHERE mapping.value = ANY(%s) ORDER BY mapping.position, mapping.token_id
        """,
        (list(values),),
    ).fetchall()
    if not rows:
        return None
    role, access_class, purpose = rows[0][:3]
    same = [row for row in rows if row[:2] == (role, access_class)]
    if any(not row[3] for row in same):
        return Rights(role, access_class, purpose)
    scope = tuple(dict.fromkeys(code for row in same for code in row[4]))
    organisations = tuple(dict.fromkeys(name for row in same for name in row[5]))
    if not scope and not organisations:
        return None  # every block that it was given is gone: that is nothing, and not everything
    return Rights(role, access_class, purpose, scope, organisations)


def _find(connection: Connection, mapping_id: int) -> None:
    found = connection.execute("SELECT FROM oidc_mapping WHERE token_id = %s FOR UPDATE", (mapping_id,)).fetchone()
    if found is None:
        raise NotFoundError(Text(f"没有编号为 {mapping_id} 的对应关系。", f"There is no mapping {mapping_id}."))


def _check_value(connection: Connection, value: str, own_id: int | None) -> str:
    value = value.strip()
    if not 0 < len(value) <= LONGEST_VALUE:
        raise InvalidRequestError(
            Text(f"声明值应为 1 到 {LONGEST_VALUE} 个字符。", f"A claim's value has 1 to {LONGEST_VALUE} characters."),
            "value",
        )
    taken = connection.execute(
        "SELECT FROM oidc_mapping WHERE value = %s AND token_id IS DISTINCT FROM %s", (value, own_id)
    ).fetchone()
    if taken is not None:
        raise ConflictError(Text(f"声明值“{value}”已有对应关系。", f"The value '{value}' has its mapping already."))
    return value


def _end_provider_sessions(connection: Connection) -> None:
    connection.execute("UPDATE account_session SET ended_at = now() WHERE method = 'oidc' AND ended_at IS NULL")
