# SPDX-License-Identifier: Apache-2.0
"""A backup: the database and the assets that it names, of one moment, with a manifest that both are held to.

    manifest.json, manifest.sha256    what is here: counts, hashes, versions
    database.dump                     pg_dump's custom format
    assets/ab/ab…                     the asset store's folders; each is named by the hash of what is in it

The snapshot is taken first and everything comes from it, so that whoever writes meanwhile is not in the backup at all.
Assets are never changed and never removed, so those that the snapshot names are there. The spool, rejected rows and
tokens.json do not belong to a backup; of passwords and tokens the database holds hashes only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, LiteralString

import orjson
from psycopg import IsolationLevel, sql

from twin.assets import asset_path, hash_folder
from twin.client_tools import find_tool, run_tool
from twin.database import Connection, connect, read_state
from twin.disk import full_told
from twin.errors import RefusedError
from twin.settings import Settings
from twin.text import Text

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
MANIFEST_HASH: Final = "manifest.sha256"
DUMP: Final = "database.dump"
ASSETS: Final = "assets"

_CHUNK: Final = 1 << 20
_MOST_TABLES: Final = 10_000

Note = Callable[[Text, float], None]
"""Hears which step runs and how far all of it is (0 to 1)."""

_TABLES: LiteralString = """
    SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema' AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
    ORDER BY 1, 2 LIMIT %s
"""
_ASSET_COLUMNS: LiteralString = """
    SELECT attrelid::regclass::text, nspname, relname FROM pg_attribute
    JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE attname = 'asset' AND relkind = 'r' AND nspname = 'public' AND atttypid = 'text'::regtype
"""
_ROLES: LiteralString = """
    SELECT DISTINCT rolname FROM pg_shdepend JOIN pg_roles ON pg_roles.oid = refobjid
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND refclassid = 'pg_authid'::regclass AND deptype IN ('a', 'r', 'i') AND NOT rolsuper AND rolname !~ '^pg_'
    ORDER BY 1
"""


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself; `tables` by schema and name, `assets` the bytes of each by its hash."""

    format: int
    program: str
    made_at: str
    revision: str
    server: str
    postgis: str
    dump_bytes: int
    dump_sha256: str
    tables: dict[str, int]
    roles: list[str]
    assets: dict[str, int]
    missing_assets: list[str] = field(default_factory=list)
    """Named by the database and not on the disk even when the backup was made."""

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(self.tables.values())


def make_backup(settings: Settings, folder: Path, note: Note) -> Manifest:
    """Write a backup into `folder`, which must be new or empty; a failed one leaves nothing.

    Raises RefusedError for a folder in use or an asset that is damaged, SetupError where pg_dump cannot do it, and
    StorageFullError where there is no room.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RefusedError(
            Text(
                f"{folder} 已有内容,备份须写入新的或空的目录。",
                f"{folder} is not empty: a backup goes into a new or empty folder.",
            )
        )
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}.part-{os.getpid()}")
    try:
        with full_told():
            part.mkdir(mode=0o700)
            manifest = _write(settings, part, note)
            if folder.exists():
                folder.rmdir()
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def verify_backup(folder: Path, note: Note) -> Manifest:
    """Hold everything in a backup to its manifest. Raises RefusedError for what is missing, cut short or changed."""
    manifest = read_manifest(folder)
    dump = folder / DUMP
    if not dump.is_file():
        raise _damaged(DUMP, Text("没有这个文件", "the file is missing"))
    if dump.stat().st_size != manifest.dump_bytes:
        raise _damaged(
            DUMP,
            Text(
                f"应为 {manifest.dump_bytes} 字节,实为 {dump.stat().st_size}(可能被截断)",
                f"it has {dump.stat().st_size} bytes of {manifest.dump_bytes}; it may have been cut short",
            ),
        )
    note(Text("核对数据库", "checking the database"), 0.0)
    if hash_file(dump) != manifest.dump_sha256:
        raise _damaged(DUMP, Text("内容与清单不符", "its content is not what the manifest says"))
    for at, asset in enumerate(manifest.assets):
        note(Text("核对资产", "checking assets"), 0.5 + 0.5 * at / len(manifest.assets))
        place = backup_asset(folder, asset)
        if not place.is_dir() or hash_folder(place) != asset:
            raise _damaged(f"{ASSETS}/{asset}", Text("缺失或与清单不符", "it is missing or not what it was"))
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself. Raises RefusedError where there is none, or one that was changed."""
    path, hashed = folder / MANIFEST, folder / MANIFEST_HASH
    if not path.is_file() or not hashed.is_file():
        raise RefusedError(
            Text(
                f"{folder} 里没有完整的备份(缺 {MANIFEST})。",
                f"There is no whole backup in {folder}: {MANIFEST} or its hash is missing.",
            )
        )
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != hashed.read_text().strip():
        raise _damaged(MANIFEST, Text("内容与其散列值不符", "its content is not what its hash says"))
    given: dict[str, Any] = orjson.loads(content)
    if given.get("format") != FORMAT:
        raise RefusedError(
            Text(
                f"备份格式 {given.get('format')} 不被此版本支持(支持 {FORMAT})。",
                f"This version reads backups of format {FORMAT}, not {given.get('format')}.",
            )
        )
    return Manifest(**given)


