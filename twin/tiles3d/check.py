# SPDX-License-Identifier: Apache-2.0
"""Walks a tileset and reports everything that is wrong with it, each with the way to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from twin.tiles3d.content import check_content, open_b3dm
from twin.tiles3d.document import Trouble, check_document, check_tile, list_contents
from twin.tiles3d.files import TilesetFiles, resolve
from twin.tiles3d.finding import TilesetReport
from twin.tiles3d.glb import BrokenGlbError
from twin.tiles3d.volume import Volume, explain_volume, reach_beyond, read_volume

Floats = NDArray[np.float64]

TOLERANCE_M: Final = 0.02
"""How far something may reach out of what holds it: about what 32-bit coordinates lose."""

_RELATIVE: Final = 1e-6
_KNOWN: Final = {b"i3dm": "i3dm", b"pnts": "pnts", b"cmpt": "cmpt", b"subt": "subtree"}


@dataclass
class _Place:
    """Where the walk is: the document, the way in it, the transform so far, and what holds the tile."""

    file: str
    where: str
    transform: Floats
    parent: Volume | None = None
    parent_error: float = np.inf
    ancestors: tuple[str, ...] = field(default=())


def check_tileset(files: TilesetFiles) -> TilesetReport:
    """Everything that is wrong with a tileset: nothing found means that it is sound as far as it was looked into."""
    report = TilesetReport()
    walker = _Walker(files, report)
    walker.check_file(files.first, files.read(files.first), _Place(files.first, "", np.eye(4)))
    return report


class _Walker:
    def __init__(self, files: TilesetFiles, report: TilesetReport) -> None:
        self._files = files
        self._report = report

    def check_file(self, name: str, data: bytes | None, place: _Place) -> None:
        """A document, and all that it leads to."""
        if data is None:
            self._tell(place, ("", "missing", f"there is no {name}"))
            return
        document = _read_json(data)
        place = _Place(
            name, "", place.transform, place.parent, place.parent_error, (*place.ancestors, name)
        )  # fmt: skip
        if document is None:
            self._tell(place, ("", "json", "it is no JSON of UTF-8 without a byte order mark"))
            return
        self._report.documents += 1
        for trouble in check_document(document):
            self._tell(place, trouble)
        root = document.get("root") if isinstance(document, Mapping) else None
        if isinstance(root, Mapping):
            stated = document.get("geometricError")
            if isinstance(stated, int | float) and _error(root) > stated * (1 + _RELATIVE):
                self._tell(place, ("root", "geometric-error", "the root's geometricError is above the tileset's"))
            self._check_tile(root, place, "root")

    def _check_tile(self, tile: Any, place: _Place, where: str) -> None:
        self._report.tiles += 1
        troubles = list(check_tile(tile, where))
        for trouble in troubles:
            self._tell(place, trouble)
        if not isinstance(tile, Mapping):
            return
        codes = {code for _, code, _ in troubles}
        transform = place.transform
        if "transform" in tile and "transform" not in codes:
            transform = transform @ np.array(tile["transform"], dtype=np.float64).reshape(4, 4).T
        described = tile.get("boundingVolume")
        volume = None if described is None or explain_volume(described) else read_volume(described, transform)
        self._check_held(place, where, volume, place.parent, "its parent's volume")
        error = _error(tile)
        if error > place.parent_error * (1 + _RELATIVE):
            self._tell(place, (where, "geometric-error", "its geometricError is above its parent's"))
        if "implicitTiling" in tile:
            self._skip("implicit tiling")
            return
        inner = _Place(place.file, where, transform, volume, error, place.ancestors)
        for content in list_contents(tile):
            if isinstance(content, Mapping):
                self._check_content(content, inner)
        children = tile.get("children")
        for number, child in enumerate(children if isinstance(children, list) else []):
            self._check_tile(child, inner, f"{where}/children/{number}")

    def _check_content(self, content: Mapping[str, Any], place: _Place) -> None:
        uri = content.get("uri", content.get("url"))
        if not isinstance(uri, str):
            return
        own = None
        if "boundingVolume" in content and not explain_volume(content["boundingVolume"]):
            own = read_volume(content["boundingVolume"], place.transform)
            self._check_held(place, f"{place.where}/content", own, place.parent, "its tile's volume")
        name = resolve(place.file, uri)
        if name in place.ancestors:
            self._tell(place, (place.where, "cycle", f"{uri} leads back to itself"))
            return
        data = self._files.read(name)
        if data is None:
            self._tell(place, (place.where, "missing", f"there is no {uri}"))
            return
        if data[:4] in _KNOWN:
            self._skip(_KNOWN[data[:4]])
        elif data[:4] in (b"glTF", b"b3dm"):
            self._check_glb(name, data, place, own)
        elif (document := _read_json(data)) is not None and isinstance(document, Mapping) and "nodes" in document:
            self._skip("gltf")
        else:
            self.check_file(name, data, place)

    def _check_glb(self, name: str, data: bytes, place: _Place, own: Volume | None) -> None:
        report = self._report
        report.contents += 1
        report.bytes += len(data)
        report.largest_content = max(report.largest_content, len(data))
        inside = _Place(name, "", place.transform)
        try:
            facts = check_content(open_b3dm(data) if data[:4] == b"b3dm" else data)
        except BrokenGlbError as error:
            self._tell(inside, (error.where, error.code, str(error)))
            return
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            self._tell(inside, ("", "structure", f"the document is not built as glTF asks: {error}"))
            return
        report.triangles += facts.triangles
        report.features += facts.features
        if not len(facts.points):
            return
        if data[:4] == b"b3dm":
            self._skip("where a b3dm stands")
            return
        stand = facts.points @ place.transform[:3, :3].T + place.transform[:3, 3]
        for volume, whose in ((place.parent, "tile"), (own, "content")):
            beyond = volume.excess(stand) if volume else 0.0
            if beyond > TOLERANCE_M:
                self._tell(inside, ("", "content-outside", f"it reaches {beyond:.2f} m out of its {whose}'s volume"))

    def _check_held(
        self, place: _Place, where: str, volume: Volume | None, outer: Volume | None, whose: str
    ) -> None:  # fmt: skip
        if volume is None or outer is None:
            return
        beyond = reach_beyond(outer, volume)
        size = float(np.ptp(volume.surface, axis=0).max())
        if beyond > TOLERANCE_M + _RELATIVE * size:
            self._tell(
                place, (f"{where}/boundingVolume", "volume-outside", f"it reaches {beyond:.2f} m out of {whose}")
            )

    def _skip(self, what: str) -> None:
        self._report.unchecked[what] = self._report.unchecked.get(what, 0) + 1

    def _tell(self, place: _Place, trouble: Trouble) -> None:
        where, code, what = trouble
        at = f"{place.file}#{where}" if where else place.file
        self._report.add(at, code, _say(code), what)


def _error(tile: Mapping[str, Any]) -> float:
    error = tile.get("geometricError")
    return float(error) if isinstance(error, int | float) and not isinstance(error, bool) else 0.0


def _read_json(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


_SAID: Final = {
    "missing": "文件不存在或无权读取", "json": "不是有效的 JSON(UTF-8,无 BOM)", "structure": "结构不符合规范",
    "asset": "asset 不符合规范", "geometric-error": "几何误差无效,或大于上级", "extensions": "扩展的声明有误",
    "schema": "元数据模式有误", "refine": "refine 缺失或无效", "volume": "包围体无效", "transform": "变换矩阵无效",
    "content": "内容的声明有误", "cycle": "外部瓦片集循环引用", "volume-outside": "包围体超出上级的包围体",
    "content-outside": "内容超出瓦片的包围体", "normal": "法线不是单位长度", "index": "索引无效",
    "feature-row": "要素编号在属性表中没有对应的行", "feature-count": "要素数不符",
}  # fmt: skip


def _say(code: str) -> str:
    if code.startswith("table-"):
        return "属性表与声明不符"
    if code.startswith("feature-"):
        return _SAID.get(code, "要素编号有误")
    return _SAID.get(code, "glTF 内容无效")
