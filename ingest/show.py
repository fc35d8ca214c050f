# SPDX-License-Identifier: Apache-2.0
"""A load report for a person at a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from ingest.report import LoadReport
from twin.text import Text

_LABELS = (
    ("read", Text("读入", "read")),
    ("kept", Text("保留", "kept")),
    ("repaired", Text("修复", "repaired")),
    ("rejected", Text("拒绝", "rejected")),
    ("outside", Text("块外", "outside every block")),
    ("unplaced", Text("无坐标", "without coordinates")),
    ("inserted", Text("新增", "new")),
    ("updated", Text("更新", "updated")),
    ("unchanged", Text("未变", "unchanged")),
    ("crs_declared", Text("坐标系", "CRS")),
    ("extent", Text("范围", "extent")),
    ("schema", Text("模式", "schema")),
    ("storeys", Text("楼层", "storeys")),
    ("spaces", Text("空间", "spaces")),
    ("elements", Text("构件", "elements")),
    ("meshed", Text("已建网格", "meshed")),
    ("seconds", Text("秒", "seconds")),
)


def show_report(report: LoadReport) -> None:
    """Print the account, the reasons of rejects, and each problem with its mend."""
    console = Console()
    values = report.as_dict()
    table = Table(show_header=False, box=None, title=f"{report.kind} · {report.file_name or report.source_id}")
    for key, label in _LABELS:
        value = values.get(key)
        if value is None or value == 0:
            continue
        shown = (
            ", ".join(f"{v:.5f}" for v in value)
            if key == "extent"
            else f"{value:,}"
            if isinstance(value, int)
            else value
        )
        table.add_row(str(label), str(shown))
    console.print(table)
    for reason in values["rejected_reasons"]:
        console.print(f"  ✗ {reason['rows']} × {reason['field'] or ''} {reason['reason']}", markup=False)
    for problem in report.problems:
        console.print(f"  ! {problem.where}: {problem.what} → {problem.fix}", markup=False)
