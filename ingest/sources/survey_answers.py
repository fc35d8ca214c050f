# SPDX-License-Identifier: Apache-2.0
"""Answers of collection rounds from a table (CSV, XLSX): the round, the object's code, a column per field of the form.

A cell that is empty leaves what was answered as it is, so a table may have some of the fields, and be sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, LiteralString

import pandas as pd
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

from ingest.mapping import Mapping as ColumnMapping
from ingest.mapping import check_mapping, read_mapping
from ingest.merged import WRITER_ROLE, MergedSource
from ingest.readers.table import read_cells
from ingest.report import LoadReport
from ingest.source import Options
from ingest.survey_cells import (
    FieldPath,
    Schemas,
    match_columns,
    merge_answers,
    normalise,
    read_cell,
    walk_fields,
)
from ingest.wrong_cell import WrongCellError
from twin.database import Connection
from twin.errors import RefusedError
from twin.survey import check_answers, count_answered
from twin.text import Text

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "round": ("round", "survey", "摸查", "摸查编号", "轮次", "摸查轮次"),
    "code": ("code", "park_code", "village_code", "编码", "园区编码", "园区编号", "城中村编码", "城中村编号"),
}
_NO_ROUND: Final = Text("没有这一轮摸查", "there is no such round")
_MANY_ROUNDS: Final = Text("有多轮摸查叫这个名称,请写编号", "several rounds are called so; give its number")
_CLOSED: Final = Text("这一轮已结束,不再接收", "the round is closed; it takes no more answers")
_NO_OBJECT: Final = Text("登记册中没有这个编码", "the register has nothing with this code")
_MANY_OBJECTS: Final = Text("登记册中有多个对象用这个编码", "several entries of the register have this code")
_NOT_OWED: Final = Text("不在这一轮的范围内", "it is not part of this round")
_TWICE: Final = Text("同一轮同一对象重复", "the same object is there twice in one round")
_NO_ANSWER: Final = Text("没有填写任何答案", "nothing is answered")
_NO_FIELD: Final = Text("这一轮的表单没有这个字段", "the form of this round has no such field")


@dataclass(frozen=True)
class _Round:
    """A round as far as rows are held to it; `columns` are the table's, by the field that they answer."""

    id: int
    kind: str
    form: Mapping[str, Any]
    required: int
    block_code: str | None
    is_closed: bool
    schemas: Schemas
    columns: Mapping[FieldPath, str]


@dataclass(frozen=True)
class _Answered:
    round: _Round
    object_id: int
    answers: dict[str, Any] = field(repr=False)


class SurveyAnswerSource(MergedSource[list[_Answered]]):
    """Answers are parts of a round and an object, not features: each is merged with what was answered before."""

    kind = "survey_answers"
    title = Text("摸查答案", "survey answers")
    step = Text("检查并合并摸查答案", "checking and merging the answers")

    def read(self, connection: Connection, path: Path, options: Options, report: LoadReport) -> list[_Answered]:
        """What each row answers, merged with what was answered before."""
        table = read_cells(path, options.layer)
        columns = [str(column) for column in table.columns]
        mapping = _find_keys(columns, read_mapping(options.mapping) if options.mapping else ColumnMapping({}))
        check_mapping(mapping, columns, tuple(_KEYS), path.name)
        report.read = len(table)
        rows = _cells(table, mapping)
        said = {cells[mapping.fields["round"]] if "round" in mapping.fields else "" for cells in rows.values()}
        constant = {ours: str(mapping.constants.get(ours, "")).strip() for ours in _KEYS}
        rounds = {
            name: _find_rounds(connection, name, columns, mapping)
            for name in said | {constant["round"]}
            if name and "\0" not in name
        }
        used = {column for found in rounds.values() for one in found for column in one.columns.values()}
        fields = {
            ".".join(path): column for found in rounds.values() for one in found for path, column in one.columns.items()
        }
        report.mapping = fields | {ours: theirs for ours, theirs in mapping.fields.items() if ours in _KEYS}
        report.ignored_columns = sorted(set(columns) - set(report.mapping.values()))
        answered: list[_Answered] = []
        seen: set[tuple[int, int]] = set()
        for number, cells in rows.items():
            keys = {
                ours: (cells[mapping.fields[ours]] if ours in mapping.fields else "") or constant[ours]
                for ours in _KEYS
            }
            try:
                one = _find_round(rounds.get(keys["round"], []))
                object_id = _find_object(connection, one, keys["code"])
                if (one.id, object_id) in seen:
                    raise WrongCellError("code", _TWICE)
                answers = _read_answers(one, cells, mapping, used)
                before = connection.execute(
                    "SELECT answers FROM survey_response WHERE round_id = %s AND object_id = %s FOR UPDATE",
                    (one.id, object_id),
                ).fetchone()
                merged = merge_answers(before[0] if before else {}, answers)
                try:
                    check_answers(one.form, merged)
                except RefusedError as error:
                    first = error.problems[0]
                    raise WrongCellError(_name_field(one, first.where), first.what) from None
            except WrongCellError as error:
                report.reject([number], error.reason, error.field)
                continue
            seen.add((one.id, object_id))
            answered.append(_Answered(one, object_id, merged))
        report.kept = report.read - report.rejected
        report.details |= {"rounds": sorted({one.round.id for one in answered})}
        return answered

    def merge(self, connection: Connection, rows: list[_Answered], report: LoadReport) -> None:
        """Write the answers over those there are."""
        connection.execute(
            "SELECT set_config('twin.writer_role', %s, true), set_config('twin.writer_token', '', true)",
            (WRITER_ROLE,),
        )
        for answered in rows:
            _write(connection, answered, report)


