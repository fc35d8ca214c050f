# SPDX-License-Identifier: Apache-2.0
"""Features as writers send them: GeoJSON of a declared CRS, judged as strictly as a load and never repaired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import orjson
import shapely
from fastapi import Request

from api.http.errors import ProtocolError
from api.http.offered_crs import OfferedCrs, find_crs
from layers import business
from layers.layer import Layer
from layers.receivable import Given, check_given
from twin.crs import DeclaredCrs, check_coordinates, geometries_to_storage
from twin.errors import InvalidRequestError, Problem, RefusedError
from twin.settings import Settings
from twin.text import Text

WRITTEN_TYPES: Final = ("application/geo+json", "application/json")
PATCH_TYPES: Final = ("application/merge-patch+json", "application/json")

MAX_FEATURES: Final = 1_000
MAX_BYTES: Final = 10_000_000
_MAX_VERTICES: Final = 100_000
_MAX_TOLD: Final = 50
"""The most problems that an answer lists."""

_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "point": ("Point", "MultiPoint"),
    "line": ("LineString", "MultiLineString"),
    "polygon": ("Polygon", "MultiPolygon"),
}
_FEATURE_MEMBERS: Final = frozenset({"type", "id", "geometry", "properties", "links", "bbox"})
_COLLECTION_MEMBERS: Final = frozenset({"type", "features", "links", "bbox", "numberReturned", "numberMatched"})
_PATCH_MEMBERS: Final = frozenset({"type", "id", "geometry", "properties"})


@dataclass(frozen=True)
class Received:
    """A feature that may be written. shape: in the storage CRS; None where a patch leaves the place as it is."""

    shape: Any
    given: Given


async def read_document(request: Request, types: tuple[str, ...]) -> Any:
    """The body as JSON. Raises ProtocolError (415, 413), InvalidRequestError where it is none."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent not in types:
        listed = ", ".join(types)
        raise ProtocolError(415, Text(f"请求体的类型应为 {listed}。", f"A body here is of type {listed}."))
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BYTES:
            limit = MAX_BYTES // 1_000_000
            raise ProtocolError(
                413,
                Text(
                    f"请求体太大:上限 {limit} MB;更多的数据请用文件载入。",
                    f"The body is too large: {limit} MB is the most. Load more as a file.",
                ),
            )
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise InvalidRequestError(Text("请求体不是有效的 JSON。", "The body is no valid JSON."), "body") from None


def read_content_crs(request: Request, settings: Settings) -> OfferedCrs:
    """The CRS of the body: what `Content-Crs` says, CRS84 where it says nothing. Raises InvalidRequestError."""
    header = request.headers.get("content-crs")
    if header is None:
        return find_crs(settings, None, "Content-Crs")
    return find_crs(settings, header.strip().removeprefix("<").removesuffix(">"), "Content-Crs")


def receive_features(document: Any, layer: Layer, crs: OfferedCrs, access_class: int) -> list[Received]:
    """A Feature, or those of a FeatureCollection. Raises RefusedError that names all that is wrong."""
    problems: list[Problem] = []
    received: list[Received] = []
    if _is_object(document) and document.get("type") == "FeatureCollection":
        _check_members(document, _COLLECTION_MEMBERS, "", problems)
        features = document.get("features")
        if not isinstance(features, list) or not features:
            what = Text("没有要素", "there are no features")
            problems.append(Problem("features", what, Text("至少给出一个要素", "give at least one")))
            features = []
        listed = cast("list[Any]", features)
        if len(listed) > MAX_FEATURES:
            raise ProtocolError(
                413,
                Text(
                    f"一次最多 {MAX_FEATURES} 个要素;更多的数据请用文件载入。",
                    f"At most {MAX_FEATURES} features at once. Load more as a file.",
                ),
            )
        for number, feature in enumerate(listed):
            one = _receive(feature, layer, crs, access_class, f"features[{number}].", problems)
            received += [] if one is None else [one]
    else:
        one = _receive(document, layer, crs, access_class, "", problems)
        received += [] if one is None else [one]
    _refuse(problems)
    return received


