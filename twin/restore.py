# SPDX-License-Identifier: Apache-2.0
"""A backup brought back: into a database beside the one that is in use, which takes its name once all of it is right.

So a restore that fails at any point leaves things as they were, and what was there before is not lost either.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import Jsonb

from twin.assets import asset_path
from twin.backup import DUMP, Manifest, Note, backup_asset, copy_asset, count_rows, verify_backup
from twin.client_tools import find_tool, run_tool
from twin.cluster import find_cluster, start_cluster
from twin.database import (
    Connection,
    alembic_config,
    connect,
    database_url,
    read_state,
    transaction,
    upgrade_database,
)
from twin.disk import full_told
from twin.errors import ConflictError, RefusedError, SetupError
from twin.settings import Settings
from twin.text import Text

_MAINTENANCE: Final = "postgres"

_OLDEST: Final = "0020"
"""The first revision whose dump PostgreSQL reads back."""

_IS_USED: LiteralString = """
    SELECT EXISTS (
        SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE relkind IN ('r', 'p', 'v', 'm', 'S') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
          AND NOT EXISTS (SELECT FROM pg_depend
                          WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'))
"""
_END_JOBS: LiteralString = """
    UPDATE job_progress SET state = 'failed', report = %s, updated_at = now() WHERE state IN ('queued', 'running')
"""
_END_QUEUE: LiteralString = "DELETE FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
_END_UPLOADS: LiteralString = "DELETE FROM upload WHERE job_id IS NULL"

_LOST: Final = Text(
    "作业在备份时尚未完成,上传的文件不在备份中。",
    "It was not done when the backup was made, which has no uploaded files.",
)
_AGAIN: Final = Text("请重新上传", "upload it again")


@dataclass(frozen=True)
class Restored:
    """What came of a restore; `former` names the database that was there before, if there was one."""

    manifest: Manifest
    revision: str
    former: str | None
    assets: int


def restore_backup(settings: Settings, folder: Path, note: Note, *, is_replacing: bool = False) -> Restored:
    """Bring back the backup in `folder`. Assets that are there already stay; they are the same by their name.

    Raises RefusedError for a damaged backup, one of a later version or one too old, ConflictError where the database
    holds something and `is_replacing` is not said or somebody is connected, SetupError where the server refuses.
    """
    manifest = verify_backup(folder, lambda step, part: note(step, part * 0.2))
    _check_revision(manifest)
    if not settings.database_url:
        start_cluster(find_cluster(settings))
    name = str(conninfo_to_dict(database_url(settings))["dbname"])
    is_there = _check_target(settings, name, is_replacing=is_replacing)
    making = f"{name[:40]}_restoring_{uuid.uuid4().hex[:8]}"
    with (
        _connect_server(settings) as server,
        _made_roles(server, manifest),
        _made_database(server, making, name if is_there is not None else None),
    ):
        beside = _settings_of(settings, making)
        note(Text("恢复数据库", "restoring the database"), 0.2)
        _restore_database(beside, folder, manifest)
        note(Text("迁移", "migrating"), 0.8)
        upgrade_database(beside)
        _end_unfinished(beside)
        with connect(beside, autocommit=True) as connection:
            connection.execute("ANALYZE")
            revision = read_state(connection).revision or manifest.revision
        note(Text("恢复资产", "restoring assets"), 0.9)
        with _restored_assets(settings, folder, manifest) as added:
            former = _take_name(server, making, name, is_there=is_there)
        note(Text("完成", "done"), 1.0)
    return Restored(manifest, revision, former, added)


def _check_revision(manifest: Manifest) -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(alembic_config(""))
    known = {script.revision for script in scripts.walk_revisions()}
    if manifest.revision in known - {script.revision for script in scripts.walk_revisions(base=_OLDEST)}:
        raise RefusedError(
            Text(
                f"备份的数据库版本 {manifest.revision} 早于 {_OLDEST},无法恢复:当时有一列由函数算得,"
                f"恢复时找不到该函数。请在仍有该数据库的地方先升级(twin db upgrade),再备份。没有改动任何内容。",
                f"The backup is of revision {manifest.revision}, and none before {_OLDEST} can be restored: a column "
                "was computed then by a function that a restore does not find. Upgrade the database where it still is "
                "(`twin db upgrade`), and back it up again. Nothing was changed.",
            )
        )
    if manifest.revision not in known:
        raise RefusedError(
            Text(
                f"备份的数据库版本 {manifest.revision}(程序 {manifest.program})比此程序新。请先升级程序。",
                f"The backup is of revision {manifest.revision} (program {manifest.program}), which this program does "
                "not know. Update the program first.",
            )
        )


def _check_target(settings: Settings, name: str, *, is_replacing: bool) -> bool | None:
    """Whether the database holds anything; None where there is no such database."""
    with _connect_server(settings) as server:
        if server.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            return None
    with connect(settings) as connection:
        row = connection.execute(_IS_USED).fetchone()
    is_used = bool(row and row[0])
    if is_used and not is_replacing:
        raise ConflictError(
            Text(
                f"数据库“{name}”不是空的。要换成备份,请加 --replace(原有数据库会改名保留)。",
                f"The database '{name}' is not empty. To put the backup in its place add --replace; "
                "the one that is there is kept under another name.",
            )
        )
    return is_used


@contextmanager
def _connect_server(settings: Settings) -> Generator[Connection]:
    with connect(_settings_of(settings, _MAINTENANCE), autocommit=True) as connection:
        yield connection


def _settings_of(settings: Settings, name: str) -> Settings:
    """The same server, another database."""
    given = conninfo_to_dict(database_url(settings)) | {"dbname": name}
    # As a URL again, since the migrations take no other form.
    return settings.model_copy(update={"database_url": _make_url(given)})


def _make_url(given: dict[str, str | int | None]) -> str:
    from urllib.parse import quote, urlencode

    rest = {key: str(value) for key, value in given.items() if value is not None}
    user, password, name = rest.pop("user", ""), rest.pop("password", ""), rest.pop("dbname")
    who = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    return f"postgresql://{who}@/{quote(name, safe='')}?{urlencode(rest)}"


@contextmanager
def _made_database(server: Connection, making: str, like: str | None) -> Generator[None]:
    """A new, empty database, with the locale of `like`; unless it has another name by then it goes at the end."""
    options = sql.SQL(" ENCODING 'UTF8'")
    if like is not None:
        row = server.execute("SELECT datcollate, datctype FROM pg_database WHERE datname = %s", (like,)).fetchone()
        if row is not None:
            options += sql.SQL(" LC_COLLATE {} LC_CTYPE {}").format(sql.Literal(row[0]), sql.Literal(row[1]))
    try:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(making)) + options)
    except psycopg.errors.InsufficientPrivilege as error:
        raise SetupError(
            Text("恢复需要能建库的超级用户。", "A restore needs a superuser, who may create databases.")
        ) from error
    try:
        yield
    finally:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(making)))


@contextmanager
def _made_roles(server: Connection, manifest: Manifest) -> Generator[None]:
    """The roles that the backup names and the server lacks; should what follows fail, these go again."""
    made: list[sql.Identifier] = []
    try:
        for role in manifest.roles:
            if server.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
                # Without a password, and so without a way in: whoever needs one gives it one.
                server.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
                made.append(sql.Identifier(role))
        yield
    except BaseException:
        for role in made:
            server.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
        raise


def _restore_database(beside: Settings, folder: Path, manifest: Manifest) -> None:
    with connect(beside) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    tool = find_tool(beside, "pg_restore", str(row[0]) if row else "")
    with full_told():
        run_tool(beside, tool, "--exit-on-error", "--no-owner", "--jobs=2", str(folder / DUMP))
    with connect(beside) as connection:
        counts = count_rows(connection)
    differing = sorted(t for t in {*counts, *manifest.tables} if counts.get(t, 0) != manifest.tables.get(t, 0))
    if differing:
        raise RefusedError(
            Text(
                f"恢复后的行数与清单不符:{', '.join(differing)}。没有改动任何内容。",
                f"Other numbers of rows than the manifest says: {', '.join(differing)}. Nothing was changed.",
            )
        )


def _end_unfinished(beside: Settings) -> None:
    """Jobs that were to run lack their files, which no backup has."""
    problem = {"where": "job", "what_i18n": _LOST.as_dict(), "fix_i18n": _AGAIN.as_dict()}
    with transaction(beside) as connection:
        connection.execute(_END_JOBS, (Jsonb({"problems": [problem]}),))
        connection.execute(_END_QUEUE)
        connection.execute(_END_UPLOADS)


@contextmanager
def _restored_assets(settings: Settings, folder: Path, manifest: Manifest) -> Generator[int]:
    """The assets in their place, how many are new; should what follows fail, these go again."""
    added: list[Path] = []
    try:
        with full_told():
            for asset in manifest.assets:
                place = asset_path(settings, asset)
                if not place.exists():
                    copy_asset(backup_asset(folder, asset), place, asset)
                    added.append(place)
        yield len(added)
    except BaseException:
        for place in added:
            shutil.rmtree(place, ignore_errors=True)
        raise


def _take_name(server: Connection, making: str, name: str, *, is_there: bool | None) -> str | None:
    """Give the restored database its name; returns what the one that had it is called now."""
    former = f"{name[:40]}_before_{datetime.now(UTC):%Y%m%d%H%M%S}"
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    try:
        with server.transaction():
            if is_there is not None:
                server.execute(rename.format(sql.Identifier(name), sql.Identifier(former)))
            server.execute(rename.format(sql.Identifier(making), sql.Identifier(name)))
    except psycopg.errors.ObjectInUse as error:
        raise ConflictError(
            Text(
                f"还有程序连着数据库“{name}”。请先停止服务(twin serve、twin worker)再恢复。没有改动任何内容。",
                f"Somebody is connected to the database '{name}'. Stop `twin serve` and `twin worker` first. "
                "Nothing was changed.",
            )
        ) from error
    if is_there is False:
        server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(former)))
    return former if is_there else None
