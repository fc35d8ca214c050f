# SPDX-License-Identifier: Apache-2.0
"""Backup and restore with real tools: what comes back is what was there, and a failed restore changes nothing."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import psycopg
import pytest
from alembic import command
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from tests.api.district import build_district
from tests.api.server import serve
from tests.postgis.old_database import fill_old_database
from twin.assets import asset_path, hash_folder
from twin.backup import DUMP, MANIFEST, MANIFEST_HASH, Manifest, make_backup, verify_backup
from twin.cluster import Cluster
from twin.command.root import app
from twin.database import alembic_config, connect, database_url, read_state, transaction
from twin.errors import ConflictError, RefusedError
from twin.restore import restore_backup
from twin.settings import Settings
from twin.text import Text

TILE = "/collections/buildings/tiles/WebMercatorQuad/13/3570/6690"


def silent(_step: Text, _part: float) -> None:
    """Nobody looks."""


@pytest.fixture
def new_place(cluster: Cluster, tmp_path: Path) -> Iterator[Settings]:
    """A database that is not there yet, and an empty data directory."""
    name = f"twin_test_{uuid.uuid4().hex[:12]}"
    yield Settings(
        database_url=cluster.url(name), data_dir=tmp_path / "new", viewer_dir=tmp_path / "viewer", pool_size=3
    )
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        for (found,) in connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (name,)
        ).fetchall():
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(found)))


@pytest.fixture
def filled(database: Settings) -> tuple[Settings, dict[str, str]]:
    """A district with a published model, and its tokens."""
    return database, build_district(database)


def databases_of(settings: Settings, cluster: Cluster) -> set[str]:
    name = conninfo_to_dict(database_url(settings))["dbname"]
    with psycopg.connect(cluster.url("postgres")) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (name,)).fetchall()
    return {row[0] for row in rows}


def test_what_was_backed_up_comes_back_row_for_row_and_byte_for_byte(
    filled: tuple[Settings, dict[str, str]], new_place: Settings, tmp_path: Path
) -> None:
    settings, tokens = filled
    with serve(settings, tokens) as before, before.client("admin") as client:
        tile, model = client.get(TILE).content, client.get("/tilesets/1/content.glb").content
        manifest = make_backup(settings, tmp_path / "backup", silent)
    assert len(tile) > 100 and len(model) == 2048
    assert manifest.tables["public.building"] == 17 and manifest.missing_assets == []
    assert len(manifest.assets) == 1 and "twin_reader" in manifest.roles
    done = restore_backup(new_place, tmp_path / "backup", silent)
    assert (done.former, done.assets) == (None, 1)
    with connect(new_place) as connection:
        state = read_state(connection)
        assert state.is_leakproof and state.is_current
        # The rules of access came along, forced on the owner too.
        row = connection.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'public.building'::regclass"
        )
        assert row.fetchone() == (True, True)
    with serve(replace_viewer(new_place), tokens) as after, after.client("admin") as client:
        assert client.get(TILE).content == tile
        assert client.get("/tilesets/1/content.glb").content == model
        with after.client("west") as west, after.client("east") as east:
            assert (count_buildings(west), count_buildings(east)) == (9, 8)
        # The change log goes on where it was: what is written now is heard of.
        after.execute("UPDATE building SET height = 99 WHERE local_id = 'public'")


def replace_viewer(settings: Settings) -> Settings:
    return settings.model_copy(update={"viewer_dir": settings.data_dir / "viewer"})


def count_buildings(client: object) -> int:
    return int(client.get("/collections/buildings/items?limit=1&count=exact").json()["numberMatched"])  # type: ignore[attr-defined]


def test_a_backup_of_the_moment_it_began_has_nothing_that_came_later(
    filled: tuple[Settings, dict[str, str]], tmp_path: Path
) -> None:
    settings, _ = filled

    def write_meanwhile(step: Text, _part: float) -> None:
        if step.en.startswith("dumping"):
            with transaction(settings) as connection:
                connection.execute("DELETE FROM building WHERE local_id = 'public'")

    manifest = make_backup(settings, tmp_path / "backup", write_meanwhile)
    assert manifest.tables["public.building"] == 17
    assert verify_backup(tmp_path / "backup", silent) == manifest
    with connect(settings) as connection:
        assert connection.execute("SELECT count(*) FROM building").fetchone() == (16,)


@pytest.mark.parametrize("damage", ["cut", "flipped", "no dump", "no manifest", "manifest", "asset", "asset gone"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(
    filled: tuple[Settings, dict[str, str]], new_place: Settings, cluster: Cluster, tmp_path: Path, damage: str
) -> None:
    settings, _ = filled
    folder = tmp_path / "backup"
    manifest = make_backup(settings, folder, silent)
    do_damage(folder, manifest, damage)
    with pytest.raises(RefusedError):
        verify_backup(folder, silent)
    with pytest.raises(RefusedError, match=r"damaged|no whole backup"):
        restore_backup(new_place, folder, silent)
    assert databases_of(new_place, cluster) == set()
    assert not new_place.data_dir.exists()


def do_damage(folder: Path, manifest: Manifest, damage: str) -> None:
    dump, asset = folder / DUMP, next((folder / "assets").glob("*/*"))
    content = dump.read_bytes()
    if damage == "cut":
        dump.write_bytes(content[:-1000])
    elif damage == "flipped":
        dump.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    elif damage == "no dump":
        dump.unlink()
    elif damage == "no manifest":
        (folder / MANIFEST).unlink()
    elif damage == "manifest":
        (folder / MANIFEST).write_bytes((folder / MANIFEST).read_bytes().replace(b'"rows"', b'"row"') + b" ")
    elif damage == "asset":
        (asset / "tileset.json").write_text("{}")
    else:
        shutil.rmtree(asset)


def test_a_dump_that_does_not_restore_leaves_nothing_even_where_its_hash_is_right(
    filled: tuple[Settings, dict[str, str]], new_place: Settings, cluster: Cluster, tmp_path: Path
) -> None:
    settings, _ = filled
    folder = tmp_path / "backup"
    manifest = make_backup(settings, folder, silent)
    role = f"twin_test_{uuid.uuid4().hex[:12]}"
    tables = {**manifest.tables, "public.building": 18}
    rewrite_manifest(folder, replace(manifest, tables=tables, roles=[*manifest.roles, role]))
    with pytest.raises(RefusedError, match=r"public\.building"):
        restore_backup(new_place, folder, silent)
    assert databases_of(new_place, cluster) == set()
    assert not new_place.assets_dir.exists()
    with psycopg.connect(cluster.url("postgres")) as connection:
        assert connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None
    # One that is too old for PostgreSQL to read back is refused before anything is tried.
    rewrite_manifest(folder, replace(manifest, revision="0019"))
    with pytest.raises(RefusedError, match="none before 0020"):
        restore_backup(new_place, folder, silent)


_UNPINNED = """
    SELECT DISTINCT pg_describe_object(used.classid, used.objid, used.objsubid)
    FROM pg_depend AS used JOIN pg_proc AS called ON called.oid = used.refobjid
    WHERE used.refclassid = 'pg_proc'::regclass
      AND used.classid IN ('pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_class'::regclass)
      AND pronamespace = 'public'::regnamespace AND prosqlbody IS NULL
      AND NOT coalesce(array_to_string(proconfig, ' ') LIKE '%search_path=%', false)
      AND NOT EXISTS (SELECT FROM pg_depend AS owned WHERE owned.classid = 'pg_proc'::regclass
                      AND owned.objid = called.oid AND owned.deptype = 'e')
