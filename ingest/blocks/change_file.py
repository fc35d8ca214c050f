# SPDX-License-Identifier: Apache-2.0
"""Changes of blocks as people write them down: new boundaries for a split, lists of old and new codes for the rest."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ingest.blocks.compare import Succession, find_successions, name_kinds
from ingest.blocks.versions import BlockChange
from ingest.readers.table import read_table
from twin.blocks import Scheme
from twin.errors import Problem, RefusedError
from twin.text import Text

_OLD: Final = ("old", "old_code", "旧编码", "原编码")
_NEW: Final = ("new", "new_code", "新编码")
_NAME: Final = ("name", "名称")
_NAME_EN: Final = ("name_en", "英文名")


@dataclass(frozen=True)
class Rewrite:
    """That the block `old` goes on as `new`, under a name if one is given."""

    old: str
    new: str
    name: str | None = None
    name_en: str | None = None


def read_rewrites(path: Path) -> list[Rewrite]:
    """The rows of a CSV (old, new, name, name_en), or the tables `[[change]]` of a TOML file (`old` may be a list).

    Raises RefusedError for a file without them.
    """
    if path.suffix.lower() == ".toml":
        return _read_toml(path)
    table = read_table(path)
    columns = [next((name for name in names if name in table.columns), None) for names in (_OLD, _NEW, _NAME, _NAME_EN)]
    if columns[0] is None or columns[1] is None:
        raise _no_rewrites(path, f"{path.name} 的列:{', '.join(table.columns)}", f"it has {', '.join(table.columns)}")
    cells = [
        table[column].str.strip() if column is not None else pd.Series(pd.NA, table.index, dtype="string")
        for column in columns
    ]
    rows = list(zip(*cells, strict=True))
    missing = [number for number, row in zip(table.index, rows, strict=True) if pd.isna(row[0]) or pd.isna(row[1])]
    if missing:
        raise _no_rewrites(
            path, f"第 {missing[0]} 行缺旧编码或新编码", f"row {missing[0]} lacks the old or the new code"
        )
    return [Rewrite(str(row[0]), str(row[1]), _given(row[2]), _given(row[3])) for row in rows]


def make_split(
    known: gpd.GeoDataFrame, begun: gpd.GeoDataFrame, olds: Collection[str], scheme: Scheme,
    effective_at: datetime | None,
) -> BlockChange:  # fmt: skip
    """The blocks `olds` and all below them end; `begun` (code, name, name_en, geometry) follows, told by area.

    What is in both with the same boundary stays as it is. Raises RefusedError where nothing is split.
    """
    under = known["code"].astype(str).str.startswith(tuple(sorted(olds)))
    old, new = _without_equal(known[under], begun)
    pairs = find_successions(old, new, scheme)
    same = set(old["code"]) & set(new["code"]) - {pair.old for pair in pairs}
    if not any(pair.kind == "split" for pair in pairs):
        raise RefusedError(
            Text(
                "文件里没有两个以上的块接续同一个旧块,不是拆分。",
                "In the file no two blocks follow one old block, so it is no split.",
            )
        )
    moved = [Succession(code, code, "renumber", 1.0) for code in sorted(same)]
    return BlockChange(
        ended=frozenset(old["code"].astype(str)) | (frozenset(olds) - frozenset(known["code"].astype(str))),
        begun=new, successions=(*pairs, *moved), effective_at=effective_at,
    )  # fmt: skip


def make_rewrites(
    known: gpd.GeoDataFrame, rewrites: Sequence[Rewrite], scheme: Scheme, effective_at: datetime | None
) -> BlockChange:
    """Blocks renumbered or merged as listed, and all below them by their new prefix; boundaries are the old ones'.

    Raises RefusedError where a code is rewritten twice or two blocks below merged ones would get one code.
    """
    listed = _refuse_twice(rewrites)
    living = set(known["code"].astype(str))
    targets = {new for new in listed.values() if list(listed.values()).count(new) > 1}
    below: dict[str, str] = {}
    for code in sorted(living - listed.keys()):
        above = max((old for old in listed if code.startswith(old)), key=len, default=None)
        if above is not None and listed[above] != above:
            below[code] = listed[above] + code[len(above) :]
    clashing = [code for code in below if list(below.values()).count(below[code]) > 1]
    if clashing:
        problems = [
            Problem(
                f"code {code}",
                Text(
                    f"合并后与另一个块同为 {below[code]}", f"after the merge another block would be {below[code]} too"
                ),
                Text("在变更文件中逐一给出它的新编码", "give its new code in the change file"),
            )
            for code in clashing
        ]
        raise RefusedError(
            Text(
                f"{len(clashing)} 个下级块在合并后编码重复,未执行。",
                f"{len(clashing)} blocks below the merged ones would share codes; nothing was done.",
            ),
            problems,
        )
    renamed = {old: new for old, new in {**listed, **below}.items() if old != new or new in targets}
    names: dict[str, tuple[str | None, str | None]] = {row.new: (row.name, row.name_en) for row in rewrites if row.name}
    begun = _unite(known, renamed, names)
    pairs = name_kinds([(old, new, 1.0) for old, new in renamed.items()])
    return BlockChange(ended=frozenset(renamed), begun=begun, successions=tuple(pairs), effective_at=effective_at)


def make_update(
    known: gpd.GeoDataFrame, frame: gpd.GeoDataFrame, scheme: Scheme, effective_at: datetime | None
) -> BlockChange:
    """What has to end and begin for the whole tree `frame` to stand where `known` stood."""
    pairs = find_successions(known, frame, scheme)
    gone = set(known["code"].astype(str)) - set(frame["code"].astype(str))
    ended = {pair.old for pair in pairs} | gone
    codes = {pair.new for pair in pairs}
    # A block that goes on with others must end to begin anew.
    ended |= codes & set(known["code"].astype(str))
    missing = ended - {pair.old for pair in pairs} - gone
    staying = [Succession(code, code, "renumber", 1.0) for code in sorted(missing)]
    begun = frame[frame["code"].isin(codes | set(missing))]
    return BlockChange(ended=frozenset(ended), begun=begun, successions=(*pairs, *staying), effective_at=effective_at)


def _unite(
    known: gpd.GeoDataFrame, renamed: dict[str, str], names: dict[str, tuple[str | None, str | None]]
) -> gpd.GeoDataFrame:  # fmt: skip
    by_code = known.set_index("code")
    heirs: dict[str, list[str]] = {}
    for old, new in renamed.items():
        if old in by_code.index:
            heirs.setdefault(new, []).append(old)
    rows: list[dict[str, Any]] = []
    shapes: list[Any] = []
    for new, olds in sorted(heirs.items()):
        parts = np.array([by_code.loc[old, "geometry"] for old in olds])
        is_coverage = bool(shapely.coverage_is_valid(parts))
        shapes.append(shapely.coverage_union_all(parts) if is_coverage else shapely.union_all(parts))
        # Of merged blocks the one whose code goes on lends its name, else none does.
        lender = olds[0] if len(olds) == 1 else next((old for old in olds if old == new), None)
        name, english = names.get(new, (None, None))
        if name is None and lender is not None:
            name, english = by_code.loc[lender, "name"], by_code.loc[lender, "name_en"]
        rows.append({"code": new, "name": name, "name_en": english})
    frame = pd.DataFrame(rows, columns=["code", "name", "name_en"], dtype="object")
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=known.crs)


def _without_equal(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    before = dict(zip(old["code"].astype(str), old.geometry, strict=True))
    same = {
        str(code) for code, shape in zip(new["code"], new.geometry, strict=True)
        if str(code) in before and before[str(code)].equals(shape)
    }  # fmt: skip
    return old[~old["code"].isin(same)], new[~new["code"].isin(same)]


def _refuse_twice(rewrites: Sequence[Rewrite]) -> dict[str, str]:
    listed: dict[str, str] = {}
    for row in rewrites:
        if listed.setdefault(row.old, row.new) != row.new:
            raise RefusedError(
                Text(
                    f"{row.old} 有两个新编码:{listed[row.old]} 与 {row.new}。一块变多块请用 split。",
                    f"{row.old} has two new codes, {listed[row.old]} and {row.new}. One block into several is a split.",
                )
            )
    return listed


def _read_toml(path: Path) -> list[Rewrite]:
    try:
        changes: Any = tomllib.loads(path.read_text(encoding="utf-8")).get("change")
    except (OSError, ValueError) as error:
        raise _no_rewrites(path, str(error), str(error)) from error
    rewrites: list[Rewrite] = []
    for change in changes if isinstance(changes, list) else []:
        old = change.get("old")
        for code in old if isinstance(old, list) else [old]:
            if not isinstance(code, str) or not isinstance(change.get("new"), str):
                raise _no_rewrites(path, "old 与 new 应为文本", "old and new should be texts")
            rewrites.append(Rewrite(code, change["new"], change.get("name"), change.get("name_en")))
    if not rewrites:
        raise _no_rewrites(path, "没有 [[change]]", "there is no [[change]]")
    return rewrites


def _given(cell: Any) -> str | None:
    return None if pd.isna(cell) else str(cell)


def _no_rewrites(path: Path, zh: str, en: str) -> RefusedError:
    return RefusedError(
        Text(
            f"{path.name} 不是变更表(需要列 old、new,可有 name、name_en;或 TOML 的 [[change]]):{zh}。",
            f"{path.name} is no list of changes (columns old, new, perhaps name, name_en; or TOML [[change]]): {en}.",
        )
    )
