# SPDX-License-Identifier: Apache-2.0
"""Accounts: who may sign in, with which rights, and the sessions that they are signed in with.

A login is the organisation's own name for a post or a desk, never a person's name, telephone or identity number.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from twin.access import RESTRICTED, ROLE_CLASS, SESSION_PREFIX, check_role, grant_reach, hash_token
from twin.database import Connection
from twin.errors import ConflictError, InvalidRequestError, NotFoundError
from twin.passwords import check_password, hash_password, is_outdated, verify_password
from twin.personal import find_personal
from twin.text import Text

Method = Literal["password", "oidc"]
"""How an account was signed in."""

LONGEST_PURPOSE: Final = 200

_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
_NUMBER: Final = re.compile(r"\d{9}|\d{3}[._-]\d{4}[._-]\d{4}")
"""So many digits make a telephone or identity number, not a desk's."""


@dataclass(frozen=True)
class Rights:
    """What an account may do. No `scope` and no `organisations`: every block. No `access_class`: the role's."""

    role: str
    access_class: int | None = None
    purpose: str | None = None
    scope: Sequence[str] = ()
    organisations: Sequence[str] = ()


def check_login(text: str) -> str:
    """The login in lower case. Raises InvalidRequestError for what is none, or looks like personal data."""
    login = text.strip().lower()
    personal = find_personal(login) or (_NUMBER.search(login) and Text("号码", "a personal number"))
    if personal:
        raise InvalidRequestError(
            Text(
                f"登录名像是{personal.zh}。请用单位内部的账号名,例如 xinan-wangge-03。",
                f"The login looks like {personal.en}. Take the organisation's own account name, like xinan-grid-03.",
            ),
            "login",
        )
    if not _LOGIN.fullmatch(login):
        raise InvalidRequestError(
            Text(
                "登录名应为 2 到 64 个小写字母、数字、点、横线或下划线,以字母或数字开头。",
                "A login is 2 to 64 lower-case letters, digits, dots, dashes or underscores, a letter or digit first.",
            ),
            "login",
        )
    return login


def add_account(
    connection: Connection, login: str, rights: Rights, *, password: str | None = None,
    must_change: bool = False, identity_hash: bytes | None = None,
) -> int:  # fmt: skip
    """Make an account and return its number, which is also that of its rights.

    Raises InvalidRequestError for a login, right or password that cannot be, ConflictError for a login that is taken.
    """
    login = check_login(login)
    if password is not None:
        check_password(password, login)
    if connection.execute("SELECT FROM account WHERE login = %s", (login,)).fetchone() is not None:
        raise ConflictError(Text(f"已有登录名为 {login} 的账号。", f"There is an account with the login {login}."))
    account_id = add_rights(connection, "account", login, rights)
    connection.execute(
        "INSERT INTO account (token_id, login, password_hash, must_change_password, password_changed_at, "
        "identity_hash) VALUES (%s, %s, %s, %s, CASE WHEN %s THEN now() END, %s)",
        (
            account_id, login, None if password is None else hash_password(password), must_change,
            password is not None, identity_hash,
        ),
    )  # fmt: skip
    return account_id


def add_rights(connection: Connection, kind: Literal["account", "mapping"], label: str, rights: Rights) -> int:
    """A row of `access_token` that no token belongs to, with its grants; returns its number.

    Raises InvalidRequestError.
    """
    role, access_class, purpose = _check_rights(rights)
    row = connection.execute(
        "INSERT INTO access_token (token_hash, kind, role, label, access_class, purpose) "
        "VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
        (secrets.token_bytes(32), kind, role, label, access_class, purpose),
    ).fetchone()
    assert row is not None
    grant_reach(connection, row[0], rights.scope, rights.organisations)
    return row[0]


def change_rights(connection: Connection, token_id: int, rights: Rights) -> bool:
    """Give an account, or what a claim stands for, these rights and no others; whether that changed anything.

    Raises InvalidRequestError.
    """
    role, access_class, purpose = _check_rights(rights)
    before = connection.execute(
        "SELECT role, access_class, purpose, is_limited, "
        "ARRAY(SELECT block_code::text FROM role_grant WHERE token_id = token.id ORDER BY block_code), "
        "ARRAY(SELECT organisation FROM organisation_grant WHERE token_id = token.id ORDER BY organisation) "
        "FROM access_token AS token WHERE id = %s FOR UPDATE",
        (token_id,),
    ).fetchone()
    scope, organisations = sorted(set(rights.scope)), sorted({name.strip() for name in rights.organisations})
    wanted = (role, access_class, purpose, bool(scope or organisations), scope, organisations)
    if before is not None and (*before[:5], sorted(before[5])) == wanted:
        return False
    connection.execute("DELETE FROM role_grant WHERE token_id = %s", (token_id,))
    connection.execute("DELETE FROM organisation_grant WHERE token_id = %s", (token_id,))
    connection.execute(
        "UPDATE access_token SET role = %s, access_class = %s, purpose = %s, is_limited = false WHERE id = %s",
        (role, access_class, purpose, token_id),
    )
    grant_reach(connection, token_id, scope, organisations)
    return True


def set_disabled(connection: Connection, account_id: int, is_disabled: bool) -> None:
    """Close an account, which ends its sessions, or open it again. Raises NotFoundError."""
    found = connection.execute(
        "UPDATE account SET disabled_at = CASE WHEN %s THEN coalesce(disabled_at, now()) END WHERE token_id = %s "
        "RETURNING login",
        (is_disabled, account_id),
    ).fetchone()
    if found is None:
        raise unknown_account(account_id)
    if is_disabled:
        end_sessions(connection, account_id)


