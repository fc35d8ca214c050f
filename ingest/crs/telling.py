# SPDX-License-Identifier: Apache-2.0
"""What a check's report says of the CRS of data: candidates ranked by fit, or those that are plausible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj.exceptions import ProjError

from ingest.crs.declaration import are_same_place, explain_declaration
from ingest.crs.places import Places
from ingest.report import LoadReport
from ingest.source import Options
from twin.crs import DeclaredCrs, parse_crs
from twin.crs_candidates import Area, Candidate, list_candidates
from twin.crs_fit import OUTSIDE, SEPARABLE, Fit, Ranking
from twin.errors import Problem
from twin.settings import Settings
from twin.text import Text

_MOST_LISTED: Final = 12
_SAMPLE: Final = 500


@dataclass(frozen=True)
class Case:
    """What is to be found out, and what has been said of it."""

    file_name: str
    places: Places
    declared: DeclaredCrs | None
    metric: DeclaredCrs
    is_settled: bool

    @classmethod
    def of(cls, settings: Settings, file_name: str, options: Options, places: Places, report: LoadReport) -> Case:
        """With what was declared of it told in the report."""
        wanted = options.crs or report.crs_declared
        declared = parse_crs(wanted) if wanted and options.crs else places.stated
        metric = parse_crs(f"EPSG:{settings.metric_srid}")
        case = cls(file_name, places, declared, metric, is_settled=report.crs_declared is not None)
        if declared is not None:
            told = explain_declaration(places.stated, declared, file_name, is_forced=options.is_crs_forced)
            report.problems.extend(told)
        return case

    @property
    def known(self) -> list[DeclaredCrs]:
        """Systems that somebody named."""
        named = [crs for crs in (self.declared, self.places.stated, self.metric) if crs is not None]
        return [crs for n, crs in enumerate(named) if crs.name not in {before.name for before in named[:n]}]

    def sample(self) -> npt.NDArray[np.float64]:
        """Some of the data's coordinates."""
        xy = shapely.get_coordinates(self.places.geometry)
        return xy[:: max(1, len(xy) // _SAMPLE)]

    def says(self, candidate: Candidate) -> Text | None:
        """Who named a candidate."""
        names = {candidate.name, *candidate.same_as}
        if self.places.stated is not None and self.places.stated.name in names:
            if self.places.stated.is_default:
                return Text("GeoJSON 标准的默认", "the default of the GeoJSON standard")
            return (
                Text("列名所示", "named by a heading")
                if self.places.is_heading
                else Text("文件自述", "stated by the file")
            )
        if self.declared is not None and self.declared.name in names:
            return Text("人为声明", "declared by a person")
        return None


def tell_ranking(case: Case, ranking: Ranking, report: LoadReport) -> None:
    """With a reference: the candidates by fit, what it cannot tell apart, and where it contradicts what was said."""
    report.crs_detected = [_row(case, fit, place) for place, fit in enumerate(ranking.fits[:_MOST_LISTED], start=1)]
    where = case.file_name
    if not ranking.fits:
        report.problems.append(
            Problem(
                where,
                Text("没有任何候选坐标系使数据落在参照附近", "no candidate CRS puts the data near the reference"),
                Text(
                    "换一个参照,或用 PROJ 字符串声明地方坐标系",
                    "take another reference, or declare a local CRS by PROJ string",
                ),
            )
        )
        return
    equals = [fit.candidate for fit in ranking.fits if not fit.is_separable]
    names = "、".join(candidate.name for candidate in equals)
    if len(equals) > 1 or not ranking.is_telling:
        report.problems.append(
            Problem(
                where,
                Text(f"按此参照无法区分:{names}", f"this reference cannot tell apart: {names.replace('、', ', ')}"),
                Text("换一个更细的参照(道路、建筑、网格)", "take a finer reference (roads, buildings, grids)"),
            )
        )
    if case.declared is not None and not _is_among(case.declared, equals):
        best = ranking.fits[0]
        report.problems.append(
            Problem(
                where,
                Text(
                    f"数据称为 {case.declared.name},实测最符合 {names}({best.distance_m:.1f} m)",
                    f"the data is said to be {case.declared.name} and by measurement is {names.replace('、', ', ')} "
                    f"({best.distance_m:.1f} m)",
                ),
                Text(
                    f"若参照可靠,请用 --crs {best.candidate.crs.name} --crs-force",
                    f"if the reference can be trusted, use --crs {best.candidate.crs.name} --crs-force",
                ),
            )
        )
    if equals[0].is_swapped:
        report.problems.append(
            Problem(
                where,
                Text("坐标是 y(纬度、北)在前", "y (latitude, northing) comes first in this data"),
                Text("在映射中对调 x 与 y", "swap x and y in the mapping"),
            )
        )


def _is_among(declared: DeclaredCrs, candidates: list[Candidate]) -> bool:
    return any(
        declared.name in {candidate.name, *candidate.same_as} or _is_same(declared, candidate)
        for candidate in candidates
        if not candidate.is_swapped
    )


def _is_same(declared: DeclaredCrs, candidate: Candidate) -> bool:
    try:
        return are_same_place(declared, candidate.crs)
    except ProjError:
        return False


def _row(case: Case, fit: Fit, place: int) -> dict[str, Any]:
    measured = (
        Text(f"平均超出参照范围 {fit.distance_m:.1f} m", f"on average {fit.distance_m:.1f} m outside the reference")
        if fit.measure == OUTSIDE
        else Text(
            f"到参照边线的中位距离 {fit.distance_m:.1f} m", f"median {fit.distance_m:.1f} m from the reference's edges"
        )
    )
    verdict = (
        Text("最符合", "the best fit")
        if place == 1
        else Text("明显不如最符合者", "worse than the best beyond noise")
        if fit.is_separable
        else Text("与最符合者无法区分", "not separable from the best")
    )
    parts = [part for part in (verdict, measured, case.says(fit.candidate)) if part is not None]
    return _entry(
        fit.candidate,
        Text(";".join(part.zh for part in parts), "; ".join(part.en for part in parts)),
        rank=place,
        score=round(fit.score, 4),
        distance=round(fit.distance_m, 2),
        measure=fit.measure,
        misfit=round(fit.misfit, 2),
        overlap=None if fit.overlap is None else round(fit.overlap, 4),
        is_separable=fit.misfit >= SEPARABLE if place > 1 else None,
    )


def _entry(candidate: Candidate, reason: Text, **measured: Any) -> dict[str, Any]:
    return {
        "crs": candidate.crs.name,
        "is_swapped": candidate.is_swapped,
        "same_as": list(candidate.same_as),
        **measured,
        "reason": str(reason),
        "reason_i18n": reason.as_dict(),
    }


def list_plausible(case: Case, report: LoadReport) -> None:
    """Without a reference: what could be, and that nothing tells it apart."""
    xy = case.sample()
    is_degrees = bool(np.abs(xy).max() <= 360)
    is_open = case.declared is None or not case.is_settled
    if is_degrees:
        area = _around(xy)
    elif is_open or case.declared is None:
        area = _metric_area(case.metric)
    else:
        area = _around(Candidate(case.declared).place(xy))
    candidates = list_candidates(xy, area, case.known, has_registry=is_open and not is_degrees)
    for candidate in candidates[:_MOST_LISTED]:
        says = case.says(candidate) or Text("可能", "plausible")
        told = Text(f"{says.zh};无参照,无法区分", f"{says.en}; not separable without a reference")
        report.crs_detected = [*_without_stated(report.crs_detected), _unmeasured(candidate, told, len(candidates) > 1)]
    if len(candidates) > 1:
        names = [candidate.name for candidate in candidates]
        shown = names[:_MOST_LISTED]
        more = f" … ({len(names)})" if len(names) > len(shown) else ""
        report.problems.append(
            Problem(
                case.file_name,
                Text(
                    f"仅凭坐标无法区分:{'、'.join(shown)}{more}",
                    f"coordinates alone cannot tell apart: {', '.join(shown)}{more}",
                ),
                Text(
                    "用 --reference 文件或图层 实测(如 --reference blocks),再用 --crs 声明",
                    "measure it with --reference FILE or LAYER (--reference blocks), then declare it with --crs",
                ),
            )
        )


def _without_stated(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if "is_swapped" in row]


def _unmeasured(candidate: Candidate, reason: Text, is_open: bool) -> dict[str, Any]:
    return _entry(candidate, reason, rank=None, score=None, distance=None, is_separable=False if is_open else None)


def _around(xy: npt.NDArray[np.float64]) -> Area:
    """Where degrees could be: around the numbers themselves, in either order."""
    low, high = np.quantile(xy, 0.02, axis=0) - 1.0, np.quantile(xy, 0.98, axis=0) + 1.0
    if abs(low[1]) > 90 or abs(high[1]) > 90:
        low, high = low[::-1], high[::-1]
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _metric_area(metric: DeclaredCrs) -> Area:
    area = metric.crs.area_of_use
    return (area.west, area.south, area.east, area.north) if area else (-180.0, -90.0, 180.0, 90.0)
