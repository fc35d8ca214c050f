# SPDX-License-Identifier: Apache-2.0
"""Rows that a new file of a list no longer has: counted always, and ended where the file is said to be the whole.

Whose rows they are is told by the source: a file says nothing of what came from another. A row that the file has
and that may not enter is there all the same. History keeps what is ended, and a withdrawal brings it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import geopandas as gpd
import pandas as pd
from psycopg import sql
from psycopg.types.json import Jsonb

from ingest.kind import Kind
from ingest.report import LoadReport
from twin.database import Connection
from twin.errors import Problem, RefusedError
from twin.text import Text

Update = Literal["whole", "part"]
"""What a file is: the whole list, or a part of it that adds and updates."""

_REVIEWS: Final = "placement_review"


@dataclass
class Listing:
    """The ids that a file has, by the row's number, whether or not the row may enter."""

    ids: list[pd.Series[Any]] = field(default_factory=list["pd.Series[Any]"])
    is_named: bool = True
    """Whether rows have ids of their own; the others are named by their content when they are prepared."""

    def watch(self, frames: Iterable[gpd.GeoDataFrame]) -> Iterator[gpd.GeoDataFrame]:
        """The frames as they are, noted on their way."""
        for frame in frames:
            self.add(frame.get("local_id"), frame.index)
            yield frame

    def add(self, ids: pd.Series[Any] | None, rows: pd.Index[Any]) -> None:
        """Note the ids of these rows."""
        self.is_named &= ids is not None
        self.ids.append(pd.Series(pd.NA, index=rows, dtype="string") if ids is None else ids)

    def all_ids(self) -> list[str]:
        """Every id, as the pipeline writes it."""
        return [str(text) for ids in self.ids for text in _write(ids)]

    def rejected_ids(self, report: LoadReport) -> tuple[list[str], bool]:
        """The ids of rows that were turned away; and whether all of those rows are known by an id."""
        rejected = {reject.row for reject in report.rejects}
        if not rejected:
            return [], True
        found: list[str] = []
        known: set[int] = set()
        for ids in self.ids:
            here = _write(ids[ids.index.isin(rejected)])
            known.update(int(row) for row in here.index)
            found += here.to_list()
        return found, self.is_named and known >= rejected


def _write(ids: pd.Series[Any]) -> pd.Series[Any]:
    texts = ids.astype("string").str.strip().dropna()
    return texts[texts != ""]


def has_rows(connection: Connection, kind: Kind, source_id: str) -> bool:
    """Whether anything of the source is there, so that a file could lack something."""
    row = connection.execute(
        sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE source_id = %s)").format(sql.Identifier(kind.table.name)),
        (source_id,),
    ).fetchone()
    return bool(row and row[0])


def check_missing(
    connection: Connection, kind: Kind, listing: Listing, report: LoadReport, update: str = "part"
) -> None:
    """Put down how many rows a load would miss, with nothing written."""
    if not kind.is_list or not listing.is_named:
        return
    row = connection.execute(
        sql.SQL(
            """
            SELECT count(*) FROM {} AS kept
            WHERE source_id = %s AND NOT EXISTS (SELECT FROM unnest(%s::text[]) AS listed WHERE listed = local_id)
            """
        ).format(sql.Identifier(kind.table.name)),
        (report.source_id, listing.all_ids()),
    ).fetchone()
    report.missing = int(row[0]) if row else 0
    if update == "whole" and not report.read:
        raise _empty(report)
    _tell_missing(report, update)


