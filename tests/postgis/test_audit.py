# SPDX-License-Identifier: Apache-2.0
"""The audit log: every writer is in it, nothing in it changes, and what is taken out of it shows."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.toy import WEST, grid_code, load_toy
from twin.access import Actor, create_token
from twin.audit import ASKING, Asking, Head, Verdict, read_head, read_lines, verify_database, verify_lines
from twin.command.root import app
from twin.database import Connection, connect, database_url, transaction
from twin.settings import Settings

SQUARE = "ST_MakeEnvelope(120.001, 30.001, 120.002, 30.002, 4490)"


def add_building(connection: Connection, name: str) -> None:
    connection.execute(
        f"INSERT INTO building (source_id, local_id, block_code, geometry) VALUES ('t', %s, %s, {SQUARE})",
        (name, grid_code(0, 0)),
    )


def note(connection: Connection, *objects: str) -> None:
    for name in objects:
        connection.execute("SELECT note_audit('test.note', %s)", (name,))


def read_entries(settings: Settings, verb: str | None = None) -> list[dict]:
    with connect(settings) as connection:
        rows = connection.execute(
            "SELECT to_jsonb(entry) FROM audit_entry AS entry WHERE %s::text IS NULL OR verb = %s ORDER BY id",
            (verb, verb),
        ).fetchall()
    return [row[0] for row in rows]


def walk(settings: Settings, expected: Head | None = None) -> Verdict:
    with transaction(settings) as connection:
        return verify_database(connection, expected)


def tamper(settings: Settings, statement: str) -> None:
    """What only the owner of the database can do: switch the triggers off and rewrite."""
    with transaction(settings) as connection:
        connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        connection.execute(statement.encode())
        connection.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")


@pytest.fixture
def chain(database: Settings) -> Settings:
    """A database with ten sealed entries; making it left some as well."""
    tamper(database, "DELETE FROM audit_entry")
    with transaction(database) as connection:
        note(connection, *(f"thing:{number}" for number in range(10)))
    with transaction(database) as connection:
        read_head(connection)
    return database


def test_a_write_and_its_entry_are_one_and_what_is_rolled_back_leaves_none(database: Settings) -> None:
    load_toy(database)
    with transaction(database) as connection:
        add_building(connection, "kept")
    with connect(database) as connection:
        add_building(connection, "gone")
        connection.rollback()
    (entry,) = [e for e in read_entries(database, "feature.write") if e["object"] == "layer:buildings"]
    assert entry["details"]["op"] == "insert" and len(entry["details"]["ids"]) == 1
    assert entry["details"]["version"].startswith("v")
    assert entry["database_user"] and entry["token_id"] is None


def test_who_asks_is_named_by_the_transaction_and_the_database_user_by_nobody(database: Settings) -> None:
    token = ASKING.set(Asking(Actor("steward", (WEST,), 3, 42, purpose="census")))
    try:
        with transaction(database) as connection:
            connection.execute("INSERT INTO pillar (code, title, position) VALUES ('p', '{}', 9)")
            connection.execute(
                "INSERT INTO audit_entry (verb, object, seq, hash, previous, database_user, at) "
                "VALUES ('x', 'y', 7, 'a', 'b', 'somebody else', '2000-01-01')"
            )
    finally:
        ASKING.reset(token)
    entry, forged = read_entries(database)[-2:]
    assert (entry["verb"], entry["object"]) == ("config.change", "pillar:p")
    assert (entry["role"], entry["token_id"], entry["scope"], entry["purpose"]) == ("steward", 42, [WEST], "census")
    assert forged["database_user"] == entry["database_user"] != "somebody else"
    assert forged["seq"] is None and not forged["at"].startswith("2000")


def test_tokens_grants_loads_and_configuration_are_on_record_whoever_writes_them(database: Settings) -> None:
    load_toy(database)
    with transaction(database) as connection:
        create_token(connection, "grid_manager", scope=[WEST])
        connection.execute("UPDATE access_token SET label = 'other'")  # changes no right
    with transaction(database) as connection:
        connection.execute("UPDATE access_token SET revoked_at = now()")
        connection.execute("UPDATE measure SET position = position")  # changes nothing
        connection.execute("UPDATE measure SET position = 77 WHERE code = 'hazards.open_by_due'")
        connection.execute("UPDATE load SET withdrawn_at = now(), withdrawn_by = 'token 3'")
    told = [(e["verb"], e["object"].partition(":")[0]) for e in read_entries(database)]
    for wanted in (
        ("token.make", "token"), ("grant.give", "grant"), ("token.revoke", "token"), ("load.finish", "load"),
        ("load.withdraw", "load"), ("feature.write", "layer"),
    ):  # fmt: skip
        assert wanted in told, wanted
    assert told.count(("token.change", "token")) == 0
    changes = [e for e in read_entries(database, "config.change") if "position" in e["details"].get("changed", ())]
    assert [(e["object"], e["details"]["changed"]) for e in changes] == [("measure:hazards.open_by_due", ["position"])]
    text = json.dumps(read_entries(database))
    assert "other" not in text and "token_hash" not in text
    # Everything that the load's transaction wrote is said to be of that load.
    assert {e["request_id"] for e in read_entries(database, "feature.write")} == {"load:1"}


def test_the_log_is_added_to_and_never_changed_even_by_its_owner(chain: Settings) -> None:
    for statement in (
        "UPDATE audit_entry SET object = 'other' WHERE seq = 3",
        "UPDATE audit_entry SET seq = NULL, hash = NULL, previous = NULL WHERE seq = 10",
        "DELETE FROM audit_entry WHERE seq = 10",
        "TRUNCATE audit_entry",
        "INSERT INTO audit_archive VALUES (3, '', 3); UPDATE audit_archive SET seq = 4",
    ):
        with connect(chain) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege, match="never changed"):
            connection.execute(statement.encode())
    assert walk(chain).is_whole


def test_the_applications_reader_adds_by_the_function_and_reads_nothing(database: Settings) -> None:
    with connect(database) as connection:
        connection.execute("SET ROLE twin_reader")
        note(connection, "by the reader")
        connection.commit()
        connection.execute("SET ROLE twin_reader")
        for statement in (
            "SELECT FROM audit_entry", "INSERT INTO audit_entry (verb, object) VALUES ('a', 'b')",
            "SELECT seal_audit()", "DELETE FROM audit_entry",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement.encode())
    assert [e["object"] for e in read_entries(database, "test.note")] == ["by the reader"]


TAMPERED = (
    ("UPDATE audit_entry SET object = 'other' WHERE seq = 4", 4),
    ("UPDATE audit_entry SET at = at + interval '1 second' WHERE seq = 4", 4),
    ("DELETE FROM audit_entry WHERE seq = 4", 4),
    ("DELETE FROM audit_entry WHERE seq < 4", 1),
    ("UPDATE audit_entry SET seq = -seq WHERE seq IN (4, 5); UPDATE audit_entry SET seq = 9 + seq WHERE seq < 0", 4),
    (
        "DELETE FROM audit_entry WHERE seq = 4; UPDATE audit_entry SET seq = seq - 1 WHERE seq = 5;"
        "UPDATE audit_entry SET seq = seq - 1 WHERE seq > 5",
        4,
    ),
    (
        "UPDATE audit_entry SET object = 'other' WHERE seq = 4;"
        "UPDATE audit_entry AS e SET hash = sha256(convert_to(audit_text(e, seq, previous), 'UTF8')) WHERE seq = 4",
        5,
    ),
)


def test_what_was_edited_removed_or_moved_is_found_in_the_database_and_in_a_file(chain: Settings) -> None:
    with connect(chain) as connection:
        for statement, broken_at in TAMPERED:
            with connection.transaction(force_rollback=True):
                connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
                connection.execute(statement.encode())
                verdict = verify_database(connection)
                assert (verdict.broken_at, verdict.entries) == (broken_at, broken_at - 1), statement
                assert verify_lines(read_lines(connection)).broken_at == broken_at, statement


def test_an_end_that_was_cut_off_or_written_anew_is_found_by_a_head_that_was_noted(chain: Settings) -> None:
    with transaction(chain) as connection:
        noted = read_head(connection)
    tamper(chain, "DELETE FROM audit_entry WHERE seq = 10")
    assert walk(chain).is_whole
    assert walk(chain, noted).broken_at == 10
    with transaction(chain) as connection:
        note(connection, "another")
    assert walk(chain).head.seq == 10
    assert walk(chain, noted).broken_at == 10


def test_a_file_is_whole_or_says_where_it_is_not(chain: Settings) -> None:
    with transaction(chain) as connection:
        lines = list(read_lines(connection))
    assert verify_lines(line + "\n" for line in lines) == walk(chain)
    for edited in (
        [],
        lines[:-1],
        lines[:-2] + lines[-1:],
        lines[:3] + lines[4:],
        lines[1:],
        [lines[1], lines[0], *lines[2:]],
        [line.replace("thing:3", "thing:4") for line in lines],
        [line.replace('", "entry"', '","entry"') for line in lines],
        [*lines, lines[0]],
        ["nonsense", *lines],
    ):
        assert not verify_lines(line + "\n" for line in edited).is_whole, edited


def test_eight_writers_at_once_neither_wait_for_each_other_nor_break_the_chain(database: Settings) -> None:
    load_toy(database)
    failures: list[BaseException] = []
    start = threading.Barrier(9)

    def write(writer: int) -> None:
        try:
            with psycopg.connect(database_url(database)) as connection:
                start.wait(30)
                for number in range(12):
                    # In every order of the log's own lock and of that of the change log.
                    if (writer + number) % 2:
                        note(connection, f"writer:{writer}")
                    add_building(connection, f"{writer}-{number}")
                    note(connection, f"writer:{writer}")
                    if number % 4 == 3:
                        connection.rollback()
                    connection.commit()
        except BaseException as error:
            failures.append(error)

    def seal() -> None:
        try:
            with psycopg.connect(database_url(database), autocommit=True) as connection:
                start.wait(30)
                while any(thread.is_alive() for thread in writers):
                    connection.execute("SELECT seal_audit()")
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    sealers = [threading.Thread(target=seal)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in (*writers, *sealers):
        thread.join(120)
    assert failures == []
    verdict = walk(database)
    assert verdict.is_whole and verdict.unsealed == 0
    entries = read_entries(database)
    assert [e["seq"] for e in entries if e["seq"] is None] == []
    # Nine of twelve were committed by each; every one has its own entry and that of the change log.
    assert sum(e["object"] == "layer:buildings" for e in entries) == 8 * 9
    assert verdict.entries == len(entries)


def test_an_open_writer_keeps_nobody_from_writing_or_sealing_and_is_sealed_later(database: Settings) -> None:
    tamper(database, "DELETE FROM audit_entry")
    with connect(database) as slow:
        note(slow, "slow")
        with transaction(database) as quick:
            quick.execute("SET LOCAL lock_timeout = '2s'")
            note(quick, "quick")
        assert walk(database).entries == 1
        slow.commit()
    verdict = walk(database)
    assert verdict.is_whole and verdict.entries == 2
    with connect(database) as connection:
        rows = connection.execute("SELECT object FROM audit_entry ORDER BY seq").fetchall()
    assert rows == [("quick",), ("slow",)]


def test_an_old_part_is_archived_and_both_parts_still_verify(
    chain: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIN_DATABASE_URL", database_url(chain))
    monkeypatch.setenv("TWIN_LANGUAGE", "en")
    runner = CliRunner()
    with transaction(chain) as connection:
        noted = read_head(connection)
        # Three entries of a year ago: written as such, and chained as such.
        connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        connection.execute("UPDATE audit_entry SET at = at - interval '1 year' WHERE seq <= 3")
        connection.execute("UPDATE audit_entry SET seq = NULL, hash = NULL, previous = NULL")
        connection.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")
    young = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d")
    refused = runner.invoke(app, ["audit", "archive", str(tmp_path / "young.jsonl"), "--before", young])
    assert refused.exit_code != 0
    before = (datetime.now(UTC) - timedelta(days=300)).strftime("%Y-%m-%d")
    old, rest = tmp_path / "old.jsonl", tmp_path / "rest.jsonl"
    done = runner.invoke(app, ["audit", "archive", str(old), "--before", before], catch_exceptions=False)
    assert done.exit_code == 0 and "3 entries archived" in done.output
    verdict = walk(chain)
    assert verdict.is_whole and verdict.base.seq == 3 and verdict.entries == 8  # seven, and that it was archived
    assert runner.invoke(app, ["audit", "export", str(rest)], catch_exceptions=False).exit_code == 0
    for path in (old, rest):
        checked = runner.invoke(app, ["audit", "verify", str(path)], catch_exceptions=False)
        assert checked.exit_code == 0 and "Whole" in checked.output
    both = old.read_text().splitlines()[:-1] + rest.read_text().splitlines()[:-1]
    assert [json.loads(line)["entry"]["seq"] for line in both] == list(range(1, len(both) + 1))
    head = runner.invoke(app, ["audit", "verify"], catch_exceptions=False).output.split()[-1]
    assert runner.invoke(app, ["audit", "verify", "--head", head], catch_exceptions=False).exit_code == 0
    other = f"{noted.seq}:{'0' * 64}"
    failed = runner.invoke(app, ["audit", "verify", "--head", other], catch_exceptions=False)
    assert failed.exit_code == 1 and "does not hold the noted entry" in failed.output
    # Nothing more can be deleted than was archived.
    with connect(chain) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM audit_entry")


def test_a_token_without_a_purpose_reads_no_restricted_data(database: Settings) -> None:
    from twin.access import READ_ACTOR, actor_from_row, hash_token

    with transaction(database) as connection:
        token = create_token(connection, "planner", purpose="census of rental housing")

        def read() -> Actor:
            row = connection.execute(READ_ACTOR, (hash_token(token),)).fetchone()
            assert row is not None
            return actor_from_row(row)[0]

        assert (read().access_class, read().purpose) == (3, "census of rental housing")
        for purpose in ("", "  ", None):
            connection.execute("UPDATE access_token SET purpose = %s", (purpose,))
            assert read().access_class == 2
    (first, *_changes) = read_entries(database, "token.make")
    assert first["details"]["purpose"] == "census of rental housing"
