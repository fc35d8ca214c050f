# SPDX-License-Identifier: Apache-2.0
"""`twin placements`: the review queue at a terminal."""

from __future__ import annotations

from typing import Annotated, LiteralString

import typer
from rich.console import Console
from rich.table import Table

from twin.database import transaction
from twin.errors import ConflictError, InvalidRequestError, NotFoundError
from twin.settings import Settings
from twin.text import Text

_OPEN: LiteralString = """
    SELECT id, layer_code, row, given, reason, candidates FROM placement_review
    WHERE status = 'open' AND (%(layer)s::text IS NULL OR layer_code = %(layer)s) ORDER BY id LIMIT %(limit)s
"""
_WHO = "command"

Review = Annotated[
    int | None, typer.Argument(help=str(Text("待审行的编号;不给则列出。", "A row's id; none: list them.")))
]
Confirm = Annotated[
    int | None,
    typer.Option(min=0, help=str(Text("确认该序号的候选(从 0 起)。", "Confirm the candidate of this number."))),
]
Reject = Annotated[bool, typer.Option("--reject", help=str(Text("否决全部候选。", "None of the candidates is right.")))]
LayerCode = Annotated[
    str | None, typer.Option("--layer", help=str(Text("只列此业务图层。", "Only this business layer.")))
]


def placements(  # noqa: D103 (its help is made below, in the reader's language)
    review: Review = None, confirm: Confirm = None, reject: Reject = False, layer: LayerCode = None, limit: int = 20
) -> None:
    if review is None:
        _show(layer, limit)
        return
    if (confirm is None) != reject:
        raise InvalidRequestError(Text("请给出 --confirm 或 --reject 之一。", "Give one of --confirm and --reject."))
    with transaction(Settings()) as connection:
        if confirm is None:
            row = connection.execute("SELECT reject_placement(%s, %s)", (review, _WHO)).fetchone()
        else:
            row = connection.execute("SELECT confirm_placement(%s, %s, %s)", (review, confirm, _WHO)).fetchone()
    outcome = row[0] if row else "missing"
    if outcome == "missing":
        raise NotFoundError(Text(f"没有编号为 {review} 的待审行。", f"No row {review} waits for review."))
    if outcome == "candidate":
        raise InvalidRequestError(Text("没有这个序号的候选。", "There is no candidate of that number."))
    if outcome != "done":
        raise ConflictError(
            Text("这一行已有决定,或候选已不存在。", "This row has been decided on, or the candidate is gone.")
        )
    typer.echo(str(Text("已决定。", "Decided.")))


placements.__doc__ = str(
    Text(
        "未能落图的行:列出、确认一个候选或全部否决。",
        "Rows that are not placed: list them, confirm a candidate, or reject them all.",
    )
)


def _show(layer: str | None, limit: int) -> None:
    with transaction(Settings()) as connection:
        rows = connection.execute(_OPEN, {"layer": layer, "limit": limit}).fetchall()
    table = Table(box=None)
    for heading in ("id", str(Text("图层", "layer")), str(Text("行", "row")), str(Text("给出", "given")), ""):
        table.add_column(heading)
    for key, code, number, given, reason, candidates in rows:
        why = Text(reason.get("zh", ""), reason.get("en", ""))
        shown = [f"{n}: {c['text']} ({c['match_level']}, {c['confidence']})" for n, c in enumerate(candidates)]
        table.add_row(str(key), code, str(number), given, "\n".join([str(why), *shown]))
    Console().print(table)
