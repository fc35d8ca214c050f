# SPDX-License-Identifier: Apache-2.0
"""`twin datasets`: what there is, who answers for it, how fresh and complete it is; and counting it anew."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, LiteralString

import orjson
import typer
from rich.console import Console
from rich.table import Table

from twin.database import Connection, connect
from twin.datasets import note_overdue, refresh_datasets
from twin.errors import InvalidRequestError, NotFoundError
from twin.settings import Settings
from twin.text import Text

_OUT = Console()

_LIST: LiteralString = """
    SELECT dataset.id, dataset.kind, dataset.source_id, dataset.title, owner, steward, licence, note, refresh_days,
           dataset.access_class, dataset.block_code, crs, last_load_id, loaded_at,
           coalesce(loaded_at + make_interval(days => refresh_days) < now(), false), rows_read, rows_rejected,
           dataset.features, round(figures.grids::numeric / nullif(grid.grids, 0), 4)::float, figures.extent,
           dataset.fields, figures.filled,
           (SELECT count(*) FROM dataset_issue WHERE dataset_id = dataset.id AND resolved_at IS NULL),
           computed_at, stale_since IS NOT NULL
    FROM dataset
    LEFT JOIN LATERAL (
        SELECT * FROM dataset_block WHERE dataset_id = dataset.id
          AND dataset_block.block_code = coalesce(dataset.block_code, '')
        ORDER BY dataset_block.access_class DESC LIMIT 1) AS figures ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS grids FROM valid_block JOIN block_scheme USING (scheme)
        WHERE is_governance AND level = cardinality(level_widths)
          AND starts_with(code, coalesce(dataset.block_code, ''))) AS grid
    WHERE %(id)s::bigint IS NULL OR dataset.id = %(id)s ORDER BY dataset.kind, dataset.source_id
"""
_NAMES = (
    "id", "kind", "source_id", "title", "owner", "steward", "licence", "note", "refresh_days", "access_class", "block",
    "crs", "last_load_id", "loaded_at", "is_overdue", "read", "rejected", "rows", "coverage", "extent", "fields",
    "completeness", "issues", "computed_at", "is_stale",
)  # fmt: skip


class Action(StrEnum):
    """What is asked about datasets."""

    LIST = "list"
    DESCRIBE = "describe"
    REFRESH = "refresh"


def datasets(
    action: Annotated[
        Action, typer.Argument(help=str(Text("列出、说明或重新统计。", "List, describe or count anew.")))
    ],
    dataset_id: Annotated[
        int | None, typer.Argument(metavar="ID", help=str(Text("数据集编号。", "The dataset's id.")))
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help=str(Text("refresh:全部重新统计。", "refresh: count all of them anew.")))
    ] = False,
) -> None:
    """Do what is asked."""
    settings = Settings()
    if action is Action.REFRESH:
        done, overdue = refresh_datasets(settings, is_forced=everything), note_overdue(settings)
        _OUT.print(
            str(
                Text(
                    f"已统计 {done} 个数据集;新发现 {overdue} 个超期未更新。",
                    f"Counted {done} datasets; {overdue} more are overdue.",
                )
            )
        )
        return
    if action is Action.DESCRIBE and dataset_id is None:
        raise InvalidRequestError(
            Text("请给出数据集编号(twin datasets list)。", "Name a dataset's id (`twin datasets list`)."), "ID"
        )
    with connect(settings) as connection:
        found = read_datasets(connection, dataset_id)
    if action is Action.DESCRIBE:
        if not found:
            raise NotFoundError(Text(f"没有编号为 {dataset_id} 的数据集。", f"There is no dataset {dataset_id}."))
        typer.echo(orjson.dumps(found[0], option=orjson.OPT_INDENT_2).decode())
        return
    _tell(found)


datasets.__doc__ = str(
    Text(
        "数据集:由谁负责、是否按期更新、覆盖与完整程度。",
        "Datasets: who answers for them, whether they are fresh, what they cover, how complete they are.",
    )
)


def read_datasets(connection: Connection, dataset_id: int | None = None) -> list[dict[str, Any]]:
    """All datasets, or one, with their figures as they were counted last, over all blocks and classes."""
    rows = connection.execute(_LIST, {"id": dataset_id}).fetchall()
    return [_make_entry(dict(zip(_NAMES, row, strict=True))) for row in rows]


def _make_entry(entry: dict[str, Any]) -> dict[str, Any]:
    rows, names, filled = entry["rows"] or 0, entry["fields"], entry["completeness"] or []
    is_counted = bool(rows and names and filled)
    return entry | {
        "fields": [
            {"name": name, "filled": round(full / rows, 4)} for name, full in zip(names, filled, strict=False)
        ] if is_counted else [],
        "completeness": round(sum(filled) / (rows * len(names)), 4) if is_counted else None,
    }  # fmt: skip


def _tell(found: list[dict[str, Any]]) -> None:
    table = Table(box=None)
    for heading in (
        "ID", "种类 kind", "来源 source", "单位 owner", "岗位 steward", "行 rows", "覆盖 coverage", "完整 complete",
        "载入 loaded", "超期 overdue", "问题 issues", "统计 counted",
    ):  # fmt: skip
        table.add_column(heading)
    for entry in found:
        counted = f"{entry['computed_at']:%Y-%m-%d %H:%M}" if entry["computed_at"] else ""
        table.add_row(
            str(entry["id"]), entry["kind"], entry["source_id"], entry["owner"] or "", entry["steward"] or "",
            "" if entry["rows"] is None else str(entry["rows"]), _percent(entry["coverage"]),
            _percent(entry["completeness"]), f"{entry['loaded_at']:%Y-%m-%d}" if entry["loaded_at"] else "",
            str(Text("是", "yes")) if entry["is_overdue"] else "", str(entry["issues"] or ""),
            f"{counted} *" if entry["is_stale"] else counted,
        )  # fmt: skip
    _OUT.print(table)
    if any(entry["is_stale"] for entry in found):
        _OUT.print(
            str(
                Text(
                    "* 此后又有载入,尚未统计(twin datasets refresh)。",
                    "* Loaded since and not counted yet (`twin datasets refresh`).",
                )
            )
        )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
