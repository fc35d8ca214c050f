# SPDX-License-Identifier: Apache-2.0
"""Names of blocks: lists of codes and names name the blocks there are, and wait for those that have no boundary yet."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import pandas as pd

from ingest.report import MOST_PROBLEMS, LoadReport
from twin.blocks import Scheme
from twin.database import Connection
from twin.errors import Problem, RefusedError
from twin.text import Text


def keep_names(connection: Connection, names: pd.DataFrame, scheme: Scheme, report: LoadReport) -> None:
    """Register `names` (code, name, name_en) and give them to the blocks that have these codes.

    Raises RefusedError where a code occurs twice or has no name.
    """
    twice = sorted(set(names["code"][names["code"].duplicated()].astype(str)))
    nameless = sorted(names["code"][names["name"].isna()].astype(str))
    problems = [
        Problem(f"code {code}", Text("编码重复", "the code occurs twice"), Text("只保留一行", "keep one row"))
        for code in twice
    ] + [
        Problem(f"code {code}", Text("没有名称", "it has no name"), Text("补上名称", "add the name"))
        for code in nameless
    ]
    if problems:
        raise RefusedError(
            Text(
                f"名称表有 {len(problems)} 处错误,未载入。",
                f"{len(problems)} rows of names are wrong; nothing was loaded.",
            ),
            problems[:MOST_PROBLEMS],
        )
    connection.execute('CREATE TEMP TABLE staging_name (code text COLLATE "C", name text, name_en text) ON COMMIT DROP')
    with connection.cursor() as cursor, cursor.copy("COPY staging_name FROM STDIN") as copy:
        for code, name, english in zip(names["code"], names["name"], names["name_en"], strict=True):
            copy.write_row((str(code), str(name), english if isinstance(english, str) else None))
    row = connection.execute(
        """
        WITH kept AS (
            INSERT INTO block_name AS kept (scheme, code, name, name_en, load_id)
            SELECT %(scheme)s, code, name, name_en, %(load)s FROM staging_name
            ON CONFLICT (scheme, code) DO UPDATE SET name = EXCLUDED.name, load_id = EXCLUDED.load_id,
                name_en = coalesce(EXCLUDED.name_en, kept.name_en), recorded_at = now()
            WHERE ROW(kept.name, kept.name_en)
                IS DISTINCT FROM ROW(EXCLUDED.name, coalesce(EXCLUDED.name_en, kept.name_en))
            RETURNING xmax = 0 AS is_new
        ), named AS (
            UPDATE block SET name = staging_name.name, name_en = coalesce(staging_name.name_en, block.name_en)
            FROM staging_name
            WHERE block.scheme = %(scheme)s AND block.code = staging_name.code AND block.valid_to = 'infinity'
              AND ROW(block.name, block.name_en)
                  IS DISTINCT FROM ROW(staging_name.name, coalesce(staging_name.name_en, block.name_en))
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM kept WHERE is_new), (SELECT count(*) FROM kept WHERE NOT is_new),
               (SELECT count(*) FROM named)
        """,
        {"scheme": scheme.scheme, "load": report.load_id},
    ).fetchone()
    assert row is not None
    report.inserted, report.updated = row[0], row[1]
    report.unchanged = len(names) - row[0] - row[1]
    report.details["named"] = row[2]
    connection.execute("DROP TABLE staging_name")


def tell_without_boundary(
    codes: Collection[str], names: pd.DataFrame, scheme: Scheme, report: LoadReport
) -> None:  # fmt: skip
    """Say which rows of `names` have no boundary; `codes` are the blocks that there are."""
    waiting = sorted(set(names["code"].astype(str)) - set(codes))
    report.details["without_boundary"] = waiting
    if waiting:
        shown = ", ".join(waiting[:10]) + (" …" if len(waiting) > 10 else "")
        what = Text(
            f"{len(waiting)} 个编码有名称而没有边界:{shown}",
            f"{len(waiting)} codes have a name and no boundary: {shown}",
        )
        fix = Text("载入它们的边界;名称届时生效", "load their boundaries; the names wait for them")
        report.problems.append(Problem(f"scheme {scheme.scheme}", what, fix))


def fill_names(
    connection: Connection, frame: gpd.GeoDataFrame, scheme: Scheme, known: gpd.GeoDataFrame, report: LoadReport
) -> gpd.GeoDataFrame:
    """`frame` with a name in every row: the file's, else the registered one, else the one it has had, else its code."""
    frame = frame.copy()
    given = frame["name"].astype("string") if "name" in frame else pd.Series(pd.NA, frame.index, dtype="string")
    english = frame["name_en"].astype("string") if "name_en" in frame else pd.Series(pd.NA, frame.index, dtype="string")
    if given.isna().any() or english.isna().any():
        rows = connection.execute(
            "SELECT code, name, name_en FROM block_name WHERE scheme = %s", (scheme.scheme,)
        ).fetchall()
        before = known.set_index("code")
        for register_name, register_english in (
            ({row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}),
            (before["name"].to_dict(), before["name_en"].to_dict()),
        ):
            given = given.fillna(frame["code"].map(register_name).astype("string"))
            english = english.fillna(frame["code"].map(register_english).astype("string"))
    nameless = given.isna()
    if nameless.any():
        what = Text(
            f"{int(nameless.sum())} 个块没有名称,以编码代替",
            f"{int(nameless.sum())} blocks have no name; their code stands for it",
        )
        fix = Text("载入编码与名称的表(CSV)", "load a table (CSV) of codes and names")
        report.problems.append(Problem(f"scheme {scheme.scheme}", what, fix))
        given = given.fillna(frame["code"].astype("string"))
    frame["name"], frame["name_en"] = given, english.astype(object).where(english.notna(), None)
    return frame
