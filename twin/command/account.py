# SPDX-License-Identifier: Apache-2.0
"""`twin account`: the accounts that people sign in with, made and closed where there is no administrator yet."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from twin.access import NOWHERE, ROLE_CLASS
from twin.account import Rights, add_account, check_login, set_disabled, set_password
from twin.database import Connection, transaction
from twin.errors import NotFoundError
from twin.passwords import make_password
from twin.settings import Settings
from twin.text import Text

accounts = typer.Typer(no_args_is_help=True, help=str(Text("本地账号。", "Local accounts.")))

_OUT = Console()

Login = Annotated[
    str,
    typer.Argument(
        help=str(
            Text("单位内部的账号名,不用人名或电话。", "The organisation's own account name; no name, no telephone.")
        )
    ),
]
FromInput = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help=str(
            Text(
                "从标准输入读取密码;不给则生成一个,只显示这一次,首次登录时须更改。",
                "Read the password from standard input; else one is made, shown once, to be changed at first sign-in.",
            )
        ),
    ),
]


@accounts.command(help=str(Text("新建账号。", "Make an account.")))
def add(
    login: Login,
    role: Annotated[
        str, typer.Option(help=str(Text("角色:", "Role: ")) + ", ".join(r for r in ROLE_CLASS if r != "public"))
    ],
    access_class: Annotated[
        int | None,
        typer.Option(
            "--class", help=str(Text("数据级别;不给则为角色的级别。", "Access class; the role's if not given."))
        ),
    ] = None,
    purpose: Annotated[
        str | None, typer.Option(help=str(Text("用途,3 级及以上必填。", "What for; needed from class 3 on.")))
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help=str(Text("限于该编码的块,可多次给出。", "Limit to the block of this code; repeatable."))),
    ] = None,
    organisation: Annotated[
        list[str] | None,
        typer.Option(help=str(Text("代表该单位,可多次给出。", "Act for the organisation of this name; repeatable."))),
    ] = None,
    password_stdin: FromInput = False,
) -> None:
    """Print the password alone, unless it was given."""
    password, made = _read_password(password_stdin), make_password()
    rights = Rights(role, access_class, purpose, scope or (), organisation or ())
    with transaction(Settings()) as connection:
        add_account(
            connection, login, rights, password=made if password is None else password, must_change=password is None
        )
    if password is None:
        typer.echo(made)


@accounts.command("list", help=str(Text("列出账号。", "List the accounts.")))
def list_accounts() -> None:
    """Login, role, class, reach, and whether it is open."""
    with transaction(Settings()) as connection:
        rows = connection.execute(
            """
            SELECT login, role, access_class, is_limited, disabled_at IS NULL, identity_hash IS NOT NULL, purpose,
                   ARRAY(SELECT block_code::text FROM role_grant WHERE token_id = id ORDER BY 1)
                   || ARRAY(SELECT organisation FROM organisation_grant WHERE token_id = id ORDER BY 1)
            FROM account JOIN access_token ON id = account.token_id ORDER BY login
            """
        ).fetchall()
    titles = (
        Text("登录名", "login"), Text("角色", "role"), Text("级别", "class"), Text("范围", "reach"),
        Text("状态", "state"), Text("登录方式", "signs in by"), Text("用途", "purpose"),
    )  # fmt: skip
    table = Table(*map(str, titles), box=None)
    for login, role, access_class, is_limited, is_open, is_from_provider, purpose, reach in rows:
        table.add_row(
            login, role, str(access_class), " ".join(reach) or (NOWHERE if is_limited else "*"),
            str(Text("启用", "open") if is_open else Text("停用", "disabled")),
            str(Text("身份提供方", "provider") if is_from_provider else Text("密码", "password")), purpose or "",
        )  # fmt: skip
    _OUT.print(table)


@accounts.command(help=str(Text("停用账号,并立即结束其会话。", "Close an account and end its sessions at once.")))
def disable(login: Login) -> None:
    """Disable it."""
    with transaction(Settings()) as connection:
        set_disabled(connection, _find(connection, login), True)


@accounts.command(help=str(Text("重新启用账号。", "Open an account again.")))
def enable(login: Login) -> None:
    """Enable it."""
    with transaction(Settings()) as connection:
        set_disabled(connection, _find(connection, login), False)


@accounts.command(help=str(Text("重置账号的密码,并结束其会话。", "Reset an account's password and end its sessions.")))
def password(login: Login, password_stdin: FromInput = False) -> None:
    """Print the password alone, unless it was given."""
    given, made = _read_password(password_stdin), make_password()
    with transaction(Settings()) as connection:
        account_id = _find(connection, login)
        set_password(connection, account_id, made if given is None else given, must_change=given is None)
    if given is None:
        typer.echo(made)


def _read_password(from_input: bool) -> str | None:
    return sys.stdin.readline().rstrip("\r\n") if from_input else None


def _find(connection: Connection, login: str) -> int:
    row = connection.execute("SELECT token_id FROM account WHERE login = %s", (check_login(login),)).fetchone()
    if row is None:
        raise NotFoundError(Text(f"没有登录名为 {login} 的账号。", f"There is no account with the login {login}."))
    return row[0]
