# SPDX-License-Identifier: Apache-2.0
"""The audit log: who is said to write, and how its chain is exported, verified and archived.

Entries are made by the database (`twin/migrations/sql/audit.sql`), in the transaction of what they speak of. A file
has one entry a line, `{"hash": "…", "entry": {…}}`, where the hash is the SHA-256 of the bytes of the entry exactly
as they stand there; the last line is the head.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, LiteralString

from twin.errors import ConflictError
from twin.logs import REQUEST_ID
from twin.text import Text

if TYPE_CHECKING:
    from twin.access import Actor
    from twin.database import Connection

SET_ASKER: LiteralString = "SELECT set_config('twin.asker', %s, true)"
"""Says to the entries of a transaction on whose behalf it writes; bind `asker_setting`."""

NOTE: LiteralString = "SELECT note_audit(%s, %s, %s, %s, %s::jsonb)"
"""Adds an entry: verb, object, outcome (done, refused), access class or NULL, details without personal data."""

SEAL: LiteralString = "SELECT seal_audit()"
"""Seals what was committed, unless another is at it."""

ORIGIN: Final = "0" * 64
"""The hash before the first entry."""

_BEGINNING: Final = '{"hash": "'
_MIDDLE: Final = '", "entry": '
_AT_ONCE: Final = 2_000

_EXPORT: LiteralString = """
    SELECT seq, encode(hash, 'hex'), audit_text(entry, seq, previous) FROM audit_entry AS entry
    WHERE seq > %s AND seq <= %s ORDER BY seq LIMIT %s
"""


@dataclass(slots=True)
class Asking:
    """A request under way, and who asks as soon as that is known; None: the public, as far as one can tell."""

    actor: Actor | None = None


ASKING: ContextVar[Asking | None] = ContextVar("twin_asking", default=None)
"""What this task answers. Threads and tasks that it starts know it too."""


def note_actor(actor: Actor) -> Actor:
    """Say who asks; what is written from now on is his. The actor, as it was."""
    asking = ASKING.get()
    if asking is not None:
        asking.actor = actor
    return actor


def asker_setting() -> str | None:
    """What `SET_ASKER` binds; None outside a request, where the database's user is all there is to tell."""
    asking = ASKING.get()
    if asking is None:
        return None
    request = REQUEST_ID.get()
    told: dict[str, Any] = {"role": "public", "request": None if request is None else request.decode()}
    actor = asking.actor
    if actor is not None:
        told |= {
            "role": actor.role, "token": actor.token_id, "purpose": actor.purpose,
            "scope": None if actor.is_unscoped else list(actor.granted_codes),
        }  # fmt: skip
    return json.dumps(told)


@dataclass(frozen=True)
class Head:
    """The end of a chain: the number of its last entry and that one's hash (64 hex digits)."""

    seq: int
    hash: str


@dataclass(frozen=True)
class Verdict:
    """What a walk along the chain found: how far it is whole, and what is wrong with the first entry that is not."""

    entries: int
    head: Head
    base: Head
    unsealed: int = 0
    broken_at: int | None = None
    problem: Text | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every entry fits the one before it."""
        return self.problem is None


def read_head(connection: Connection) -> Head:
    """The end of the database's chain, after what is still open has been sealed. Commits with the caller."""
    connection.execute("SELECT seal_audit(true, 1000000)")
    row = connection.execute("SELECT seq, encode(hash, 'hex') FROM audit_head()").fetchone()
    assert row is not None
    return Head(row[0], row[1])


def read_base(connection: Connection) -> Head:
    """The end of what was archived, on which the database's chain builds."""
    row = connection.execute(
        "SELECT seq, encode(hash, 'hex') FROM audit_archive ORDER BY seq DESC LIMIT 1"
    ).fetchone()  # fmt: skip
    return Head(row[0], row[1]) if row else Head(0, ORIGIN)


def read_lines(connection: Connection, through: int | None = None) -> Iterator[str]:
    """The sealed entries as lines of a file, then the head; `through`: up to this entry."""
    base, head = read_base(connection), read_head(connection)
    last, digest = base.seq, base.hash
    while True:
        rows = connection.execute(
            _EXPORT, (last, head.seq if through is None else min(through, head.seq), _AT_ONCE)
        ).fetchall()  # fmt: skip
        for seq, found, text in rows:
            last, digest = seq, found
            yield write_line(digest, text)
        if len(rows) < _AT_ONCE:
            break
    yield write_head(base, Head(last, digest))


def write_line(digest: str, text: str) -> str:
    """One entry of a file, without the line's end."""
    return f"{_BEGINNING}{digest}{_MIDDLE}{text}}}"


def write_head(base: Head, head: Head) -> str:
    """The last line of a file."""
    return json.dumps({"head": {"seq": head.seq, "hash": head.hash}, "after": {"seq": base.seq, "hash": base.hash}})


