# SPDX-License-Identifier: Apache-2.0
"""The rules of a block tree: codes that carry it, names that tell siblings apart, siblings that tile their parent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from ingest.report import MOST_PROBLEMS, LoadReport
from twin.blocks import Scheme
from twin.crs import geometries_to_metric
from twin.errors import Problem, RefusedError
from twin.quality import Issue
from twin.text import Text

Shapes = Mapping[str, Any]

_SLIVER_M2: Final = 1.0
"""A gap or overlap up to this area (m²) comes from rounded coordinates and is not reported."""

_SLIVER_WIDTH_M: Final = 0.05
"""Nor is what is narrower (m): a straight border is not quite the same line in degrees and in metres."""

_CODE: Final = re.compile(r"[0-9A-Za-z]+")

Kind = Literal["block_gap", "block_overlap", "block_beyond", "block_name"]

KINDS: Final[tuple[Kind, ...]] = ("block_gap", "block_overlap", "block_beyond", "block_name")

_WORDS: Final[dict[Kind, tuple[Text, Text]]] = {
    "block_gap": (Text("缝隙", "gaps"), Text("下级之间有缝隙", "a gap between its children")),
    "block_overlap": (Text("重叠", "overlaps"), Text("下级之间重叠", "an overlap of its children")),
    "block_beyond": (Text("越界", "beyond it"), Text("下级越出上级", "its children reach beyond it")),
}


def check_codes(frame: gpd.GeoDataFrame, scheme: Scheme, report: LoadReport, known: frozenset[str]) -> None:
    """Hold the codes (column `code`; `parent_code` where the file has it) to the rules of their tree.

    `known` are the codes that the database has already. Raises RefusedError listing every breach, since half a
    tree is no tree: code of no level, parent missing or another, duplicate.
    """
    codes = frame["code"].astype("string")
    problems: list[Problem] = []
    for code in codes[codes.isna() | ~codes.str.len().isin(scheme.level_widths)]:
        what = Text(f"编码“{code}”的位数不属于任何层级", f"the code '{code}' has the width of no level")
        fix = Text(f"层级位数:{scheme.level_widths}", f"levels have {scheme.level_widths} digits")
        if str(code).endswith("000"):
            fix = Text(
                f'{fix.zh};编码若以零补足位数,在映射中写 [formats] code = "zero_padded"',
                f'{fix.en}; where codes are filled up with zeros, map them with [formats] code = "zero_padded"',
            )
        problems.append(Problem(f"code {code}", what, fix))
    for code in codes.dropna():
        if not _CODE.fullmatch(str(code)):
            what = Text(f"编码“{code}”含有字母数字以外的字符", f"the code '{code}' has other characters than 0-9, A-Z")
            problems.append(Problem(f"code {code}", what, Text("只用字母与数字", "use digits and letters only")))
    for code in codes[codes.duplicated()]:
        fix = Text("每个块只保留一行", "keep one row for each block")
        problems.append(Problem(f"code {code}", Text("编码重复", "the code occurs twice"), fix))
    all_codes = set(codes.dropna()) | known
    parents = frame["parent_code"] if "parent_code" in frame else [None] * len(frame)
    for code, stated in zip(codes, parents, strict=True):
        parent = scheme.parent(str(code))
        if isinstance(stated, str) and parent is not None and stated != parent:
            what = Text(
                f"文件说上级是 {stated},而编码的前缀是 {parent}",
                f"the file says its parent is {stated}, and the code begins with {parent}",
            )
            problems.append(Problem(f"code {code}", what, Text("修正其一", "mend one of them")))
        if parent and parent not in all_codes:
            what = Text(f"上级 {parent} 不存在", f"its parent {parent} does not exist")
            fix = Text(
                "先载入上级块,或放在同一次载入里,或用 --derive-parents 由下级合成",
                "load the parent first or in the same load, or make it of its children with --derive-parents",
            )
            problems.append(Problem(f"code {code}", what, fix))
    if problems:
        report.problems.extend(problems[:MOST_PROBLEMS])
        raise RefusedError(
            Text(
                f"块编码有 {len(problems)} 处错误,未载入。",
                f"{len(problems)} block codes are wrong; nothing was loaded.",
            ),
            problems[:MOST_PROBLEMS],
        )


def find_same_names(names: Mapping[str, str], scheme: Scheme, parents: Iterable[str | None]) -> list[Issue]:
    """Siblings below `parents` that go by one name; `names` are by code."""
    wanted = set(parents)
    siblings = [(scheme.parent(code), name) for code, name in names.items() if scheme.parent(code) in wanted]
    codes: dict[tuple[str | None, str], list[str]] = {}
    for code, name in names.items():
        codes.setdefault((scheme.parent(code), name), []).append(code)
    return [
        Issue(
            "block_name", "warning", where(scheme, parent),
            Text(f"{count} 个下级同名“{name}”:{', '.join(sorted(codes[parent, name])[:5])}",
                 f"{count} of its children are called '{name}': {', '.join(sorted(codes[parent, name])[:5])}"),
        )
        for (parent, name), count in sorted(Counter(siblings).items(), key=str)
        if count > 1
    ]  # fmt: skip


def find_coverage_issues(shapes: Shapes, scheme: Scheme, parents: Iterable[str | None]) -> list[Issue]:
    """Where the children of `parents` do not tile them: every gap, overlap and reach beyond, as geometry.

    `shapes` are polygons in the storage CRS by code. A parent of None stands for the roots, which have nothing
    to tile and may still overlap.
    """
    children: dict[str | None, list[str]] = {}
    for code in shapes:
        children.setdefault(scheme.parent(code), []).append(code)
    issues: list[Issue] = []
    for parent in sorted(set(parents), key=str):
        codes = sorted(children.get(parent, []))
        if not codes or (parent is not None and parent not in shapes) or (parent is None and len(codes) == 1):
            continue
        siblings = np.array([shapes[code] for code in codes])
        whole = None if parent is None else shapes[parent]
        if shapely.coverage_is_valid(siblings) and (
            whole is None or whole.equals(shapely.coverage_union_all(siblings))
        ):
            continue
        issues.extend(_issues_of(parent, codes, siblings, whole, scheme))
    return issues


def where(scheme: Scheme, code: str | None) -> str:
    """How issues name a block."""
    return f"block {scheme.scheme}/{code or '-'}"


def summarise(issues: list[Issue], scheme: Scheme) -> list[Problem]:
    """One problem for each parent that is not tiled, by area (m²), and one for each name."""
    problems: list[Problem] = []
    areas: dict[str, dict[str, float]] = {}
    for issue in issues:
        if issue.kind == "block_name" or issue.geometry is None:
            problems.append(Problem(issue.where, issue.message, _RENAME))
            continue
        metric = geometries_to_metric(np.array([issue.geometry]), scheme.metric_srid)
        by_kind = areas.setdefault(issue.where, {})
        by_kind[issue.kind] = by_kind.get(issue.kind, 0.0) + float(shapely.area(metric)[0])
    for place, by_kind in sorted(areas.items()):
        told = [(_WORDS[kind][0], by_kind.get(kind, 0.0)) for kind in ("block_gap", "block_overlap", "block_beyond")]
        problems.append(
            Problem(
                place.replace(f"block {scheme.scheme}/", "code "),
                Text(
                    "下级没有铺满上级:" + ",".join(f"{word.zh} {area:.0f} m²" for word, area in told),
                    "its children do not tile it: " + ", ".join(f"{word.en} {area:.0f} m²" for word, area in told),
                ),
                Text("修正边界后再次载入", "mend the boundaries and load again"),
            )
        )
    return problems


_RENAME: Final = Text("为其中之一改名", "give one of them another name")


def _issues_of(
    parent: str | None, codes: list[str], siblings: npt.NDArray[Any], whole: Any, scheme: Scheme
) -> list[Issue]:  # fmt: skip
    found: list[tuple[Kind, Any, str]] = []

    def note(kind: Kind, overlay: Any, of: str = "") -> None:
        found.extend((kind, piece, of) for piece in _areas(overlay))

    left, right = shapely.STRtree(siblings).query(siblings, predicate="intersects")
    left, right = left[left < right], right[left < right]
    overlaps = shapely.intersection(siblings[left], siblings[right])
    for pair in np.flatnonzero(shapely.area(overlaps) > 0):
        note("block_overlap", overlaps[pair], f"{codes[left[pair]]}, {codes[right[pair]]}")
    if whole is not None:
        union = shapely.union_all(siblings)
        note("block_gap", shapely.difference(whole, union))
        note("block_beyond", shapely.difference(union, whole))
    if not found:
        return []
    metric = geometries_to_metric(np.array([piece for _, piece, _ in found]), scheme.metric_srid)
    area, border = shapely.area(metric), shapely.length(metric)
    issues: list[Issue] = []
    for (kind, piece, of), size, length in zip(found, area, border, strict=True):
        if size > _SLIVER_M2 and size > _SLIVER_WIDTH_M * length / 2:
            told = _WORDS[kind][1]
            suffix = f"({of})" if of else ""
            x, y = piece.representative_point().coords[0]
            issues.append(
                Issue(
                    kind, "warning", where(scheme, parent),
                    Text(f"{told.zh}{suffix}:{size:.0f} m²,位于 {x:.6f}, {y:.6f}",
                         f"{told.en}{' ' if suffix else ''}{suffix}: {size:.0f} m² at {x:.6f}, {y:.6f}"),
                    piece,
                )
            )  # fmt: skip
    return issues


def _areas(geometry: Any) -> list[Any]:
    """The polygons of whatever an overlay left: lines and points where borders touch are none."""
    parts = shapely.get_parts(shapely.get_parts(np.array([geometry])))
    return [part for part in parts.tolist() if part.geom_type == "Polygon"]
