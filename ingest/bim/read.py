# SPDX-License-Identifier: Apache-2.0
"""`read_model`: a file in, everything the database needs and a tileset out. No database in here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ingest.bim.container import read_container
from ingest.bim.finish import finish_elements, finish_semantics
from ingest.bim.georeference import resolve
from ingest.bim.records import ModelContent, Placement, StoreyRecord
from ingest.bim.schema import prepare_text
from ingest.bim.session import ModelSession, SessionLimits
from ingest.bim.shapes import ModelShapes, move_middle
from ingest.bim.tiles import write_model_tiles
from ingest.bim.unplaced import UnplacedError
from twin.errors import Problem, RefusedError
from twin.text import Text

MAX_BYTES: Final = 2 << 30
READING: Final = Text(zh="读取模型", en="reading the model")
MESHING: Final = Text(zh="生成几何", en="meshing")
TILING: Final = Text(zh="写出三维瓦片", en="writing 3D tiles")

Progress = Callable[[Text, float], None]


def read_model(
    path: Path,
    *,
    override: Placement | None = None,
    crs: str | None = None,
    tiles_dir: Path | None = None,
    progress: Progress = lambda _text, _share: None,
    mesh: bool = True,
    accept_site: bool = False,
    file_name: str | None = None,
    limits: SessionLimits | None = None,
    max_bytes: int = MAX_BYTES,
) -> ModelContent:
    """Reads an IFC file whole.

    override: where a person says it stands; crs: the CRS of its map coordinates as a person declares it;
    accept_site: believe the site's latitude and longitude; tiles_dir: where tileset.json and its contents
    go, None to write nothing; mesh: False leaves out geometry (counts and place only); progress: called
    with what is being done and the share of the whole that is done, 0..1.

    Raises RefusedError when the file is no model, is broken or has nothing in it, UnplacedError (with the
    report of what was read) when it cannot be placed. Nothing is written then.
    """
    progress(READING, 0.0)
    container = read_container(path, max_bytes=max_bytes)
    text = prepare_text(container.data)
    problems = list(text.problems)
    with ModelSession(text.data, limits or SessionLimits()) as session:
        facts, log = session.describe()
        _refuse_without_project(facts)
        problems += _list_oddities(facts, log)
        report = _count(facts, text.declared, problems)
        try:
            georeference, candidates, remarks = resolve(
                facts["georeference"], override=override, crs=crs, accept_site=accept_site
            )
        except UnplacedError as error:
            error.report = report
            raise
        _refuse_without_products(facts)
        problems += remarks
        progress(READING, 0.1)
        shapes = ModelShapes(facts)
        if mesh:
            _collect(session, shapes, problems, progress)
    if mesh:
        shapes.settle_order()
        problems += shapes.drop_strays()
        if move_middle(facts["georeference"], shapes):
            georeference, candidates, _ = resolve(
                facts["georeference"], override=override, crs=crs, accept_site=accept_site
            )
    elements = finish_elements(facts, shapes.envelopes, shapes.areas, set(shapes.meshes), georeference)
    if tiles_dir is not None and shapes.meshes:
        report["tiles"] = write_model_tiles(
            list(shapes.meshes.values()),
            georeference,
            tiles_dir,
            lambda share: progress(TILING, 0.9 + 0.1 * share),
        )
    report["meshed"] = len(shapes.meshes)
    report["problems"] = [problem.as_dict() for problem in problems]
    report["georeference"] = georeference.as_dict()
    progress(TILING, 1.0)
    return ModelContent(
        file_name=file_name or path.name,
        sha256=container.sha256,
        schema=text.declared,
        schema_read=text.read_as,
        project=facts["project"],
        sites=facts["sites"],
        buildings=facts["buildings"],
        storeys=[StoreyRecord(**storey) for storey in facts["storeys"]],
        elements=elements,
        georeference=georeference,
        candidates=candidates,
        footprint=shapes.footprint(georeference),
        report=report,
        problems=problems,
        semantics=finish_semantics(facts),
    )


def _refuse_without_project(facts: dict[str, Any]) -> None:
    if facts["project"] is None and not facts["products"]:
        raise RefusedError(
            Text(
                zh="文件里没有 IfcProject,也没有任何构件:不是一个完整的模型。",
                en="The file has no IfcProject and no product: it is not a whole model.",
            )
        )
    if facts["project"] is None:
        raise RefusedError(
            Text(
                zh="文件里没有 IfcProject,单位与坐标无从得知;请导出完整的模型。",
                en="The file has no IfcProject, so its units are unknown; export the whole model.",
            )
        )


def _refuse_without_products(facts: dict[str, Any]) -> None:
    if not facts["products"]:
        raise RefusedError(
            Text(
                zh="文件里没有任何构件(IfcProduct),没有可导入的内容。",
                en="The file holds no product (IfcProduct): there is nothing to load.",
            )
        )


def _count(facts: dict[str, Any], schema: str, problems: list[Problem]) -> dict[str, Any]:
    """The report's counts; every product becomes a row, so all that is read is kept."""
    return {
        "read": facts["products"],
        "kept": facts["products"],
        "repaired": len(facts["repeated_global_ids"]),
        "rejected": 0,
        "schema": schema,
        "products": facts["products"],
        "storeys": len(facts["storeys"]),
        "spaces": facts["spaces"],
        "elements": sum(element["is_element"] for element in facts["elements"]),
        "meshable": sum(element["is_meshable"] for element in facts["elements"]),
        "meshed": 0,
        "problems": [problem.as_dict() for problem in problems],
    }