def verify_lines(lines: Iterable[str], expected: Head | None = None) -> Verdict:
    """Walk along an exported file; the first entry that does not fit says where it was tampered with.

    expected: a head that was noted elsewhere; the chain has to hold it, or its end was cut off or written anew.
    """
    walk = _Walk(expected)
    head: dict[str, Any] | None = None
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r\n")
        if head is not None:
            return walk.fail(Text(f"第 {number} 行在链尾之后", f"line {number} follows the head"))
        if line.startswith('{"head": '):
            head = json.loads(line)
            continue
        digest, text = line[len(_BEGINNING) : len(_BEGINNING) + 64], line[len(_BEGINNING) + 64 + len(_MIDDLE) : -1]
        if line != write_line(digest, text):
            return walk.fail(Text(f"第 {number} 行不是审计记录", f"line {number} is no entry of an audit log"))
        problem = walk.step(digest, text)
        if problem is not None:
            return walk.fail(problem)
    if head is None:
        return walk.fail(Text("没有链尾一行,文件被截断", "there is no head: the file was cut off"))
    ends, after = (Head(head[name]["seq"], head[name]["hash"]) for name in ("head", "after"))
    if walk.entries == 0:
        walk.begin(after)
    if after != walk.base:
        problem = Text(f"文件应从第 {after.seq} 条之后开始", f"the file should begin after entry {after.seq}")
        return walk.fail(problem, after.seq + 1)
    if ends != walk.head:
        return walk.fail(Text(f"文件应到第 {ends.seq} 条为止", f"the file should end with entry {ends.seq}"))
    return walk.end(0)


def verify_database(connection: Connection, expected: Head | None = None) -> Verdict:
    """Walk along the chain of the database, from the end of what was archived; what is still open is sealed first."""
    read_head(connection)
    walk = _Walk(expected, read_base(connection))
    last = 0
    while True:
        # From the first that there is: one with a number of an entry that was archived is wrong as well.
        rows = connection.execute(_EXPORT, (last, 2**62, _AT_ONCE)).fetchall()
        for seq, digest, text in rows:
            last = seq
            problem = walk.step(digest, text)
            if problem is not None:
                return walk.fail(problem)
        if len(rows) < _AT_ONCE:
            break
    row = connection.execute("SELECT count(*) FROM audit_entry WHERE seq IS NULL").fetchone()
    assert row is not None
    return walk.end(row[0])


def archive_prefix(connection: Connection, through: Head) -> int:
    """Take the entries up to `through` out of the database; how many these were.

    The caller has put them into a file and verified that. Raises ConflictError where the entry is not as said, or
    an entry is younger than half a year.
    """
    row = connection.execute(
        "SELECT count(*) FILTER (WHERE at >= now() - interval '6 months'), count(*) FILTER (WHERE seq = %s AND "
        "hash = decode(%s, 'hex')) FROM audit_entry WHERE seq <= %s", (through.seq, through.hash, through.seq)
    ).fetchone()  # fmt: skip
    if row is None or row[0] or not row[1]:
        raise ConflictError(
            Text(
                f"不能归档到第 {through.seq} 条:其中有不足六个月的记录,或该条与文件不符。",
                f"The log cannot be archived up to entry {through.seq}: some of it is younger than six months, or "
                "that entry is not the one in the file.",
            )
        )
    done = connection.execute(
        "SELECT archive_audit(%s, decode(%s, 'hex'))", (through.seq, through.hash)
    ).fetchone()  # fmt: skip
    assert done is not None
    return done[0]


def find_last_before(connection: Connection, moment: datetime) -> int | None:
    """The last entry of which no entry up to it was made at or after `moment`; None where there is none."""
    read_head(connection)
    row = connection.execute(
        "SELECT max(seq) FROM audit_entry WHERE seq < coalesce((SELECT min(seq) FROM audit_entry WHERE at >= %s), "
        "2^62::bigint)", (moment,),
    ).fetchone()  # fmt: skip
    return row[0] if row else None


class _Walk:
    """`base` is where the walk begins, `head` how far it is: the same before the first step."""

    def __init__(self, expected: Head | None, base: Head | None = None) -> None:
        self._expected = expected
        self._is_found = expected is None
        self.entries = 0
        self.base = self.head = Head(0, ORIGIN)
        self._has_begun = False
        if base is not None:
            self.begin(base)

    def begin(self, base: Head) -> None:
        self.base = self.head = base
        self._has_begun = True
        self._is_found = self._is_found or base == self._expected

    def step(self, digest: str, text: str) -> Text | None:
        """Take the next entry; what is wrong with it."""
        entry: dict[str, Any] = json.loads(text)
        seq, previous = entry["seq"], entry["previous"]
        if not self._has_begun:
            # A file may begin where an archive ended.
            self.begin(Head(seq - 1, previous) if seq != 1 else Head(0, ORIGIN))
        if seq != self.head.seq + 1:
            return Text(
                f"应为第 {self.head.seq + 1} 条,却是第 {seq} 条(有删除或换序)",
                f"entry {self.head.seq + 1} should follow, and {seq} does: one was removed or moved",
            )
        if previous != self.head.hash:
            return Text(
                f"第 {seq} 条不接前一条(前一条被删改或换序)",
                f"entry {seq} does not follow the one before it, which was removed, edited or moved",
            )
        if hashlib.sha256(text.encode()).hexdigest() != digest:
            return Text(f"第 {seq} 条的内容被改动", f"the content of entry {seq} was edited")
        self.head = Head(seq, digest)
        self.entries += 1
        self._is_found = self._is_found or self.head == self._expected
        return None

    def fail(self, problem: Text, seq: int | None = None) -> Verdict:
        broken_at = self.head.seq + 1 if seq is None else seq
        return Verdict(self.entries, self.head, self.base, broken_at=broken_at, problem=problem)

    def end(self, unsealed: int) -> Verdict:
        if self._expected is None or self._is_found:
            return Verdict(self.entries, self.head, self.base, unsealed)
        seq = self._expected.seq
        problem = Text(
            f"链中没有另行记下的第 {seq} 条(链尾被截去或重写)",
            f"the chain does not hold the noted entry {seq}: its end was cut off or rewritten",
        )
        return Verdict(self.entries, self.head, self.base, unsealed, seq, problem)
