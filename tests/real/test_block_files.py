# SPDX-License-Identifier: Apache-2.0
"""Boundaries and lists of names as others publish them: each loads, or is refused with a whole reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.report import LoadReport
from ingest.source import Options, RefusedLoadError, find_source
from twin.database import connect
from twin.settings import Settings

BLOCKS = find_source("blocks")


@pytest.fixture
def boundaries(real_data: Path) -> Path:
    return real_data / "boundaries"


def refusal(settings: Settings, path: Path, options: Options) -> RefusedLoadError:
    with pytest.raises(RefusedLoadError) as refused:
        BLOCKS.check(settings, path, options)
    report: LoadReport = refused.value.report
    assert report.problems and report.as_dict()["problems"][0]["fix"]
    return refused.value


def town_scheme(folder: Path) -> str:
    path = folder / "towns.toml"
    path.write_text(
        'scheme = "towns"\nmetric_crs = "EPSG:3826"\n'
        'levels = [{width=5,zh="县",en="County"},{width=8,zh="乡镇",en="Town"}]\n',
        encoding="utf-8",
    )
    return str(path)


def test_every_boundary_and_list_of_names_loads_or_says_why_not(
    database: Settings, boundaries: Path, tmp_path: Path
) -> None:
    # A GBK shapefile without .cpg: 38 districts, each a root of its own.
    chongqing = next(boundaries.glob("chongqing_districts_gbk/*.shp"))
    report = BLOCKS.load(database, chongqing, Options())
    assert (report.read, report.kept, report.inserted) == (38, 38, 38)
    assert any("38 blocks of the first level" in problem.what.en for problem in report.problems)
    with connect(database) as connection:
        named = connection.execute("SELECT name FROM valid_block WHERE code = '500101'").fetchone()
    assert named == ("万州区",)

    # Counties and towns of one TopoJSON, whose CRS nobody states; islands far off, and all towns tile their county.
    topology = next(boundaries.glob("hierarchy_topojson/*.json"))
    assert "3 layers" in refusal(database, topology, Options()).text.en
    options = Options(layer="counties,towns", scheme=town_scheme(tmp_path))
    assert "declare it with --crs" in refusal(database, topology, options).text.en
    wanted = Options(layer="counties,towns", scheme=options.scheme, crs="EPSG:4326")
    report = BLOCKS.load(database, topology, wanted)
    assert (report.read, report.kept, report.rejected, report.inserted) == (390, 390, 0, 390)
    assert report.details["linked"] == 0 or report.details.get("linked") is None
    one = Options(layer="towns", scheme=options.scheme, crs="EPSG:4326", only=("10014",), derives_parents=True)
    derived = BLOCKS.check(database.model_copy(update={"database_url": "postgresql:///none"}), topology, one)
    assert (derived.kept, derived.details["derived"]) == (16, ["10014"])
    assert derived.read == derived.kept + derived.rejected

    # Ten districts with a name and no code: a mapping gives the codes, and only what it names comes in.
    shenzhen = boundaries / "shenzhen_districts_wgs84" / "sz.json"
    assert "no column could be told to be the code" in refusal(database, shenzhen, Options()).text.en
    mapping = tmp_path / "sz.toml"
    mapping.write_text('[fields]\ncode = "qh"\nname = "qh"\n[values.code]\n"宝安" = "440306"\n', encoding="utf-8")
    report = BLOCKS.check(database, shenzhen, Options(mapping=str(mapping)))
    assert (report.read, report.kept, report.rejected) == (10, 1, 9)
    bare = next(boundaries.glob("shenzhen_districts_wgs84/shp/*.shp"))
    assert "declare it with --crs" in refusal(database, bare, Options(mapping=str(mapping))).text.en

    # Traffic zones: numbers of three and four digits, kept as floating point, are no tree of codes.
    zones = boundaries / "shenzhen_taz_3857" / "SZ_districts.shp"
    assert "no column could be told to be the code" in refusal(database, zones, Options()).text.en
    numbers = tmp_path / "taz.toml"
    numbers.write_text('[fields]\ncode = "TAZID"\n')
    told = refusal(database, zones, Options(mapping=str(numbers), only=("1054",)))
    assert "the code '1054' has the width of no level" in told.problems[0].what.en


def test_lists_of_streets_and_communities_are_names_that_wait_for_boundaries(
    database: Settings, boundaries: Path, tmp_path: Path
) -> None:
    names = boundaries / "names"
    report = BLOCKS.load(database, names / "villages_440306.csv", Options())
    assert (report.read, report.kept, report.rejected) == (141, 141, 0)
    assert len(report.details["without_boundary"]) == 141
    report = BLOCKS.load(database, names / "streets_4403.csv", Options(only=("440306",)))
    assert report.kept == 11 and report.read == report.kept + report.rejected
    padded = names / "ok_data_level4_4403.csv"
    assert "no column could be told to be the code" in refusal(database, padded, Options()).text.en
    mapping = tmp_path / "ok.toml"
    mapping.write_text('[fields]\ncode = "ext_id"\nname = "ext_name"\n[formats]\ncode = "zero_padded"\n')
    report = BLOCKS.load(database, padded, Options(mapping=str(mapping), only=("440306",)))
    assert report.kept == 12 and report.read == report.kept + report.rejected
    with connect(database) as connection:
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE length(code) = 12), count(*) FILTER (WHERE length(code) = 9) "
            "FROM block_name WHERE scheme = 'governance'"
        ).fetchone()
    # The old numbers of some streets beside the new ones: both lists are kept, as neither has boundaries yet.
    assert row is not None and row[0] == 141 and row[1] >= 11