def backup_asset(folder: Path, asset: str) -> Path:
    """Where a backup has an asset."""
    return folder / ASSETS / asset[:2] / asset


def count_rows(connection: Connection) -> dict[str, int]:
    """Rows of every table that no extension owns, by schema and name."""
    counts: dict[str, int] = {}
    for schema, name in connection.execute(_TABLES, (_MOST_TABLES,)).fetchall():
        table = sql.Identifier(schema, name)
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table)).fetchone()
        counts[f"{schema}.{name}"] = int(row[0]) if row else 0
    return counts


def hash_file(path: Path) -> str:
    """SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _write(settings: Settings, part: Path, note: Note) -> Manifest:
    with connect(settings) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        state = read_state(connection)
        if state.revision is None:
            raise RefusedError(Text("数据库是空的,没有可备份的内容。", "The database is empty: nothing to back up."))
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        note(Text("清点", "counting"), 0.0)
        tables = count_rows(connection)
        roles = [name for (name,) in connection.execute(_ROLES).fetchall()]
        assets = _name_assets(connection)
        note(Text("导出数据库", "dumping the database"), 0.1)
        tool = find_tool(settings, "pg_dump", state.server)
        # The transaction stays open meanwhile: the snapshot lives as long as it does.
        run_tool(settings, tool, "--format=custom", f"--snapshot={row[0]}", f"--file={part / DUMP}")
    sizes: dict[str, int] = {}
    missing: list[str] = []
    for at, asset in enumerate(assets):
        note(Text("复制资产", "copying assets"), 0.6 + 0.35 * at / len(assets))
        source = asset_path(settings, asset)
        if not source.is_dir():
            missing.append(asset)
            continue
        sizes[asset] = copy_asset(source, backup_asset(part, asset), asset)
    note(Text("写清单", "writing the manifest"), 0.95)
    manifest = Manifest(
        format=FORMAT, program=version("blocktwin"), made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        revision=state.revision, server=state.server, postgis=state.postgis,
        dump_bytes=(part / DUMP).stat().st_size, dump_sha256=hash_file(part / DUMP), tables=tables, roles=roles,
        assets=sizes, missing_assets=missing,
    )  # fmt: skip
    _write_manifest(part, asdict(manifest))
    note(Text("完成", "done"), 1.0)
    return manifest


def _write_manifest(part: Path, manifest: Mapping[str, Any]) -> None:
    content = orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
    for name, bytes_ in ((MANIFEST, content), (MANIFEST_HASH, hashlib.sha256(content).hexdigest().encode() + b"\n")):
        with (part / name).open("wb") as file:
            file.write(bytes_)
            file.flush()
            os.fsync(file.fileno())


def _name_assets(connection: Connection) -> list[str]:
    """The assets that any row names, past ones too: what was published once can be asked for as of then."""
    named: set[str] = set()
    for _, schema, name in connection.execute(_ASSET_COLUMNS).fetchall():
        table = sql.Identifier(schema, name)
        rows = connection.execute(sql.SQL("SELECT DISTINCT asset FROM {} WHERE asset IS NOT NULL").format(table))
        named |= {asset for (asset,) in rows}
    return sorted(named)


def copy_asset(source: Path, target: Path, asset: str) -> int:
    """Copy an asset's folder whole and give its bytes. Raises RefusedError where its content is not its name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".new-{asset}")
    try:
        shutil.copytree(source, aside)
        if hash_folder(aside) != asset:
            raise _damaged(
                f"{ASSETS}/{asset}", Text("内容与其名称(散列值)不符", "its content is not what its name says")
            )
        aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


def _damaged(what: str, why: Text) -> RefusedError:
    return RefusedError(
        Text(
            f"备份已损坏:{what}:{why.zh}。没有改动任何内容。",
            f"The backup is damaged: {what}: {why.en}. Nothing was changed.",
        )
    )
