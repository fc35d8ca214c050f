# SPDX-License-Identifier: Apache-2.0
"""What has outlived its time goes, by one task, and what went is told; what has not stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ingest import upkeep
from ingest.upkeep import RULES, Rule, run_upkeep
from tests.api.district import build_district
from twin.database import connect, transaction
from twin.jobs import UPKEEP, make_queue
from twin.settings import Settings
from twin.text import Text

_MADE = """
    UPDATE change SET committed_at = now() - interval '400 days';
    INSERT INTO access_token (token_hash, role, access_class, expires_at, revoked_at) VALUES
        ('\\x01', 'wall', 2, now() - interval '100 days', NULL), ('\\x02', 'wall', 2, now() - interval '10 days', NULL),
        ('\\x03', 'wall', 2, NULL, now() - interval '100 days'), ('\\x04', 'wall', 2, now() + interval '1 day', NULL);
    INSERT INTO access_token (id, token_hash, kind, role, access_class) VALUES (9000, '\\x05', 'account', 'wall', 2);
    INSERT INTO account (token_id, login) VALUES (9000, 'desk');
    INSERT INTO account_session (token_hash, account_id, method, seen_at, idle_s, expires_at, ended_at) VALUES
        ('\\x11', 9000, 'oidc', now(), 60, now() + interval '1 day', now() - interval '40 days'),
        ('\\x12', 9000, 'oidc', now(), 60, now() + interval '1 day', NULL),
        ('\\x13', 9000, 'oidc', now(), 60, now() + interval '1 day', now() - interval '20 days'),
        ('\\x14', 9000, 'oidc', now() - interval '40 days', 60, now() + interval '1 day', NULL);
    INSERT INTO oidc_flow (state_hash, browser_hash, nonce, verifier, return_to, created_at) VALUES
        ('\\x21', '\\x01', 'n', 'v', '/', now() - interval '2 days'), ('\\x22', '\\x01', 'n', 'v', '/', now());
    INSERT INTO job_progress (kind, state, updated_at) VALUES
        ('old', 'done', now() - interval '40 days'), ('old', 'failed', now() - interval '40 days'),
        ('kept', 'done', now() - interval '20 days'), ('kept', 'queued', now() - interval '40 days');
    INSERT INTO upload (id, filename, kind, options, size, job_id, created_at) VALUES
        ('old-part', 'a', 'model', '{}', 10, NULL, now() - interval '3 days'),
        ('busy-part', 'a', 'model', '{}', 10, NULL, now() - interval '3 days'),
        ('new-part', 'a', 'model', '{}', 10, NULL, now()),
        ('waits', 'a', 'model', '{}', 10, (SELECT id FROM job_progress WHERE state = 'queued'), now());
    INSERT INTO business_layer (code, title, created_by, retention_until) VALUES
        ('over', '过期', 'test', current_date - 2), ('kept', '保留', 'test', current_date + 2);
"""


def make_file(path: Path, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    changed = time.time() - days * 86_400
    os.utime(path, (changed, changed))
    return path


def test_each_rule_removes_what_is_over_and_nothing_else_and_the_report_counts_it(
    database: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    build_district(database)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with transaction(database) as connection:
        connection.execute(_MADE.encode())
    spool, rejects = database.spool_dir, database.rejects_dir
    gone = [
        make_file(spool / "old-part.part", 3),
        make_file(spool / "orphan", 3),
        make_file(rejects / "a.csv", 9),
        make_file(tmp_path / "twin-export-x" / "file", 3),
        make_file(database.assets_dir / ".new-x" / "file", 3),
    ]
    changed = time.time() - 3 * 86_400
    for folder in (tmp_path / "twin-export-x", database.assets_dir / ".new-x"):
        os.utime(folder, (changed, changed))
    kept = [
        make_file(spool / "busy-part.part", 0),
        make_file(spool / "new-part.part", 0),
        make_file(spool / "waits", 3),
        make_file(rejects / "b.csv", 1),
        make_file(tmp_path / "twin-export-y" / "file", 0),
    ]
    job = run_upkeep(database)
    with connect(database) as connection:
        row = connection.execute("SELECT kind, state, report FROM job_progress WHERE id = %s", (job,)).fetchone()
        assert row is not None and row[:2] == ("upkeep", "done")
        removed = {name: rule["removed"] for name, rule in row[2]["rules"].items()}
        assert removed.pop("changes") > 0
        assert removed == {
            "layers": 1,
            "checked": 0,
            "rejects": 1,
            "uploads": 1,
            "leftovers": 3,
            "jobs": 2,
            "tokens": 2,
            "sessions": 3,
        }
        sessions = "SELECT array_agg(encode(token_hash, 'hex') ORDER BY id) FROM account_session"
        assert connection.execute(sessions).fetchone() == (["12", "13"],)
        assert connection.execute("SELECT count(*) FROM oidc_flow").fetchone() == (1,)
        old = "SELECT count(*) <= 1 FROM change WHERE committed_at < now() - interval '100 days'"
        assert connection.execute(old).fetchone() == (True,), "the newest says how far it is"
        hashes = "SELECT array_agg(encode(token_hash, 'hex') ORDER BY 1) FROM access_token WHERE length(token_hash) = 1"
        assert connection.execute(hashes).fetchone() == (["02", "04", "05"],)
        assert connection.execute("SELECT count(*) FROM job_progress WHERE kind = 'kept'").fetchone() == (2,)
        assert connection.execute("SELECT array_agg(code) FROM business_layer").fetchone() == (["kept"],)
        uploads = connection.execute("SELECT array_agg(id ORDER BY id) FROM upload").fetchone()
        assert uploads == (["busy-part", "new-part", "waits"],)
    assert [path for path in gone if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []
    assert run_upkeep(database) is None, "there is nothing more to do, and it was told today"


def test_a_rule_that_fails_is_told_and_keeps_no_other_from_its_work(
    database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_settings: Settings) -> int:
        raise OSError(28, "No space left on device", "/somebodys/name")

    monkeypatch.setattr(upkeep, "RULES", (Rule("bad", Text("坏", "bad"), fail), *RULES))
    job = run_upkeep(database)
    with connect(database) as connection:
        row = connection.execute("SELECT state, report FROM job_progress WHERE id = %s", (job,)).fetchone()
    assert row is not None and row[0] == "failed"
    assert row[1]["rules"]["bad"]["failed"] == "OSError No space left on device"
    assert row[1]["rules"].keys() == {"bad", *(rule.name for rule in RULES)}


def test_the_queue_itself_enqueues_the_upkeep(database: Settings) -> None:
    queue = make_queue(database)
    periodic = [task.task.name for task in queue.periodic_registry.periodic_tasks.values()]
    assert periodic.count(UPKEEP) == 1