def _list_oddities(facts: dict[str, Any], log: dict[str, int]) -> list[Problem]:
    problems: list[Problem] = []
    for global_id in facts["repeated_global_ids"]:
        problems.append(
            Problem(
                global_id,
                Text(
                    zh="GlobalId 重复;后来者以 ~2、~3 区分,全部保留",
                    en="this GlobalId is repeated; the later ones are kept as ~2, ~3",
                ),
                Text(zh="请在源模型中修复 GlobalId。", en="Repair the GlobalIds in the source model."),
            )
        )
    if log:
        said = ", ".join(f"{code}: {count}" for code, count in sorted(log.items()))
        problems.append(
            Problem(
                "DATA",
                Text(
                    zh=f"{sum(log.values())} 个实例与模式不符({said}),其缺失的属性按空值读取",
                    en=f"{sum(log.values())} instances do not fit the schema ({said}); gaps are empty",
                ),
                Text(zh="请更新导出插件或更换模式。", en="Update the exporter or choose another schema."),
            )
        )
    return problems


def _collect(session: ModelSession, shapes: ModelShapes, problems: list[Problem], progress: Progress) -> None:
    heard: set[int] = set()
    for head, block in session.mesh():
        heard.add(head["step_id"])
        if head["kind"] == "mesh":
            shapes.add(head, block)
            if head.get("is_stand_in"):
                problems.append(_unmeshed(shapes.expected[head["step_id"]], "its openings", is_part=True))
        else:
            problems.append(_unmeshed(shapes.expected[head["step_id"]], head["reason"], is_part=False))
        progress(MESHING, 0.1 + 0.8 * len(heard) / max(1, len(shapes.expected)))
    for step_id, element in shapes.expected.items():
        if step_id not in heard:
            problems.append(_unmeshed(element, "the mesher ended early", is_part=False))


def _unmeshed(element: dict[str, Any], reason: str, *, is_part: bool) -> Problem:
    label = f"{element['ifc_class']} {element['name'] or ''}".strip()
    if is_part:
        what = Text(
            zh=f"{label} 的洞口无法剪切,按无洞口显示",
            en=f"the openings of {label} could not be cut; it is shown without them",
        )
    else:
        what = Text(zh=f"{label} 没有几何:{reason}", en=f"{label} has no mesh: {reason}")
    return Problem(
        element["global_id"],
        what,
        Text(zh="请在源模型中检查该构件的几何。", en="Check this element's geometry in the source model."),
    )
