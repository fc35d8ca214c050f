# SPDX-License-Identifier: Apache-2.0
"""`twin check … --reference`: which CRS data really has, measured against something whose CRS is known.

Fills `crs_detected` of a check's report: with a reference the candidates ranked by measured fit, without
one those that are plausible, with the word that nothing tells them apart. The check itself is not changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from psycopg import sql

from ingest.crs.places import can_read_places, read_places
from ingest.crs.telling import Case, list_plausible, tell_ranking
from ingest.kind import KINDS
from ingest.report import LoadReport
from ingest.source import Options, RefusedLoadError, Source
from twin.crs import geometries_to_storage, parse_crs
from twin.crs_candidates import Candidate, list_candidates
from twin.crs_fit import rank_candidates, search_area
from twin.database import Connection, connect
from twin.errors import Problem, RefusedError
from twin.settings import Settings
from twin.text import Text

_MOST_FEATURES: Final = 50_000


def check_with_crs(
    source: Source, settings: Settings, path: Path, options: Options, reference: str | None
) -> LoadReport:
    """A source's check, with what its data's CRS could be or, against a `reference`, is.

    Raises what the check raises; a refusal's report has the candidates too.
    """
    try:
        report = source.check(settings, path, options)
    except RefusedLoadError as refusal:
        if can_read_places(path) and path.exists():
            detect_crs(settings, path, options, reference, refusal.report)
        raise
    if can_read_places(path):
        detect_crs(settings, path, options, reference, report)
    elif reference:
        report.problems.append(
            Problem(
                path.name,
                Text("--reference 只用于表格与矢量文件", "--reference is for tables and vector files only"),
                Text("模型的位置见报告的 georeference", "where a model stands is in the report's georeference"),
            )
        )
    return report


def detect_crs(settings: Settings, path: Path, options: Options, reference: str | None, report: LoadReport) -> None:
    """Put down in the report what the CRS of `path` could be.

    Raises RefusedError where a `reference` was given and cannot be used.
    """
    try:
        places = read_places(path, options.layer, options.mapping)
    except RefusedError:
        if reference:
            raise
        return  # a list of addresses or codes has no CRS
    if not len(places.geometry):
        return
    case = Case.of(settings, path.name, options, places, report)
    if reference is None:
        list_plausible(case, report)
        return
    tell_ranking(case, rank_candidates(*_candidates(case, read_reference(settings, reference))), report)


def read_reference(settings: Settings, reference: str) -> npt.NDArray[Any]:
    """Geometries of a reference in the storage CRS: a file (`FILE`, or `FILE@CRS` where it states none), or a layer.

    Raises RefusedError for what is neither, or a file whose CRS nobody says.
    """
    name, _, crs = reference.rpartition("@")
    path = Path(name or reference)
    if not path.exists():
        path, crs = Path(reference), ""
    geometry = _read_reference_file(path, crs if name else "") if path.exists() else _read_layer(settings, reference)
    if not len(geometry):
        raise RefusedError(Text(f"参照“{reference}”是空的。", f"The reference '{reference}' is empty."))
    return geometry


def _read_reference_file(path: Path, crs: str) -> npt.NDArray[Any]:
    places = read_places(path)
    declared = parse_crs(crs) if crs else places.stated
    if declared is None:
        raise RefusedError(
            Text(
                f"参照 {path.name} 未写明坐标系。请写作 --reference {path.name}@EPSG:4490。",
                f"The reference {path.name} does not state its CRS. Write --reference {path.name}@EPSG:4490.",
            )
        )
    stored = geometries_to_storage(declared, places.geometry)
    bounds = shapely.total_bounds(stored)
    if not (np.isfinite(bounds).all() and bounds[0] >= -180 and bounds[2] <= 180 and np.abs(bounds[1::2]).max() <= 90):
        raise RefusedError(
            Text(
                f"参照 {path.name} 的坐标与 {declared.name} 不符。",
                f"The coordinates of the reference {path.name} do not fit {declared.name}.",
            )
        )
    return stored


def _read_layer(settings: Settings, name: str) -> npt.NDArray[Any]:
    tables = {alias: kind.table.name for kind in KINDS.values() for alias in _aliases(kind.name, kind.table.name)}
    if name != "blocks" and name not in tables:
        raise RefusedError(
            Text(
                f"没有文件也没有图层“{name}”。图层:blocks, {', '.join(sorted(KINDS))}。",
                f"There is neither a file nor a layer '{name}'. Layers: blocks, {', '.join(sorted(KINDS))}.",
            )
        )
    with connect(settings) as connection:
        rows = _read_blocks(connection) if name == "blocks" else _read_features(connection, tables[name])
    return shapely.from_wkb([row[0] for row in rows])


def _aliases(kind: str, table: str) -> tuple[str, ...]:
    return (kind, table, f"{table}s", table.removesuffix("y") + "ies")


def _read_blocks(connection: Connection) -> list[Any]:
    """The finest level of the governance scheme: every coarser border is one of its own."""
    return connection.execute(
        "SELECT ST_AsBinary(geometry) FROM valid_block AS block JOIN block_scheme USING (scheme) "
        "WHERE is_governance AND length(code) = (SELECT max(length(finest.code)) FROM valid_block AS finest "
        "WHERE finest.scheme = block.scheme) AND geometry IS NOT NULL"
    ).fetchall()


def _read_features(connection: Connection, table: str) -> list[Any]:
    """All features, or every so many-th of a large table."""
    name = sql.Identifier(table)
    counted = connection.execute(sql.SQL("SELECT count(geometry) FROM {}").format(name)).fetchone()
    assert counted is not None
    return connection.execute(
        sql.SQL("SELECT ST_AsBinary(geometry) FROM {} WHERE geometry IS NOT NULL AND id %% %s = 0").format(name),
        (max(1, -(-int(counted[0]) // _MOST_FEATURES)),),
    ).fetchall()


def _candidates(case: Case, reference: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], list[Candidate], npt.NDArray[Any]]:
    candidates = list_candidates(case.sample(), search_area(reference), case.known)
    return case.places.geometry, candidates, reference