SOURCE = SurveyAnswerSource()


def _find_keys(columns: list[str], given: ColumnMapping) -> ColumnMapping:
    """The columns of round and code by their names, unless the mapping names others."""
    by_name = {normalise(column): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for ours, names in _KEYS.items():
        theirs = next((by_name[name] for name in names if name in by_name), None)
        if theirs is not None and ours not in given.constants:
            found[ours] = theirs
    return ColumnMapping(found | dict(given.fields), values=given.values, constants=given.constants)


def _cells(table: pd.DataFrame, mapping: ColumnMapping) -> dict[int, dict[str, str]]:
    """The cells by row number and column, trimmed and translated; '' where there is nothing."""
    words = {
        theirs: {str(word).casefold(): str(meant) for word, meant in mapping.values.get(ours, {}).items()}
        for ours, theirs in mapping.fields.items()
    }
    columns = {
        str(name): [
            words.get(str(name), {}).get(text.casefold(), text)
            for text in (str(cell).strip() for cell in table[name].astype("string").fillna(""))
        ]
        for name in table.columns
    }
    return {int(row): {name: cells[at] for name, cells in columns.items()} for at, row in enumerate(table.index)}


_SELECT: LiteralString = """
    SELECT id, kind, form, required, block_code, closed_at IS NOT NULL FROM survey_round
    WHERE CASE WHEN %(name)s ~ '^[0-9]{1,18}$' THEN id::text = %(name)s ELSE title = %(name)s END
"""


def _find_rounds(connection: Connection, name: str, columns: list[str], mapping: ColumnMapping) -> list[_Round]:
    """The rounds with this number or title, each with the columns that answer its form."""
    keys = {mapping.fields[ours] for ours in _KEYS if ours in mapping.fields}
    open_columns = [column for column in columns if column not in keys]
    found: list[_Round] = []
    for row in connection.execute(_SELECT, {"name": name}).fetchall():
        schemas = dict(walk_fields(row[2]))
        found.append(_Round(*row, schemas=schemas, columns=match_columns(schemas, open_columns, mapping.fields)))
    return found


def _find_round(found: list[_Round]) -> _Round:
    if len(found) != 1:
        raise WrongCellError("round", _MANY_ROUNDS if found else _NO_ROUND)
    if found[0].is_closed:
        raise WrongCellError("round", _CLOSED)
    return found[0]


def _find_object(connection: Connection, of: _Round, code: str) -> int:
    statement = SQL("SELECT id, block_code FROM {} WHERE code = %s LIMIT 2").format(Identifier(of.kind))
    found = [] if "\0" in code else connection.execute(statement, (code,)).fetchall()
    if len(found) != 1:
        raise WrongCellError("code", _MANY_OBJECTS if found else _NO_OBJECT)
    if of.block_code is not None and not str(found[0][1]).startswith(of.block_code):
        raise WrongCellError("code", _NOT_OWED)
    return int(found[0][0])


def _read_answers(of: _Round, cells: Mapping[str, str], mapping: ColumnMapping, used: set[str]) -> dict[str, Any]:
    """What a row says, by field. A cell under a column of another round's form is no answer to this one."""
    own = set(of.columns.values())
    for column in sorted(used - own):
        if cells[column]:
            raise WrongCellError(column, _NO_FIELD)
    answers: dict[str, Any] = {}
    for path, column in of.columns.items():
        if cells[column]:
            section = answers
            for name in path[:-1]:
                section = section.setdefault(name, {})
            section[path[-1]] = read_cell(cells[column], of.schemas[path], ".".join(path))
    if not answers:
        raise WrongCellError("answers", _NO_ANSWER)
    return answers


def _name_field(of: _Round, where: str) -> str:
    """The field of the form that a problem is in. Within JSON there are keys that somebody typed: not those."""
    within = f".{where.replace('/', '.')}."
    names = (".".join(path) for path in of.schemas)
    return next((name for name in names if within.startswith(f".{name}.")), "answers")


def _write(connection: Connection, answered: _Answered, report: LoadReport) -> None:
    count = count_answered(answered.round.form, answered.answers)
    row = connection.execute(
        """
        INSERT INTO survey_response AS kept (round_id, object_id, object_kind, answers, answered, completed_at, role,
                                             load_id)
        VALUES (%(round)s, %(object)s, %(kind)s, %(answers)s, %(answered)s, CASE WHEN %(complete)s THEN now() END,
                %(role)s, %(load)s)
        ON CONFLICT (round_id, object_id) DO UPDATE SET
            answers = EXCLUDED.answers, answered = EXCLUDED.answered, role = EXCLUDED.role, token_id = NULL,
            recorded_at = now(), load_id = EXCLUDED.load_id,
            completed_at = CASE WHEN %(complete)s THEN coalesce(kept.completed_at, now()) END
        WHERE kept.answers <> EXCLUDED.answers
        RETURNING xmax = 0
        """,
        {
            "round": answered.round.id, "object": answered.object_id, "kind": answered.round.kind,
            "answers": Jsonb(answered.answers), "answered": count, "complete": count == answered.round.required,
            "role": WRITER_ROLE, "load": report.load_id,
        },
    ).fetchone()  # fmt: skip
    if row is None:
        report.unchanged += 1
    elif row[0]:
        report.inserted += 1
    else:
        report.updated += 1