def set_password(
    connection: Connection, account_id: int, password: str, *, must_change: bool, keep_session: int | None = None
) -> None:
    """Give a local account a password; its sessions end, but for `keep_session`.

    Raises InvalidRequestError for a poor one, ConflictError for an account of a provider, NotFoundError.
    """
    row = connection.execute("SELECT login, identity_hash FROM account WHERE token_id = %s", (account_id,)).fetchone()
    if row is None:
        raise unknown_account(account_id)
    if row[1] is not None:
        raise ConflictError(
            Text("该账号由身份提供方登录,没有本地密码。", "The account signs in at the identity provider; no password.")
        )
    check_password(password, row[0])
    connection.execute(
        "UPDATE account SET password_hash = %s, must_change_password = %s, password_changed_at = now() "
        "WHERE token_id = %s",
        (hash_password(password), must_change, account_id),
    )
    end_sessions(connection, account_id, but=keep_session)


@dataclass(frozen=True)
class Known:
    """The account that a login and a password belong to."""

    account_id: int
    must_change: bool


def find_account(connection: Connection, login: str, password: str) -> Known | None:
    """The open local account of a login and a password. An unknown login takes as long as a wrong password."""
    row = connection.execute(
        "SELECT token_id, password_hash, must_change_password FROM account "
        "WHERE login = %s AND disabled_at IS NULL AND identity_hash IS NULL",
        (login.strip().lower(),),
    ).fetchone()
    kept = None if row is None else row[1]
    if not verify_password(kept, password) or row is None or kept is None:
        return None
    if is_outdated(kept):
        connection.execute(
            "UPDATE account SET password_hash = %s WHERE token_id = %s", (hash_password(password), row[0])
        )  # fmt: skip
    return Known(row[0], row[2])


def open_session(connection: Connection, account_id: int, method: Method, *, idle_s: int, lasts_s: int) -> str:
    """Sign an account in; the secret is for the cookie and is not kept."""
    connection.execute("DELETE FROM account_session WHERE coalesce(ended_at, expires_at) < now() - interval '30 days'")
    secret = SESSION_PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO account_session (token_hash, account_id, method, idle_s, expires_at) "
        "VALUES (%s, %s, %s, %s, now() + %s * interval '1 second')",
        (hash_token(secret), account_id, method, idle_s, lasts_s),
    )
    return secret


def end_sessions(connection: Connection, account_id: int, *, but: int | None = None) -> None:
    """End the sessions of an account, but for one."""
    connection.execute(
        "UPDATE account_session SET ended_at = now() WHERE account_id = %s AND ended_at IS NULL "
        "AND id IS DISTINCT FROM %s",
        (account_id, but),
    )


def hash_identity(issuer: str, subject: str) -> bytes:
    """What is kept of whom a provider knows: neither the provider's name for him nor anything else it says."""
    return hashlib.sha256(f"{issuer}\n{subject}".encode()).digest()


def admit_identity(
    connection: Connection, identity_hash: bytes, wanted_login: str | None, rights: Rights
) -> int | None:
    """The account of somebody whom a provider knows, made at the first sign-in, with the rights of today.

    `wanted_login` is taken where it is free and names no person; else the login is `oidc-` and a part of the hash.
    None: the account is disabled.
    """
    row = connection.execute(
        "SELECT token_id, disabled_at FROM account WHERE identity_hash = %s", (identity_hash,)
    ).fetchone()
    if row is None:
        login = _free_login(connection, wanted_login) or f"oidc-{identity_hash.hex()[:12]}"
        return add_account(connection, login, rights, identity_hash=identity_hash)
    if row[1] is not None:
        return None
    change_rights(connection, row[0], rights)
    return row[0]


def unknown_account(account_id: int) -> NotFoundError:
    """That there is no such account."""
    return NotFoundError(Text(f"没有编号为 {account_id} 的账号。", f"There is no account {account_id}."))


def _free_login(connection: Connection, wanted: str | None) -> str | None:
    try:
        login = check_login(wanted or "")
    except InvalidRequestError:
        return None
    return None if connection.execute("SELECT FROM account WHERE login = %s", (login,)).fetchone() else login


def _check_rights(rights: Rights) -> tuple[str, int, str | None]:
    role = check_role(rights.role)
    highest = ROLE_CLASS[role]
    access_class = highest if rights.access_class is None else rights.access_class
    if not 1 <= access_class <= highest:
        raise InvalidRequestError(
            Text(
                f"角色 {role} 的数据级别应为 1 到 {highest}。",
                f"The access class of the role {role} is 1 to {highest}.",
            ),
            "access_class",
        )
    purpose = (rights.purpose or "").strip() or None
    personal = find_personal(purpose or "")
    if personal or len(purpose or "") > LONGEST_PURPOSE:
        raise InvalidRequestError(
            Text(
                f"用途最多 {LONGEST_PURPOSE} 个字,不含个人信息。",
                f"A purpose has at most {LONGEST_PURPOSE} characters and no personal data.",
            ),
            "purpose",
        )
    if access_class >= RESTRICTED and purpose is None:
        raise InvalidRequestError(
            Text(
                f"{RESTRICTED} 级及以上的数据须说明用途(purpose);没有用途时把级别设为 {RESTRICTED - 1}。",
                f"Class {RESTRICTED} and up is read for a stated purpose (purpose); without one, give class "
                f"{RESTRICTED - 1}.",
            ),
            "purpose",
        )
    return role, access_class, purpose