def receive_feature(
    document: Any, layer: Layer, crs: OfferedCrs, access_class: int, feature_id: int, shown: Mapping[str, Any]
) -> Received:
    """The Feature that replaces `feature_id`, which is `shown` so far. Raises RefusedError."""
    problems: list[Problem] = []
    if _is_object(document):
        _check_id(document, feature_id, problems)
    received = _receive(document, layer, crs, access_class, "", problems, shown)
    _refuse(problems)
    assert received is not None
    return received


def receive_patch(
    document: Any, layer: Layer, crs: OfferedCrs, access_class: int, feature_id: int, shown: Mapping[str, Any]
) -> Received:
    """What a JSON merge patch (RFC 7396) of a Feature changes. Raises RefusedError."""
    problems: list[Problem] = []
    if not _is_object(document):
        raise _no_feature()
    _check_members(document, _PATCH_MEMBERS, "", problems)
    _check_id(document, feature_id, problems)
    if document.get("type", "Feature") != "Feature":
        problems.append(_wrong_type())
    changes = document.get("properties", {})
    if not _is_object(changes):
        problems.append(_no_properties("properties"))
        changes = {}
    shape = None
    if "geometry" in document:
        shape = _receive_shape(document["geometry"], layer, crs, "geometry", problems)
    given = check_given(layer, changes, access_class, "properties", problems, shown=shown, is_whole=False)
    _refuse(problems)
    return Received(shape, given)


def _receive(
    document: Any, layer: Layer, crs: OfferedCrs, access_class: int, where: str, problems: list[Problem],
    shown: Mapping[str, Any] | None = None,
) -> Received | None:  # fmt: skip
    if not _is_object(document) or document.get("type") != "Feature":
        if not where:
            raise _no_feature()
        problems.append(Problem(where.rstrip("."), _NO_FEATURE, _SEND_FEATURE))
        return None
    _check_members(document, _FEATURE_MEMBERS, where, problems)
    properties = document.get("properties")
    if properties is None:
        properties = {}
    if not _is_object(properties):
        problems.append(_no_properties(f"{where}properties"))
        properties = {}
    shape = _receive_shape(document.get("geometry"), layer, crs, f"{where}geometry", problems)
    given = check_given(layer, properties, access_class, f"{where}properties", problems, shown=shown)
    return Received(shape, given)


def _receive_shape(geometry: Any, layer: Layer, crs: OfferedCrs, where: str, problems: list[Problem]) -> Any:
    """The geometry in the storage CRS, its rings turned as everywhere; None where something is wrong with it."""
    found = _judge_shape(geometry, layer, crs, where)
    if isinstance(found, Problem):
        problems.append(found)
        return None
    return found


def _judge_shape(geometry: Any, layer: Layer, crs: OfferedCrs, where: str) -> Any:
    wanted = _written_types(layer)
    if geometry is None:
        return Problem(
            where, Text("没有几何", "there is no geometry"), Text("请给出 GeoJSON 几何", "give a GeoJSON geometry")
        )
    kind: Any = cast("Mapping[str, Any]", geometry).get("type") if isinstance(geometry, Mapping) else None
    if kind not in wanted:
        return Problem(
            where,
            Text(f"几何类型不对,{layer.title.zh}应为 {'/'.join(wanted)}", f"it is no {' or '.join(wanted)}"),
            Text("请给出该类型的 GeoJSON 几何", "give a GeoJSON geometry of that type"),
        )
    try:
        shape: Any = shapely.from_geojson(orjson.dumps(geometry))
    except (shapely.errors.ShapelyError, ValueError, TypeError):
        return Problem(
            where,
            Text("不是有效的 GeoJSON 几何", "it is no GeoJSON geometry"),
            Text("核对坐标的嵌套、闭合与个数", "check how coordinates nest, close and how many there are"),
        )
    coordinates = shapely.get_coordinates(shape, include_z=bool(shapely.has_z(shape)))
    if shape is None or shapely.is_empty(shape):
        return Problem(where, Text("几何是空的", "it is empty"), Text("请给出坐标", "give coordinates"))
    if not np.isfinite(coordinates).all():
        return Problem(
            where, Text("坐标不是数", "a coordinate is not a number"), Text("核对每个坐标", "check every coordinate")
        )
    if len(coordinates) > _MAX_VERTICES:
        return Problem(where, Text("顶点太多", "it has too many vertices"), Text("请先简化", "simplify it first"))
    return _place_shape(shape, layer, crs, where)