def settle_missing(
    connection: Connection, kind: Kind, listing: Listing, report: LoadReport, update: str = "part"
) -> None:
    """Count the rows that the file lacks, and end them where it is the whole list; after the merge, while
    `staging` still has the rows of the load.

    Raises RefusedError for a whole list without a row.
    """
    if not kind.is_list:
        return
    if update == "whole" and not report.read:
        raise _empty(report)
    rejected, is_sure = listing.rejected_ids(report)
    connection.execute(
        sql.SQL(
            """
            CREATE TEMP TABLE row_missing ON COMMIT DROP AS
            SELECT id FROM {} AS kept
            WHERE source_id = %s AND NOT EXISTS (SELECT FROM staging WHERE staging.local_id = kept.local_id)
              AND NOT EXISTS (SELECT FROM unnest(%s::text[]) AS listed WHERE listed = kept.local_id)
            """
        ).format(sql.Identifier(kind.table.name)),
        (report.source_id, rejected),
    )
    row = connection.execute("SELECT count(*) FROM row_missing").fetchone()
    report.missing = int(row[0]) if row else 0
    if report.missing and update == "whole" and not is_sure:
        _tell(
            report,
            Text(
                f"没有终止库中多出的 {report.missing} 行:被拒的行里有的认不出编号,不能断定它们不在文件中",
                f"{report.missing} rows that the file seems to lack were not ended: of some rejected rows the id is "
                "not known, so they may be in it",
            ),
            Text("修正被拒的行后再次整表载入", "mend the rejected rows and load the whole list again"),
        )
    elif report.missing and update == "whole":
        report.ended = _end(connection, kind, report)
        connection.execute("SELECT fold_facts()")
    else:
        _tell_missing(report, update)
    connection.execute("DROP TABLE row_missing")


def _end(connection: Connection, kind: Kind, report: LoadReport) -> int:
    name = kind.table.name
    table = sql.Identifier(name)
    for child, column in _referring(connection, name):
        connection.execute(
            sql.SQL("DELETE FROM row_missing USING {} AS child WHERE child.{} = row_missing.id").format(
                sql.Identifier(child), sql.Identifier(column)
            )
        )
    connection.execute(
        """
        INSERT INTO load_end (load_id, kind, feature_id, review)
        SELECT %s, %s, row_missing.id, to_jsonb(review)
        FROM row_missing LEFT JOIN placement_review AS review ON %s AND review.feature_id = row_missing.id
        """,
        (report.load_id, name, name == "business_feature"),
    )
    ended = connection.execute(
        sql.SQL("DELETE FROM {0} USING row_missing WHERE {0}.id = row_missing.id").format(table)
    ).rowcount
    held = (report.missing or 0) - ended
    if held:
        _tell(
            report,
            Text(
                f"{held} 行文件里没有,但别的记录还指着它们,因此保留",
                f"{held} rows that the file lacks were kept, since other records lead to them",
            ),
            Text("先处理那些记录,再次整表载入", "settle those records first, then load the whole list again"),
        )
    return ended


def _referring(connection: Connection, table: str) -> list[tuple[str, str]]:
    """What leads to rows of a table by a foreign key, except reviews, which are kept with the row."""
    rows = connection.execute(
        """
        SELECT child.relname, owned.attname
        FROM pg_constraint JOIN pg_class AS child ON child.oid = conrelid
        JOIN pg_attribute AS owned ON owned.attrelid = conrelid AND owned.attnum = conkey[1]
        WHERE contype = 'f' AND cardinality(conkey) = 1 AND confrelid = %s::regclass AND child.relname <> %s
        """,
        (table, _REVIEWS),
    ).fetchall()
    return [(str(row[0]), str(row[1])) for row in rows]


def save_report(connection: Connection, report: LoadReport) -> None:
    """Keep a report that was added to after its load had been closed."""
    connection.execute("UPDATE load SET report = %s WHERE id = %s", (Jsonb(report.as_dict()), report.load_id))


def _tell_missing(report: LoadReport, update: str) -> None:
    if not report.missing:
        return
    what = Text(
        f"来源“{report.source_id}”在库中有 {report.missing} 行是这个文件里没有的",
        f"{report.missing} rows of the source '{report.source_id}' are there that this file does not have",
    )
    if update == "whole":
        fix = Text(
            "载入时它们会被终止(历史保留,可撤回)", "the load ends them (history keeps them; it can be withdrawn)"
        )
    else:
        fix = Text(
            "文件若是完整的名单,请用 --update whole 载入,它们随之终止;若只是一部分,不必处理",
            "if the file is the whole list, load it with --update whole, and they end; if it is a part, do nothing",
        )
    _tell(report, what, fix)


def _tell(report: LoadReport, what: Text, fix: Text) -> None:
    report.problems.append(Problem(report.file_name or report.kind, what, fix))


def _empty(report: LoadReport) -> RefusedError:
    return RefusedError(
        Text(
            f"{report.file_name or report.kind} 一行也没有,不能作为完整的名单:那会终止全部。请核对文件。",
            f"{report.file_name or report.kind} has no row, so it is not taken for the whole list, which would end "
            "everything. Check the file.",
        )
    )