"""


def test_no_column_check_or_index_calls_a_function_that_a_restore_would_not_understand(database: Settings) -> None:
    """pg_restore works without a search path: what is computed meanwhile names its own, or fails."""
    with connect(database) as connection:
        assert connection.execute(_UNPINNED).fetchall() == []


def rewrite_manifest(folder: Path, manifest: Manifest) -> None:
    import hashlib
    from dataclasses import asdict

    content = orjson.dumps(asdict(manifest))
    (folder / MANIFEST).write_bytes(content)
    (folder / MANIFEST_HASH).write_text(hashlib.sha256(content).hexdigest())


def test_a_database_that_holds_something_is_replaced_only_when_asked_and_kept_aside(
    filled: tuple[Settings, dict[str, str]], cluster: Cluster, tmp_path: Path
) -> None:
    settings, _ = filled
    folder = tmp_path / "backup"
    make_backup(settings, folder, silent)
    with transaction(settings) as connection:
        connection.execute("DELETE FROM building")
    with pytest.raises(ConflictError, match="not empty"):
        restore_backup(settings, folder, silent)
    with connect(settings), pytest.raises(ConflictError, match="Stop"):
        restore_backup(settings, folder, silent, is_replacing=True)
    assert len(databases_of(settings, cluster)) == 1
    done = restore_backup(settings, folder, silent, is_replacing=True)
    assert done.assets == 0, "it was there"
    try:
        with connect(settings) as connection:
            assert connection.execute("SELECT count(*) FROM building").fetchone() == (17,)
        assert done.former is not None
        with psycopg.connect(cluster.url(done.former)) as connection:
            assert connection.execute("SELECT count(*) FROM building").fetchone() == (0,)
    finally:
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(done.former or "none")))


def test_jobs_that_were_to_run_are_told_as_failed_since_their_files_are_gone(
    filled: tuple[Settings, dict[str, str]], new_place: Settings, tmp_path: Path
) -> None:
    settings, _ = filled
    with transaction(settings) as connection:
        connection.execute("INSERT INTO job_progress (kind, state) VALUES ('model', 'running'), ('model', 'done')")
    make_backup(settings, tmp_path / "backup", silent)
    restore_backup(new_place, tmp_path / "backup", silent)
    with connect(new_place) as connection:
        rows = connection.execute("SELECT state, report IS NOT NULL FROM job_progress ORDER BY id").fetchall()
    assert rows == [("failed", True), ("done", False)]


def test_a_backup_of_an_older_revision_is_migrated_when_it_is_restored(
    cluster: Cluster, new_place: Settings, tmp_path: Path
) -> None:
    name = f"twin_test_{uuid.uuid4().hex[:12]}"
    old = Settings(database_url=cluster.url(name), data_dir=tmp_path / "old")
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            command.upgrade(alembic_config(database_url(old)), "0019")
            fill_old_database(old)
            # Before it, a generated column needs a function that no restore finds; nothing was released then.
            command.upgrade(alembic_config(database_url(old)), "0020")
            manifest = make_backup(old, tmp_path / "backup", silent)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    assert manifest.revision == "0020"
    done = restore_backup(new_place, tmp_path / "backup", silent)
    with connect(new_place) as connection:
        state = read_state(connection)
        assert state.is_current and done.revision == state.head
        assert connection.execute("SELECT count(*) FROM building").fetchone() == (manifest.tables["public.building"],)


def test_an_asset_that_is_not_what_its_name_says_stops_the_backup_and_leaves_nothing(
    filled: tuple[Settings, dict[str, str]], tmp_path: Path
) -> None:
    settings, _ = filled
    place = next(settings.assets_dir.glob("*/*"))
    (place / "tileset.json").write_text("{}")
    with pytest.raises(RefusedError, match="damaged"):
        make_backup(settings, tmp_path / "backup", silent)
    assert not (tmp_path / "backup").exists() and not list(tmp_path.glob(".backup*"))
    shutil.rmtree(place)
    assert len(make_backup(settings, tmp_path / "backup", silent).missing_assets) == 1, "told, and not in the way"


def test_the_commands_say_what_they_did(
    filled: tuple[Settings, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = filled
    monkeypatch.setenv("TWIN_DATABASE_URL", database_url(settings))
    monkeypatch.setenv("TWIN_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("TWIN_LANGUAGE", "en")
    folder = tmp_path / "backup"
    made = CliRunner().invoke(app, ["backup", str(folder)])
    assert made.exit_code == 0 and "The backup is in" in made.output
    checked = CliRunner().invoke(app, ["backup", str(folder), "--verify"])
    assert checked.exit_code == 0 and "The backup is whole." in checked.output
    asset = next((folder / "assets").glob("*/*"))
    assert hash_folder(asset_path(settings, asset.name)) == asset.name
    again = CliRunner().invoke(app, ["backup", str(folder)])
    assert isinstance(again.exception, RefusedError)
    assert isinstance(CliRunner().invoke(app, ["restore", str(folder)]).exception, ConflictError)