def _place_shape(shape: Any, layer: Layer, crs: OfferedCrs, where: str) -> Any:
    if crs.is_flipped:
        # The registry's order is what the header promises; from here on it is x, y.
        shape = shapely.transform(shape, lambda xy: xy[:, [1, 0, *range(2, xy.shape[1])]], include_z=shape.has_z)
    declared = DeclaredCrs(crs.uri, crs.definition)
    wrong = check_coordinates(declared, shapely.bounds(shape).tolist(), where)
    if wrong:
        return Problem(where, wrong[0].what, _CHECK_CRS)
    if not crs.is_geographic:
        shape = geometries_to_storage(declared, np.asarray([shape]))[0]
        if not np.isfinite(shapely.bounds(shape)).all():
            what = Text(f"坐标不能从 {crs.uri} 转换", f"the coordinates cannot be converted from {crs.uri}")
            return Problem(where, what, _CHECK_CRS)
    if not shapely.is_valid(shape):
        reason = shapely.is_valid_reason(shape)
        return Problem(
            where,
            Text(f"几何无效:{reason}", f"it is not valid: {reason}"),
            Text("请修正后再提交;这里不做自动修复", "repair it and send it again; nothing is repaired here"),
        )
    return shapely.orient_polygons(shape) if shapely.get_dimensions(shape) == 2 else shape


def _written_types(layer: Layer) -> tuple[str, ...]:
    if layer.kind == business.KIND:
        return tuple(name for names in _TYPES.values() for name in names)
    return _TYPES[layer.geometry]


def _check_members(document: Mapping[str, Any], known: frozenset[str], where: str, problems: list[Problem]) -> None:
    for name in document:
        if name not in known:
            fix = Text(
                "属性放在 properties 中;坐标系用 Content-Crs 请求头声明",
                "values go into properties, and the CRS into the header Content-Crs",
            )
            problems.append(Problem(f"{where}{name[:64]}", Text("没有这一项", "there is no such member"), fix))


def _check_id(document: Mapping[str, Any], feature_id: int, problems: list[Problem]) -> None:
    if "id" in document and str(document["id"]) != str(feature_id):
        fix = Text("请去掉 id,或使其与地址一致", "leave it out, or make it that of the address")
        problems.append(Problem("id", Text("与地址中的编号不同", "it is not the id of the address"), fix))


def _refuse(problems: list[Problem]) -> None:
    if problems:
        count = len(problems)
        raise RefusedError(
            Text(f"有 {count} 处不正确,未写入任何内容。", f"{count} of it is wrong, and nothing was written."),
            problems[:_MAX_TOLD],
        )


def _is_object(document: Any) -> bool:
    return isinstance(document, dict)


def _no_feature() -> RefusedError:
    return RefusedError(
        Text("请求体不是 GeoJSON 要素。", "The body is no GeoJSON Feature."),
        [Problem("body", _NO_FEATURE, _SEND_FEATURE)],
    )


def _wrong_type() -> Problem:
    return Problem("type", _NO_FEATURE, _SEND_FEATURE)


def _no_properties(where: str) -> Problem:
    return Problem(where, Text("不是 JSON 对象", "it is no JSON object"), Text("请写成对象", "make it an object"))


_NO_FEATURE: Final = Text("不是 GeoJSON 要素", "it is no GeoJSON Feature")
_SEND_FEATURE: Final = Text(
    '请提交 {"type": "Feature", "geometry": …, "properties": …}',
    'send {"type": "Feature", "geometry": …, "properties": …}',
)
_CHECK_CRS: Final = Text(
    "用 Content-Crs 请求头声明真正的坐标系,并按该坐标系登记的轴序书写坐标",
    "declare the true CRS in the header Content-Crs, and write coordinates in the order that its registry gives",
)
