# SPDX-License-Identifier: Apache-2.0
"""How the columns of somebody's table become our fields: a small TOML file, or detection by name.

A mapping file::

    source = "nyc311"                   # whose local_ids these are
    crs = "EPSG:4326"                   # only if the file always has it; --crs says otherwise
    time_zone = "America/New_York"      # of times that name none
    [fields]                            # ours = "theirs"
    local_id = "Unique Key"
    x = "Longitude"
    y = "Latitude"
    occurred_at = "Created Date"
    [formats]
    occurred_at = "%m/%d/%Y %I:%M:%S %p"
    [values.state]                      # theirs = "ours"
    Closed = "closed"
    [constants]
    channel = "hotline"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from twin.errors import DeclarationError, RefusedError
from twin.text import Text

SHIPPED: Final = Path(__file__).parent / "mappings"

_TABLES: Final = frozenset({"source", "crs", "time_zone", "fields", "formats", "values", "constants"})

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "local_id": ("local_id", "incident_no", "unique_key", "case_enquiry_id", "incidntnum", "service_request_id",
                 "id", "工单编号", "事件编号", "编号", "工单号"),
    "x": ("longitude", "lon", "lng", "long", "x", "经度"),
    "y": ("latitude", "lat", "y", "纬度"),
    "event_type": ("event_type", "complaint_type", "case_title", "category", "type", "事件类型", "诉求类型", "类别"),
    "summary": ("summary", "descriptor", "descript", "description", "摘要", "标题"),
    "occurred_at": ("occurred_at", "created_date", "open_dt", "requested_datetime", "datetime", "发生时间", "受理时间"),
    "closed_at": ("closed_at", "closed_date", "closed_dt", "办结时间", "结案时间"),
    "state": ("state", "status", "case_status", "状态"),
    "channel": ("channel", "source", "open_data_channel_type", "来源", "渠道"),
    "severity": ("severity", "等级"),
}  # fmt: skip
"""What other people call our fields, in order of trust, compared in lower case with `_` for blanks."""

_WORDS: Final[dict[str, dict[str, str]]] = {
    "state": {
        "open": "accepted", "new": "accepted", "accepted": "accepted", "受理": "accepted", "已受理": "accepted",
        "filed": "filed", "立案": "filed", "assigned": "dispatched", "dispatched": "dispatched",
        "pending": "dispatched", "派遣": "dispatched", "已派遣": "dispatched", "in progress": "handling",
        "handling": "handling", "处置": "handling", "处置中": "handling", "feedback": "feedback",
        "反馈": "feedback", "verifying": "verifying", "核查": "verifying", "closed": "closed",
        "resolved": "closed", "结案": "closed", "已结案": "closed", "办结": "closed", "已办结": "closed",
    }
}  # fmt: skip
"""What other people's words mean where no mapping says so; a word that is not here rejects its row."""


@dataclass(frozen=True)
class Mapping:
    """Where each of our fields comes from, how times are written and which words mean which."""

    fields: MappingType[str, str]
    source: str | None = None
    crs: str | None = None
    time_zone: str | None = None
    formats: MappingType[str, str] = field(default_factory=dict[str, str])
    values: MappingType[str, MappingType[str, str]] = field(default_factory=dict[str, MappingType[str, str]])
    constants: MappingType[str, str] = field(default_factory=dict[str, str])


def read_mapping(name_or_path: str) -> Mapping:
    """A mapping by the name of a shipped one (`nyc311`) or by its path.

    Raises DeclarationError for a file that is missing, malformed or has keys that mean nothing.
    """
    path = Path(name_or_path)
    if not path.suffix:
        path = SHIPPED / f"{name_or_path}.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        shipped = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))
        raise DeclarationError(
            Text(
                f"没有映射“{name_or_path}”。自带的有:{shipped};或给出 .toml 文件的路径。",
                f"There is no mapping '{name_or_path}'. Shipped: {shipped}; or give the path of a .toml file.",
            )
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeclarationError(
            Text(f"映射文件 {path.name} 写法有误:{error}", f"The mapping {path.name} is malformed: {error}")
        ) from error
    unknown = sorted(set(raw) - _TABLES)
    if unknown or not isinstance(raw.get("fields"), dict):
        raise DeclarationError(
            Text(
                f"映射文件 {path.name}:需要 [fields];不认识 {', '.join(unknown) or '—'}。",
                f"The mapping {path.name} needs [fields]; unknown keys: {', '.join(unknown) or 'none'}.",
            )
        )
    return Mapping(**raw)


def detect_mapping(columns: list[str], wanted: tuple[str, ...]) -> Mapping:
    """A mapping by what columns are called; each of our fields takes the most trusted name there is."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(_normalise(column), column)
    found = {
        ours: next((by_name[name] for name in _NAMES.get(ours, (ours,)) if name in by_name), None) for ours in wanted
    }
    fields = {ours: theirs for ours, theirs in found.items() if theirs is not None}
    return Mapping(fields, values={ours: words for ours, words in _WORDS.items() if ours in fields})


def check_mapping(mapping: Mapping, columns: list[str], required: tuple[str, ...], file_name: str) -> None:
    """Refuse a mapping that names columns the file lacks, or leaves a required field unmapped.

    Raises RefusedError naming them all.
    """
    missing = sorted(theirs for theirs in mapping.fields.values() if theirs not in columns)
    if missing:
        raise RefusedError(
            Text(
                f"{file_name} 没有映射所指的列:{', '.join(missing)}。文件的列:{', '.join(columns)}。",
                f"{file_name} lacks columns that the mapping names: {', '.join(missing)}. "
                f"It has: {', '.join(columns)}.",
            )
        )
    unmapped = sorted(name for name in required if name not in mapping.fields and name not in mapping.constants)
    if unmapped:
        raise RefusedError(
            Text(
                f"{file_name}:认不出这些字段对应哪一列:{', '.join(unmapped)}。请用 --mapping 指定。"
                f"文件的列:{', '.join(columns)}。",
                f"{file_name}: no column could be told to be {', '.join(unmapped)}. Say so with --mapping. "
                f"It has: {', '.join(columns)}.",
            )
        )


def _normalise(column: Any) -> str:
    return re.sub(r"[\s\-]+", "_", str(column).strip().lower())
