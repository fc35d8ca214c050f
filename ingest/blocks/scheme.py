# SPDX-License-Identifier: Apache-2.0
"""Block schemes as their owners declare them: a small TOML or JSON file, or the name of a shipped one.

A declaration::

    scheme = "unit_grid"                        # its id
    title = { zh = "单元网格", en = "Unit grid" }
    metric_crs = "EPSG:4549"                    # for areas; the installation's where none is given
    governance = false                          # access, counts and facts go by the one that is
    levels = [                                  # coarse to fine: characters of a code, and names
        { width = 6, zh = "区", en = "District" },
        { width = 9, zh = "街道", en = "Street" },
    ]
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from psycopg.types.json import Jsonb

from twin.blocks import Scheme
from twin.crs import parse_crs
from twin.database import Connection
from twin.errors import DeclarationError, RefusedError
from twin.text import Text

SHIPPED: Final = Path(__file__).parent / "schemes"
GOVERNANCE: Final = "governance"

_KEYS: Final = frozenset({"scheme", "title", "metric_crs", "governance", "levels"})
_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


def _default_widths() -> tuple[int, ...]:
    return tuple(level["width"] for level in _shipped(GOVERNANCE)["levels"])


def _default_names() -> tuple[Text, ...]:
    return tuple(Text(level["zh"], level["en"]) for level in _shipped(GOVERNANCE)["levels"])


@dataclass(frozen=True, kw_only=True)
class SchemeDeclaration:
    """A block scheme: characters of a code and names for each level, coarse to fine, and its metric CRS."""

    scheme: str = GOVERNANCE
    level_widths: tuple[int, ...] = field(default_factory=_default_widths)
    level_names: tuple[Text, ...] = field(default_factory=_default_names)
    metric_srid: int
    is_synthetic: bool = False
    is_governance: bool = True
    title: Text | None = None

    def as_scheme(self) -> Scheme:
        """What the code rules need of it."""
        return Scheme(self.scheme, self.level_widths, self.metric_srid)


def read_declaration(name_or_path: str, metric_srid: int) -> SchemeDeclaration:
    """The declaration of a shipped scheme (`unit_grid`) or of a .toml or .json file.

    `metric_srid` is used where it names no metric CRS. Raises DeclarationError for a file that is missing or
    says something impossible.
    """
    path = Path(name_or_path)
    raw = _read(path) if path.suffix else _shipped(name_or_path)
    return _declaration(raw, path.name, metric_srid)


def choose_declaration(connection: Connection | None, wanted: str | None, metric_srid: int) -> SchemeDeclaration:
    """What a load goes by: the scheme that is asked for, by file or id; else the governance one as it stands.

    Raises DeclarationError, and RefusedError for the scheme that is computed.
    """
    stored = _read_stored(connection, wanted) if connection is not None else None
    if stored is not None:
        return stored
    return read_declaration(wanted or GOVERNANCE, metric_srid)


def save_scheme(connection: Connection, declaration: SchemeDeclaration) -> None:
    """Put the scheme down. Raises RefusedError where blocks of other widths, or another governance scheme, exist."""
    row = connection.execute(
        """
        SELECT (SELECT level_widths FROM block_scheme WHERE scheme = %(scheme)s
                AND EXISTS (SELECT FROM block WHERE block.scheme = %(scheme)s)),
               (SELECT scheme FROM block_scheme WHERE is_governance AND scheme <> %(scheme)s LIMIT 1)
        """,
        {"scheme": declaration.scheme},
    ).fetchone()
    assert row is not None
    if row[0] is not None and tuple(row[0]) != declaration.level_widths:
        raise RefusedError(
            Text(
                f"块体系 {declaration.scheme} 已有块,层级位数为 {tuple(row[0])},与声明的 {declaration.level_widths} "
                "不同。换体系请另取标识,换城区请用 twin init。",
                f"The scheme {declaration.scheme} has blocks with levels of {tuple(row[0])} characters, and "
                f"{declaration.level_widths} are declared. Give another scheme another id; for another district "
                "use `twin init`.",
            )
        )
    if declaration.is_governance and row[1] is not None:
        raise RefusedError(
            Text(
                f"管控体系已是 {row[1]},只能有一个。请在声明中去掉 governance = true。",
                f"{row[1]} is the governance scheme already, and there is one only. Declare governance = false.",
            )
        )
    connection.execute(
        """
        INSERT INTO block_scheme (scheme, level_widths, level_names, metric_srid, is_governance, is_synthetic, title)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (scheme) DO UPDATE SET level_widths = EXCLUDED.level_widths,
            level_names = EXCLUDED.level_names, metric_srid = EXCLUDED.metric_srid,
            is_synthetic = EXCLUDED.is_synthetic, title = coalesce(EXCLUDED.title, block_scheme.title)
        """,
        (
            declaration.scheme,
            list(declaration.level_widths),
            Jsonb([name.as_dict() for name in declaration.level_names]),
            declaration.metric_srid,
            declaration.is_governance,
            declaration.is_synthetic,
            Jsonb(declaration.title.as_dict()) if declaration.title else None,
        ),
    )


def _read_stored(connection: Connection, wanted: str | None) -> SchemeDeclaration | None:
    if wanted is not None and Path(wanted).suffix:
        return None
    row = connection.execute(
        """
        SELECT scheme, level_widths, level_names, metric_srid, is_governance, is_synthetic, title, is_computed
        FROM block_scheme WHERE CASE WHEN %(scheme)s::text IS NULL THEN is_governance ELSE scheme = %(scheme)s END
        """,
        {"scheme": wanted},
    ).fetchone()
    if row is None:
        return None
    if row[7]:
        raise RefusedError(
            Text(
                f"{row[0]} 的块由编码直接算出,不需要也不能载入。",
                f"The blocks of {row[0]} follow from their codes; there is nothing to load.",
            )
        )
    return SchemeDeclaration(
        scheme=row[0], level_widths=tuple(row[1]), level_names=tuple(_text(name) for name in row[2]),
        metric_srid=row[3], is_governance=row[4], is_synthetic=row[5], title=_text(row[6]) if row[6] else None,
    )  # fmt: skip


@lru_cache(maxsize=8)
def _shipped(name: str) -> dict[str, Any]:
    path = SHIPPED / f"{name}.toml"
    if not path.exists():
        shipped = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))
        raise DeclarationError(
            Text(
                f"没有块体系“{name}”。自带的有:{shipped};或给出声明文件(.toml、.json)的路径。",
                f"There is no block scheme '{name}'. Shipped: {shipped}; or give the path of a .toml or .json file.",
            )
        )
    return _read(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except FileNotFoundError as error:
        raise DeclarationError(Text(f"没有文件 {path.name}。", f"There is no file {path.name}.")) from error
    except (ValueError, UnicodeDecodeError) as error:
        raise DeclarationError(
            Text(f"块体系声明 {path.name} 写法有误:{error}", f"The scheme {path.name} is malformed: {error}")
        ) from error


def _declaration(raw: Any, file_name: str, metric_srid: int) -> SchemeDeclaration:
    wrong = _find_wrong(raw)
    if wrong is not None:
        raise DeclarationError(
            Text(f"块体系声明 {file_name}:{wrong.zh}。", f"The scheme declaration {file_name}: {wrong.en}.")
        )
    crs = raw.get("metric_crs")
    if crs is not None:
        metric_srid = check_metric(str(crs))
    title = raw.get("title")
    return SchemeDeclaration(
        scheme=raw["scheme"],
        level_widths=tuple(level["width"] for level in raw["levels"]),
        level_names=tuple(_text(level) for level in raw["levels"]),
        metric_srid=metric_srid,
        is_governance=bool(raw.get("governance", False)),
        title=_text(title) if title else None,
    )


def check_metric(text: str) -> int:
    """The EPSG code of a projected CRS in metres. Raises RefusedError for any other."""
    declared = parse_crs(text)
    code = declared.crs.to_epsg()
    metres = all(axis.unit_name == "metre" for axis in declared.crs.axis_info)
    if code is None or declared.is_geographic or declared.web_map or not metres:
        raise RefusedError(
            Text(
                f"面积与长度需要以米为单位、有 EPSG 代码的投影坐标系,“{text}”不是。",
                f"Areas and lengths need a projected CRS in metres with an EPSG code; '{text}' is none.",
            )
        )
    return code


def _find_wrong(raw: Any) -> Text | None:
    if not isinstance(raw, dict):
        return Text("应为一张表", "it should be a table")
    unknown = sorted(set(map(str, raw)) - _KEYS)
    if unknown:
        return Text(f"不认识 {', '.join(unknown)}", f"unknown keys {', '.join(unknown)}")
    if not _ID.fullmatch(str(raw.get("scheme", ""))):
        return Text("scheme 应为小写字母、数字与下划线", "scheme should be lower-case letters, digits and underscores")
    levels: Any = raw.get("levels")
    if not isinstance(levels, list) or not levels:
        return Text("需要 levels", "levels are missing")
    for level in levels:
        if not isinstance(level, dict) or not isinstance(level.get("width"), int) or not {"zh", "en"} <= set(level):
            return Text("levels 的每一级需要 width、zh、en", "every level needs width, zh and en")
    widths = [level["width"] for level in levels]
    if widths != sorted(set(widths)) or not 1 <= widths[0] or widths[-1] > 32:
        return Text("各级位数应由粗到细递增,至多 32", "widths should grow from coarse to fine, up to 32")
    return None


def _text(names: dict[str, str]) -> Text:
    return Text(names["zh"], names["en"])
